// reduce: x [outer, size, inner] -> y [outer, inner], over `size` the sum,
// mean, product, an extreme (NaN wins) or its place. For sums |y - exact| <=
// (size + 1) * 2^-24 * sum|terms| (for the mean divided by size), for products
// |y - exact| <= size * 2^-24 * |exact| unless a part of it overflows or
// vanishes.
#ifndef NEOCOG_KERNELS_REDUCE_H_
#define NEOCOG_KERNELS_REDUCE_H_

#include "../kernels.h"
#include "fold.h"
#include "place.h"

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
  const int64_t cycles =
      g.kind < static_cast<int32_t>(ReduceKind::k_argmax) ? 1 : 4;
  return slabs.group * (20 + SlabVecs(g.size, slabs.width) * cycles);
}

// y[j] from `width` columns of `size` rows, g.inner apart.
void ReduceSlab(const Reduce& g, const float* x, int64_t width, float* y) {
  switch (static_cast<ReduceKind>(g.kind)) {
    case ReduceKind::k_sum:
      return FoldRows<Fold::kSum>(x, g.size, g.inner, width, nullptr, y);
    case ReduceKind::k_mean: {
      FoldRows<Fold::kSum>(x, g.size, g.inner, width, nullptr, y);
      const float size = static_cast<float>(g.size);
      for (int64_t j = 0; j < width; ++j) y[j] /= size;
      return;
    }
    case ReduceKind::k_max:
      return FoldRows<Fold::kMax>(x, g.size, g.inner, width, nullptr, y);
    case ReduceKind::k_min:
      return FoldRows<Fold::kMin>(x, g.size, g.inner, width, nullptr, y);
    case ReduceKind::k_product:
      return FoldRows<Fold::kProduct>(x, g.size, g.inner, width, nullptr, y);
    case ReduceKind::k_argmax:
      return PlaceRows<Fold::kMax, false>(x, g.size, g.inner, width, y);
    case ReduceKind::k_argmin:
      return PlaceRows<Fold::kMin, false>(x, g.size, g.inner, width, y);
    case ReduceKind::k_argmaxlast:
      return PlaceRows<Fold::kMax, true>(x, g.size, g.inner, width, y);
    case ReduceKind::k_argminlast:
      return PlaceRows<Fold::kMin, true>(x, g.size, g.inner, width, y);
    case ReduceKind::kCount:
      return;
  }
}

void RunReduce(const void* geometry, const StepArgs& args, int64_t begin,
               int64_t end, float*) {
  const Reduce& g = *static_cast<const Reduce*>(geometry);
  const Slabs slabs = SlabsOf(g.size, g.inner);
  ForSlabs(slabs, args.batch * g.outer, g.inner, begin, end,
           [&](int64_t row, int64_t column, int64_t width) {
             ReduceSlab(g, args.in[0] + row * g.size * g.inner + column, width,
                        args.out[0] + row * g.inner + column);
           });
}

constexpr OpKernel kReduceKernel = {nullptr,    nullptr, nullptr,  ReduceItems,
                                    ReduceCost, nullptr, RunReduce};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_REDUCE_H_
