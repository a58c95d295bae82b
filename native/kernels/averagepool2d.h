// averagepool2d: x [h, w, c] -> y [oh, ow, c]. The divisor counts the real
// cells of the window; with `include` also the padded ones, but nothing beyond
// [-pt, h + pb) x [-pl, w + pr). A window that counts no cell gives 0.
#ifndef NEOCOG_KERNELS_AVERAGEPOOL2D_H_
#define NEOCOG_KERNELS_AVERAGEPOOL2D_H_

#include "pool2d.h"

namespace neocog {
namespace {

constexpr OpKernel kAveragePool2dKernel = {nullptr,
                                           nullptr,
                                           nullptr,
                                           PoolItems<AveragePool2d>,
                                           PoolCost<AveragePool2d>,
                                           nullptr,
                                           RunPool<false, AveragePool2d>};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_AVERAGEPOOL2D_H_
