// lrn: x [rows, c] -> y[r, j] = x[r, j] / (bias + alpha / size * sum of x[r,
// k]^2)^beta over the `size` channels k around j that there are.
#ifndef NEOCOG_KERNELS_LRN_H_
#define NEOCOG_KERNELS_LRN_H_

#include "../kernels.h"
#include "blocks.h"
#include "elementary.h"

namespace neocog {
namespace {

// Channels before and behind the middle of a window; more than there are add
// nothing.
struct LrnReach {
  int64_t before, after;
};

NEOCOG_INLINE LrnReach LrnReachOf(const Lrn& g) {
  const int64_t before = (g.size - 1) / 2;
  return {Smaller(before, g.c - 1), Smaller(g.size - 1 - before, g.c - 1)};
}

int64_t LrnItems(const void* geometry, int64_t batch) {
  const Lrn& g = *static_cast<const Lrn*>(geometry);
  return BlocksOf(batch * g.rows, RowsPerItem(g.c));
}

int64_t LrnCost(const void* geometry) {
  const Lrn& g = *static_cast<const Lrn*>(geometry);
  const LrnReach reach = LrnReachOf(g);
  return RowsPerItem(g.c) * BlocksOf(g.c, kLanes) *
         (20 + reach.before + reach.after);
}

// The squares of one row between zeros.
int64_t LrnScratch(const void* geometry) {
  const Lrn& g = *static_cast<const Lrn*>(geometry);
  const LrnReach reach = LrnReachOf(g);
  return reach.before + g.c + reach.after;
}

// x / d^beta.
NEOCOG_INLINE Vec LrnQuotient(Vec x, Vec d, float beta) {
  // What networks use: one or two roots instead of a logarithm.
  if (beta == 0.75f) {
    const Vec root = Sqrt(d);
    return Div(x, Mul(root, Sqrt(root)));
  }
  if (beta == 0.5f) return Div(x, Sqrt(d));
  if (beta == 1.0f) return Div(x, d);
  return Mul(x, Exp(Mul(Set1(-beta), Log(d))));
}

void LrnRow(const Lrn& g, LrnReach reach, const float* x, float* squares,
            float* y) {
  float* const middle = squares + reach.before;
  for (int64_t j = 0; j < g.c; j += kLanes) {
    const int n = static_cast<int>(Smaller(kLanes, g.c - j));
    const Vec v = LoadColumns(x + j, n);
    StoreColumns(middle + j, Mul(v, v), n);
  }
  const Vec bias = Set1(g.bias);
  const Vec factor = Set1(g.alpha / static_cast<float>(g.size));
  const int64_t window = reach.before + 1 + reach.after;
  for (int64_t j = 0; j < g.c; j += kLanes) {
    const int n = static_cast<int>(Smaller(kLanes, g.c - j));
    Vec sum = Zero();
    for (int64_t k = 0; k < window; ++k)
      sum = Add(sum, LoadColumns(squares + j + k, n));
    const Vec d = MulAdd(factor, sum, bias);
    StoreColumns(y + j, LrnQuotient(LoadColumns(x + j, n), d, g.beta), n);
  }
}

void RunLrn(const void* geometry, const StepArgs& args, int64_t begin,
            int64_t end, float* scratch) {
  const Lrn& g = *static_cast<const Lrn*>(geometry);
  const LrnReach reach = LrnReachOf(g);
  const int64_t c = g.c;
  for (int64_t j = 0; j < reach.before; ++j) scratch[j] = 0;
  for (int64_t j = 0; j < reach.after; ++j) scratch[reach.before + c + j] = 0;
  const int64_t last = Smaller(end * RowsPerItem(c), args.batch * g.rows);
  for (int64_t row = begin * RowsPerItem(c); row < last; ++row)
    LrnRow(g, reach, args.in[0] + row * c, scratch, args.out[0] + row * c);
}

constexpr OpKernel kLrnKernel = {nullptr, nullptr,    nullptr, LrnItems,
                                 LrnCost, LrnScratch, RunLrn};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_LRN_H_
