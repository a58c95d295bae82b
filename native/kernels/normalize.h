// normalize: x [outer, size, inner] -> (x - mean) / sqrt(variance + epsilon)
// with mean and population variance over `size`.
#ifndef NEOCOG_KERNELS_NORMALIZE_H_
#define NEOCOG_KERNELS_NORMALIZE_H_

#include "../kernels.h"
#include "stats.h"

namespace neocog {
namespace {

// Items are `group` neighbours in `outer` times one block of columns: one cache
// line of them, since instance normalization has all its work in one sample's
// channels.
NEOCOG_INLINE Slabs NormalizeSlabs(const Normalize& g) {
  const int64_t width = Smaller(g.inner, 16);
  return {width, BlocksOf(g.inner, width), RowsPerItem(g.size * width)};
}

int64_t NormalizeItems(const void* geometry, int64_t batch) {
  const Normalize& g = *static_cast<const Normalize*>(geometry);
  const Slabs slabs = NormalizeSlabs(g);
  return BlocksOf(batch * g.outer, slabs.group) * slabs.blocks;
}

int64_t NormalizeCost(const void* geometry) {
  const Normalize& g = *static_cast<const Normalize*>(geometry);
  const Slabs slabs = NormalizeSlabs(g);
  return slabs.group * (100 + SlabVecs(g.size, slabs.width) * 6);
}

// y = ((x - mean) - rest) factor
struct Normal {
  float rest[kStatsColumns], factor[kStatsColumns];
};

NEOCOG_INLINE void NormalOf(const Stats& stats, float epsilon, int64_t width,
                            Normal* normal) {
  for (int64_t j = 0; j < width; ++j) {
    normal->rest[j] = static_cast<float>(stats.rest[j]);
    normal->factor[j] =
        static_cast<float>(stats.variance[j] + static_cast<double>(epsilon));
  }
  for (int64_t j = 0; j < width; j += kLanes) {
    const int n = static_cast<int>(Smaller(kLanes, width - j));
    const Vec root = Sqrt(LoadColumns(normal->factor + j, n));
    StoreColumns(normal->factor + j, Div(Set1(1.0f), root), n);
  }
}

// n <= kLanes columns.
NEOCOG_INLINE void NormalizeColumns(const float* x, int64_t rows,
                                    int64_t stride, int n, Vec mean, Vec rest,
                                    Vec factor, float* y) {
  for (int64_t row = 0; row < rows; ++row, x += stride, y += stride) {
    const Vec centred = Sub(Sub(LoadColumns(x, n), mean), rest);
    StoreColumns(y, Mul(centred, factor), n);
  }
}

void NormalizeSlab(const Normalize& g, const float* x, int64_t width,
                   float* y) {
  Stats stats;
  Normal normal;
  StatsOfColumns(x, g.size, g.inner, width, &stats);
  NormalOf(stats, g.epsilon, width, &normal);
  if (g.inner == 1) {
    const Vec mean = Set1(stats.mean[0]);
    const Vec rest = Set1(normal.rest[0]);
    const Vec factor = Set1(normal.factor[0]);
    const int64_t whole = g.size / kLanes;
    NormalizeColumns(x, whole, kLanes, kLanes, mean, rest, factor, y);
    const int left = static_cast<int>(g.size - whole * kLanes);
    if (left > 0) {
      NormalizeColumns(x + whole * kLanes, 1, 0, left, mean, rest, factor,
                       y + whole * kLanes);
    }
    return;
  }
  for (int64_t j = 0; j < width; j += kLanes) {
    const int n = static_cast<int>(Smaller(kLanes, width - j));
    NormalizeColumns(x + j, g.size, g.inner, n, LoadColumns(stats.mean + j, n),
                     LoadColumns(normal.rest + j, n),
                     LoadColumns(normal.factor + j, n), y + j);
  }
}

void RunNormalize(const void* geometry, const StepArgs& args, int64_t begin,
                  int64_t end, float*) {
  const Normalize& g = *static_cast<const Normalize*>(geometry);
  const Slabs slabs = NormalizeSlabs(g);
  ForSlabs(slabs, args.batch * g.outer, g.inner, begin, end,
           [&](int64_t row, int64_t column, int64_t width) {
             const int64_t at = row * g.size * g.inner + column;
             NormalizeSlab(g, args.in[0] + at, width, args.out[0] + at);
           });
}

constexpr OpKernel kNormalizeKernel = {nullptr,        nullptr,       nullptr,
                                       NormalizeItems, NormalizeCost, nullptr,
                                       RunNormalize};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_NORMALIZE_H_
