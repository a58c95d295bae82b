// softmax: x [outer, size, inner] -> e^(x - m) / sum e^(x - m) over `size`,
// with m the maximum; y may be x. A row with NaN or +infinity, or of -infinity
// alone, is NaN throughout (infinity - infinity); no other row is touched.
#ifndef NEOCOG_KERNELS_SOFTMAX_H_
#define NEOCOG_KERNELS_SOFTMAX_H_

#include "../kernels.h"
#include "fold.h"
#include "math.h"

namespace neocog {
namespace {

int64_t SoftmaxItems(const void* geometry, int64_t batch) {
  const Softmax& g = *static_cast<const Softmax*>(geometry);
  const Slabs slabs = SlabsOf(g.size, g.inner);
  return BlocksOf(batch * g.outer, slabs.group) * slabs.blocks;
}

int64_t SoftmaxCost(const void* geometry) {
  const Softmax& g = *static_cast<const Softmax*>(geometry);
  const Slabs slabs = SlabsOf(g.size, g.inner);
  return slabs.group * (40 + SlabVecs(g.size, slabs.width) * 30);
}

// One row of n floats.
void SoftmaxRow(const float* x, float* y, int64_t n) {
  const Vec m = Set1(FoldRun<Fold::kMax>(x, n, 0));
  Vec sum = Zero();
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Vec e = Exp(Sub(Load(x + i), m));
    sum = Add(sum, e);
    Store(y + i, e);
  }
  const int rest = static_cast<int>(n - i);
  if (rest > 0) {
    const Vec e = Exp(Sub(LoadN(x + i, rest), m));
    sum = Add(sum, Select(LaneMask(rest), e, Zero()));
    StoreN(y + i, e, rest);
  }
  const Vec total = Set1(ReduceAdd(sum));
  for (i = 0; i + kLanes <= n; i += kLanes)
    Store(y + i, Div(Load(y + i), total));
  if (rest > 0) StoreN(y + i, Div(LoadN(y + i, rest), total), rest);
}

NEOCOG_INLINE Vec LoadColumns(const float* p, int n) {
  return n == kLanes ? Load(p) : LoadN(p, n);
}
NEOCOG_INLINE void StoreColumns(float* p, Vec v, int n) {
  if (n == kLanes) return Store(p, v);
  StoreN(p, v, n);
}

// n <= kLanes columns of `size` rows.
NEOCOG_INLINE void SoftmaxColumns(const float* x, float* y, int64_t size,
                                  int64_t stride, int n) {
  Vec m = LoadColumns(x, n);
  for (int64_t i = 1; i < size; ++i)
    m = MaxNan(m, LoadColumns(x + i * stride, n));
  Vec sum = Zero();
  for (int64_t i = 0; i < size; ++i) {
    const Vec e = Exp(Sub(LoadColumns(x + i * stride, n), m));
    sum = Add(sum, e);
    StoreColumns(y + i * stride, e, n);
  }
  for (int64_t i = 0; i < size; ++i) {
    float* p = y + i * stride;
    StoreColumns(p, Div(LoadColumns(p, n), sum), n);
  }
}

void RunSoftmax(const void* geometry, const StepArgs& args, int64_t begin,
                int64_t end, float*) {
  const Softmax& g = *static_cast<const Softmax*>(geometry);
  const Slabs slabs = SlabsOf(g.size, g.inner);
  for (int64_t item = begin; item < end; ++item) {
    const int64_t column = item % slabs.blocks * slabs.width;
    const int64_t width = Smaller(slabs.width, g.inner - column);
    const int64_t first = item / slabs.blocks * slabs.group;
    const int64_t last = Smaller(first + slabs.group, args.batch * g.outer);
    for (int64_t row = first; row < last; ++row) {
      const int64_t at = row * g.size * g.inner + column;
      const float* x = args.in[0] + at;
      float* y = args.out[0] + at;
      if (g.inner == 1) {
        SoftmaxRow(x, y, g.size);
        continue;
      }
      for (int64_t j = 0; j < width; j += kLanes) {
        SoftmaxColumns(x + j, y + j, g.size, g.inner,
                       static_cast<int>(Smaller(kLanes, width - j)));
      }
    }
  }
}

constexpr OpKernel kSoftmaxKernel = {
    nullptr, nullptr, nullptr, SoftmaxItems, SoftmaxCost, nullptr, RunSoftmax};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_SOFTMAX_H_
