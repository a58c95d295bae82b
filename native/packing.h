// Constants on their way from JavaScript's memory to that of a plan.
#ifndef NEOCOG_PACKING_H_
#define NEOCOG_PACKING_H_

#include <stdint.h>

#include "kernels.h"

namespace neocog {

// Element i is data[i] * scale[i / inner % channels], rounded once; without
// `scale` it is data[i].
struct Constant {
  const float* data;
  int64_t size;
  const double* scale;
  int64_t channels, inner;
};

// Writes the numbers of a constant to `to`, on up to `threads` threads.
void CopyConstant(const Constant& from, float* to, int threads);

// Packs the weights of a step, `packed_size` floats when packed.
void PackWeights(const OpKernel& kernel, const void* geometry,
                 const float* weights, float* packed, int64_t packed_size,
                 int threads);

// The way back, where the kernel has one.
void UnpackWeights(const OpKernel& kernel, const void* geometry,
                   const float* packed, float* weights, int64_t packed_size,
                   int threads);

}  // namespace neocog

#endif  // NEOCOG_PACKING_H_
