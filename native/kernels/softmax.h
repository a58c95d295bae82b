// softmax: x [outer, size, inner] -> e^(x - m) / sum e^(x - m) over `size`,
// with m the maximum, or with `log` x - m - log(sum e^(x - m)); y may be x. A
// row with NaN or +infinity, or of -infinity alone, is NaN throughout (infinity
// - infinity); no other row is touched.
#ifndef NEOCOG_KERNELS_SOFTMAX_H_
#define NEOCOG_KERNELS_SOFTMAX_H_

#include "../kernels.h"
#include "elementary.h"
#include "fold.h"

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
template <bool kLog>
void SoftmaxRow(const float* x, float* y, int64_t n) {
  const Vec m = Set1(FoldRun<Fold::kMax>(x, n, 0));
  Vec sum = Zero();
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Vec e = Exp(Sub(Load(x + i), m));
    sum = Add(sum, e);
    if (!kLog) Store(y + i, e);
  }
  const int rest = static_cast<int>(n - i);
  if (rest > 0) {
    const Vec e = Exp(Sub(LoadN(x + i, rest), m));
    sum = Add(sum, Select(LaneMask(rest), e, Zero()));
    if (!kLog) StoreN(y + i, e, rest);
  }
  const Vec total = Set1(ReduceAdd(sum));
  if (kLog) {
    const Vec log = Log(total);
    for (i = 0; i + kLanes <= n; i += kLanes)
      Store(y + i, Sub(Sub(Load(x + i), m), log));
    if (rest > 0) StoreN(y + i, Sub(Sub(LoadN(x + i, rest), m), log), rest);
    return;
  }
  for (i = 0; i + kLanes <= n; i += kLanes)
    Store(y + i, Div(Load(y + i), total));
  if (rest > 0) StoreN(y + i, Div(LoadN(y + i, rest), total), rest);
}

// n <= kLanes columns of `size` rows.
template <bool kLog>
NEOCOG_INLINE void SoftmaxColumns(const float* x, float* y, int64_t size,
                                  int64_t stride, int n) {
  Vec m = LoadColumns(x, n);
  for (int64_t i = 1; i < size; ++i)
    m = MaxNan(m, LoadColumns(x + i * stride, n));
  Vec sum = Zero();
  for (int64_t i = 0; i < size; ++i) {
    const Vec e = Exp(Sub(LoadColumns(x + i * stride, n), m));
    sum = Add(sum, e);
    if (!kLog) StoreColumns(y + i * stride, e, n);
  }
  if (kLog) {
    const Vec log = Log(sum);
    for (int64_t i = 0; i < size; ++i) {
      const Vec shifted = Sub(LoadColumns(x + i * stride, n), m);
      StoreColumns(y + i * stride, Sub(shifted, log), n);
    }
    return;
  }
  for (int64_t i = 0; i < size; ++i) {
    float* p = y + i * stride;
    StoreColumns(p, Div(LoadColumns(p, n), sum), n);
  }
}

// `width` columns of `size` rows, g.inner apart.
template <bool kLog>
void SoftmaxSlab(const Softmax& g, const float* x, float* y, int64_t width) {
  if (g.inner == 1) return SoftmaxRow<kLog>(x, y, g.size);
  for (int64_t j = 0; j < width; j += kLanes) {
    SoftmaxColumns<kLog>(x + j, y + j, g.size, g.inner,
                         static_cast<int>(Smaller(kLanes, width - j)));
  }
}

void RunSoftmax(const void* geometry, const StepArgs& args, int64_t begin,
                int64_t end, float*) {
  const Softmax& g = *static_cast<const Softmax*>(geometry);
  const Slabs slabs = SlabsOf(g.size, g.inner);
  ForSlabs(slabs, args.batch * g.outer, g.inner, begin, end,
           [&](int64_t row, int64_t column, int64_t width) {
             const int64_t at = row * g.size * g.inner + column;
             if (g.log) {
               SoftmaxSlab<true>(g, args.in[0] + at, args.out[0] + at, width);
             } else {
               SoftmaxSlab<false>(g, args.in[0] + at, args.out[0] + at, width);
             }
           });
}

constexpr OpKernel kSoftmaxKernel = {
    nullptr, nullptr, nullptr, SoftmaxItems, SoftmaxCost, nullptr, RunSoftmax};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_SOFTMAX_H_
