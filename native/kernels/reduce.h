// reduce: x [outer, size, inner] -> y [outer, inner], the sum, mean or maximum
// over `size`. |y - exact| <= (size + 1) * 2^-24 * sum|terms| (for the mean
// divided by size); NaN wins in the maximum.
#ifndef NEOCOG_KERNELS_REDUCE_H_
#define NEOCOG_KERNELS_REDUCE_H_

#include "../kernels.h"
#include "fold.h"

namespace neocog {
namespace {

int64_t ReduceItems(const void* geometry, int64_t batch) {
  const Reduce& g = *static_cast<const Reduce*>(geometry);
  const Slabs slabs = SlabsOf(g.size, g.inner);
  return BlocksOf(batch * g.outer, slabs.group) * slabs.blocks;
}

int64_t ReduceCost(const void* geometry) {
  const Reduce& g = *static_cast<const Reduce*>(geometry);
  const Slabs slabs = SlabsOf(g.size, g.inner);
  return slabs.group * (20 + SlabVecs(g.size, slabs.width));
}

void RunReduce(const void* geometry, const StepArgs& args, int64_t begin,
               int64_t end, float*) {
  const Reduce& g = *static_cast<const Reduce*>(geometry);
  const Slabs slabs = SlabsOf(g.size, g.inner);
  const ReduceKind kind = static_cast<ReduceKind>(g.kind);
  for (int64_t item = begin; item < end; ++item) {
    const int64_t column = item % slabs.blocks * slabs.width;
    const int64_t width = Smaller(slabs.width, g.inner - column);
    const int64_t first = item / slabs.blocks * slabs.group;
    const int64_t last = Smaller(first + slabs.group, args.batch * g.outer);
    for (int64_t row = first; row < last; ++row) {
      const float* x = args.in[0] + row * g.size * g.inner + column;
      float* y = args.out[0] + row * g.inner + column;
      if (kind == ReduceKind::k_max) {
        FoldRows<Fold::kMax>(x, g.size, g.inner, width, nullptr, y);
        continue;
      }
      FoldRows<Fold::kSum>(x, g.size, g.inner, width, nullptr, y);
      if (kind == ReduceKind::k_mean) {
        const float size = static_cast<float>(g.size);
        for (int64_t j = 0; j < width; ++j) y[j] /= size;
      }
    }
  }
}

constexpr OpKernel kReduceKernel = {nullptr,    nullptr, nullptr,  ReduceItems,
                                    ReduceCost, nullptr, RunReduce};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_REDUCE_H_
