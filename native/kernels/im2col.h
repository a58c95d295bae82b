// im2col: x [h, w, c] -> y [oh * ow, kh * kw * c], zeros where the window lies
// on padding. Items are output rows.
#ifndef NEOCOG_KERNELS_IM2COL_H_
#define NEOCOG_KERNELS_IM2COL_H_

#include "../kernels.h"
#include "blocks.h"
#include "runs.h"

namespace neocog {
namespace {

int64_t Im2colItems(const void* g, int64_t batch) {
  return batch * static_cast<const Im2col*>(g)->oh;
}

int64_t Im2colCost(const void* geometry) {
  const Im2col& g = *static_cast<const Im2col*>(geometry);
  return static_cast<int64_t>(g.ow) * g.kh *
         (10 + g.kw * (5 + BlocksOf(g.c, kLanes)));
}

// One row of a window: y [kw, c]. `line` is null where the whole row is
// padding.
NEOCOG_INLINE void WindowRow(const Im2col& g, const float* line, int64_t left,
                             float* y) {
  const int64_t c = g.c;
  const int64_t right = left + static_cast<int64_t>(g.kw - 1) * g.dw;
  if (line == nullptr) return FillRun(0, y, g.kw * c);
  if (g.dw == 1 && left >= 0 && right < g.w)
    return CopyRun(line + left * c, y, g.kw * c);
  for (int64_t at = left; at <= right; at += g.dw, y += c) {
    if (at >= 0 && at < g.w) {
      CopyRun(line + at * c, y, c);
    } else {
      FillRun(0, y, c);
    }
  }
}

void RunIm2col(const void* geometry, const StepArgs& args, int64_t begin,
               int64_t end, float*) {
  const Im2col& g = *static_cast<const Im2col*>(geometry);
  const int64_t line = static_cast<int64_t>(g.w) * g.c;
  const int64_t row = static_cast<int64_t>(g.kw) * g.c;
  for (int64_t item = begin; item < end; ++item) {
    const int64_t oy = item % g.oh;
    const float* x = args.in[0] + item / g.oh * args.in_stride[0];
    float* y =
        args.out[0] + item / g.oh * args.out_stride[0] + oy * g.ow * g.kh * row;
    for (int64_t ox = 0; ox < g.ow; ++ox) {
      for (int64_t ky = 0; ky < g.kh; ++ky, y += row) {
        const int64_t iy = oy * g.sh - g.pt + ky * g.dh;
        const bool real = iy >= 0 && iy < g.h;
        WindowRow(g, real ? x + iy * line : nullptr, ox * g.sw - g.pl, y);
      }
    }
  }
}

constexpr OpKernel kIm2colKernel = {nullptr,    nullptr, nullptr,  Im2colItems,
                                    Im2colCost, nullptr, RunIm2col};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_IM2COL_H_
