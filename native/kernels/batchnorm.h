// batchnorm: y[r, j] = act((x[r, j] - mean[j]) * gamma[j] / sqrt(variance[j] +
// epsilon) + beta[j]); y may be x.
#ifndef NEOCOG_KERNELS_BATCHNORM_H_
#define NEOCOG_KERNELS_BATCHNORM_H_

#include "../kernels.h"
#include "activate.h"
#include "rows.h"

namespace neocog {
namespace {

int64_t BatchNormItems(const void* geometry, int64_t batch) {
  const BatchNorm& g = *static_cast<const BatchNorm*>(geometry);
  return RowItems(g.rows, g.c, batch);
}

int64_t BatchNormCost(const void* geometry) {
  const BatchNorm& g = *static_cast<const BatchNorm*>(geometry);
  return RowCost(g.c, g.act);
}

// The factors of one row, then the three coefficients of a wide row where rows
// are narrow.
int64_t BatchNormScratch(const void* geometry) {
  const int64_t c = static_cast<const BatchNorm*>(geometry)->c;
  return c + (WideRow(c) != c ? 3 * WideRow(c) : 0);
}

// factor[j] = gamma[j] / sqrt(variance[j] + epsilon)
void BatchNormFactors(const float* gamma, const float* variance, float epsilon,
                      float* factor, int64_t c) {
  const Vec e = Set1(epsilon);
  int64_t j = 0;
  for (; j + kLanes <= c; j += kLanes) {
    Store(factor + j, Div(Load(gamma + j), Sqrt(Add(Load(variance + j), e))));
  }
  const int rest = static_cast<int>(c - j);
  if (rest > 0)
    StoreN(factor + j,
           Div(LoadN(gamma + j, rest), Sqrt(Add(LoadN(variance + j, rest), e))),
           rest);
}

// The mean is taken away first: where it is large, x * factor - mean * factor
// would lose the digits that matter.
void BatchNormRun(const float* x, const float* mean, const float* factor,
                  const float* shift, Clip clip, float* y, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Vec v = MulAdd(Sub(Load(x + i), Load(mean + i)), Load(factor + i),
                         Load(shift + i));
    Store(y + i, Clipped(v, clip));
  }
  const int rest = static_cast<int>(n - i);
  if (rest == 0) return;
  const Vec d = Sub(LoadN(x + i, rest), LoadN(mean + i, rest));
  StoreN(
      y + i,
      Clipped(MulAdd(d, LoadN(factor + i, rest), LoadN(shift + i, rest)), clip),
      rest);
}

void RunBatchNorm(const void* geometry, const StepArgs& args, int64_t begin,
                  int64_t end, float* scratch) {
  const BatchNorm& g = *static_cast<const BatchNorm*>(geometry);
  const int64_t c = g.c;
  const int64_t width = WideRow(c);
  const float* mean = args.in[1];
  const float* factor = scratch;
  const float* shift = args.in[4];
  BatchNormFactors(args.in[3], args.in[2], g.epsilon, scratch, c);
  if (width != c) {
    float* wide = scratch + c;
    Repeat(mean, c, width, wide);
    Repeat(factor, c, width, wide + width);
    Repeat(shift, c, width, wide + 2 * width);
    mean = wide;
    factor = wide + width;
    shift = wide + 2 * width;
  }
  const int64_t from = begin * RowsPerItem(c) * c;
  const int64_t to = Smaller(end * RowsPerItem(c), args.batch * g.rows) * c;
  const Clip clip = ClipOf(g.act, g.alpha, g.beta);
  for (int64_t row = from; row < to; row += width) {
    const int64_t size = Smaller(width, to - row);
    for (int64_t i = 0; i < size; i += kChunkFloats) {
      const int64_t n = Smaller(kChunkFloats, size - i);
      float* y = args.out[0] + row + i;
      BatchNormRun(args.in[0] + row + i, mean + i, factor + i, shift + i, clip,
                   y, n);
      if (NeedsRun(g.act)) ActivateRun(g.act, g.alpha, g.beta, y, n);
    }
  }
}

constexpr OpKernel kBatchNormKernel = {
    nullptr,       nullptr,          nullptr,     BatchNormItems,
    BatchNormCost, BatchNormScratch, RunBatchNorm};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_BATCHNORM_H_
