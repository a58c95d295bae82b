// maxpool2d: x [h, w, c] -> y [oh, ow, c]. Padded cells do not take part; a
// window over nothing else gives -infinity. NaN wins over every number.
#ifndef NEOCOG_KERNELS_MAXPOOL2D_H_
#define NEOCOG_KERNELS_MAXPOOL2D_H_

#include "pool2d.h"

namespace neocog {
namespace {

constexpr OpKernel kMaxPool2dKernel = {nullptr,
                                       nullptr,
                                       nullptr,
                                       PoolItems<MaxPool2d>,
                                       PoolCost<MaxPool2d>,
                                       nullptr,
                                       RunPool<true, MaxPool2d>};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_MAXPOOL2D_H_
