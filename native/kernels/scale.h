// scale: y[r, j] = act(x[r, j] * scale[j] + shift[j]); y may be x.
#ifndef NEOCOG_KERNELS_SCALE_H_
#define NEOCOG_KERNELS_SCALE_H_

#include "../kernels.h"
#include "activate.h"
#include "rows.h"

namespace neocog {
namespace {

int64_t ScaleItems(const void* geometry, int64_t batch) {
  const Scale& g = *static_cast<const Scale*>(geometry);
  return RowItems(g.rows, g.c, batch);
}

int64_t ScaleCost(const void* geometry) {
  const Scale& g = *static_cast<const Scale*>(geometry);
  return RowCost(g.c, g.act);
}

int64_t ScaleScratch(const void* geometry) {
  return 2 * WideRow(static_cast<const Scale*>(geometry)->c);
}

void ScaleRun(const float* x, const float* scale, const float* shift, Clip clip,
              float* y, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    Store(y + i,
          Clipped(MulAdd(Load(x + i), Load(scale + i), Load(shift + i)), clip));
  }
  const int rest = static_cast<int>(n - i);
  if (rest == 0) return;
  const Vec v = MulAdd(LoadN(x + i, rest), LoadN(scale + i, rest),
                       LoadN(shift + i, rest));
  StoreN(y + i, Clipped(v, clip), rest);
}

void RunScale(const void* geometry, const StepArgs& args, int64_t begin,
              int64_t end, float* scratch) {
  const Scale& g = *static_cast<const Scale*>(geometry);
  const int64_t c = g.c;
  const int64_t x_pitch = PitchOf(args.in_pitch[0], c);
  const int64_t y_pitch = PitchOf(args.out_pitch[0], c);
  // Rows that lie apart are taken one by one.
  const bool together = x_pitch == c && y_pitch == c;
  const int64_t width = together ? WideRow(c) : c;
  const float* scale = args.in[1];
  const float* shift = args.in[2];
  if (width != c) {
    Repeat(scale, c, width, scratch);
    Repeat(shift, c, width, scratch + width);
    scale = scratch;
    shift = scratch + width;
  }
  const int64_t from = begin * RowsPerItem(c) * c;
  const int64_t to = Smaller(end * RowsPerItem(c), args.batch * g.rows) * c;
  const Clip clip = ClipOf(g.act, g.alpha, g.beta);
  for (int64_t row = from; row < to; row += width) {
    const int64_t size = Smaller(width, to - row);
    const float* x_row = args.in[0] + (together ? row : row / c * x_pitch);
    float* y_row = args.out[0] + (together ? row : row / c * y_pitch);
    for (int64_t i = 0; i < size; i += kChunkFloats) {
      const int64_t n = Smaller(kChunkFloats, size - i);
      float* y = y_row + i;
      ScaleRun(x_row + i, scale + i, shift + i, clip, y, n);
      if (NeedsRun(g.act)) ActivateRun(g.act, g.alpha, g.beta, y, n);
    }
  }
}

constexpr OpKernel kScaleKernel = {nullptr,   nullptr,      nullptr, ScaleItems,
                                   ScaleCost, ScaleScratch, RunScale};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_SCALE_H_
