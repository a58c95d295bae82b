// Max and average pooling: items, windows and the loop both share. Lanes lie in
// the channels, items are output rows.
#ifndef NEOCOG_KERNELS_POOL2D_H_
#define NEOCOG_KERNELS_POOL2D_H_

#include "../kernels.h"
#include "blocks.h"
#include "window.h"

namespace neocog {
namespace {

// The taps of a window along one axis which lie on real cells: [begin, end),
// none if equal.
struct Taps {
  int64_t begin, end;
};

// `at` is the cell of tap 0, `step` the dilation.
NEOCOG_INLINE Taps TapsOn(int64_t at, int64_t taps, int64_t step,
                          int64_t cells) {
  const int64_t begin = at < 0 ? BlocksOf(-at, step) : 0;
  int64_t end = taps;
  if (at + (taps - 1) * step >= cells)
    end = at < cells ? BlocksOf(cells - at, step) : 0;
  return {Smaller(begin, end), end};
}

// Taps that lie before cell `cells + pad`, where the padding ends; none lies
// before the padding in front.
NEOCOG_INLINE int64_t TapsPadded(int64_t at, int64_t taps, int64_t step,
                                 int64_t cells, int64_t pad) {
  return TapsOn(at, taps, step, cells + pad).end;
}

// Real cells under one window: rows x columns of pixels, with the strides from
// one to the next in floats.
struct Pane {
  const float* x;
  int64_t rows, columns, row_stride, column_stride;
};

template <bool kMax>
NEOCOG_INLINE Vec PoolStart() {
  return kMax ? Set1(-__builtin_inff()) : Zero();
}

template <bool kMax>
NEOCOG_INLINE Vec PoolStep(Vec acc, Vec x) {
  return kMax ? MaxNan(acc, x) : Add(acc, x);
}

// What a sum is divided by. A power of two is multiplied by its inverse, which
// gives the same bits in a fraction of the time.
struct Divisor {
  Vec value;
  bool inverse;
};

NEOCOG_INLINE Divisor DivisorOf(int64_t count) {
  const float value = static_cast<float>(count);
  const bool inverse = (count & (count - 1)) == 0;
  return {Set1(inverse ? 1.0f / value : value), inverse};
}

template <bool kMax>
NEOCOG_INLINE Vec PoolEnd(Vec acc, Divisor divisor) {
  if (kMax) return acc;
  return divisor.inverse ? Mul(acc, divisor.value) : Div(acc, divisor.value);
}

template <bool kMax, int kVecs>
NEOCOG_INLINE void PoolVecs(const Pane& pane, int64_t channel, Divisor divisor,
                            float* y) {
  Vec acc[kVecs];
  NEOCOG_UNROLL
  for (int v = 0; v < kVecs; ++v) acc[v] = PoolStart<kMax>();
  for (int64_t row = 0; row < pane.rows; ++row) {
    const float* p = pane.x + row * pane.row_stride + channel;
    for (int64_t column = 0; column < pane.columns;
         ++column, p += pane.column_stride) {
      NEOCOG_UNROLL
      for (int v = 0; v < kVecs; ++v)
        acc[v] = PoolStep<kMax>(acc[v], Load(p + v * kLanes));
    }
  }
  NEOCOG_UNROLL
  for (int v = 0; v < kVecs; ++v)
    Store(y + channel + v * kLanes, PoolEnd<kMax>(acc[v], divisor));
}

template <bool kMax>
NEOCOG_INLINE void PoolTail(const Pane& pane, int64_t channel, int n,
                            Divisor divisor, float* y) {
  Vec acc = PoolStart<kMax>();
  for (int64_t row = 0; row < pane.rows; ++row) {
    const float* p = pane.x + row * pane.row_stride + channel;
    for (int64_t column = 0; column < pane.columns;
         ++column, p += pane.column_stride) {
      acc = PoolStep<kMax>(acc, LoadN(p, n));
    }
  }
  StoreN(y + channel, PoolEnd<kMax>(acc, divisor), n);
}

template <bool kMax>
NEOCOG_INLINE void PoolPixel(const Pane& pane, int64_t channels, Divisor d,
                             float* y) {
  int64_t channel = 0;
  for (; channel + 4 * kLanes <= channels; channel += 4 * kLanes)
    PoolVecs<kMax, 4>(pane, channel, d, y);
  for (; channel + kLanes <= channels; channel += kLanes)
    PoolVecs<kMax, 1>(pane, channel, d, y);
  const int rest = static_cast<int>(channels - channel);
  if (rest > 0) PoolTail<kMax>(pane, channel, rest, d, y);
}

// The cells that the divisor of a window counts along one axis.
NEOCOG_INLINE int64_t Counted(const MaxPool2d&, Taps, int64_t, int64_t, int64_t,
                              int64_t, int64_t) {
  return 1;
}
NEOCOG_INLINE int64_t Counted(const AveragePool2d& g, Taps real, int64_t at,
                              int64_t taps, int64_t step, int64_t cells,
                              int64_t pad) {
  return g.include ? TapsPadded(at, taps, step, cells, pad)
                   : real.end - real.begin;
}

// The window of 2x2 real cells whose rows begin at top and low, `next` floats
// from one cell to the other, in the order of PoolTail.
template <bool kMax, typename LoadFn>
NEOCOG_INLINE Vec PoolPair(const float* top, const float* low, int64_t next,
                           Divisor divisor, const LoadFn& load) {
  Vec acc = PoolStep<kMax>(PoolStart<kMax>(), load(top));
  acc = PoolStep<kMax>(acc, load(top + next));
  acc = PoolStep<kMax>(acc, load(low));
  acc = PoolStep<kMax>(acc, load(low + next));
  return PoolEnd<kMax>(acc, divisor);
}

// `count` such windows of c channels, `step` floats apart. Where `dense`, the
// pixels of x and y lie side by side, and a partial vector may be whole as long
// as it stays in the row: what it writes too much is written again by the
// pixels that follow.
template <bool kMax>
NEOCOG_INLINE void PoolPairs(const Pane& pane, int64_t step, int64_t count,
                             int64_t c, Divisor divisor, bool dense, float* y,
                             int64_t to) {
  const float* top = pane.x;
  const float* low = top + pane.row_stride;
  const int64_t next = pane.column_stride;
  const int64_t vectors = c / kLanes * kLanes;
  const int rest = static_cast<int>(c - vectors);
  const int64_t reach = Smaller(step, to);
  const int64_t whole = dense ? count - BlocksOf(kLanes - rest, reach) : 0;
  for (int64_t i = 0; i < count; ++i, top += step, low += step, y += to) {
    for (int64_t at = 0; at < vectors; at += kLanes) {
      Store(y + at, PoolPair<kMax>(top + at, low + at, next, divisor, Load));
    }
    if (rest == 0) continue;
    if (i < whole) {
      Store(y + vectors,
            PoolPair<kMax>(top + vectors, low + vectors, next, divisor, Load));
    } else {
      const auto load = [&](const float* p) { return LoadN(p, rest); };
      const Vec end =
          PoolPair<kMax>(top + vectors, low + vectors, next, divisor, load);
      StoreN(y + vectors, end, rest);
    }
  }
}

// One output row: x [h, w, c], y [ow, c]; pixels are `pixel` and `to` floats
// apart.
template <bool kMax, class Geometry>
void PoolRow(const Geometry& g, const float* x, int64_t pixel, int64_t oy,
             float* y, int64_t to) {
  const int64_t line = g.w * pixel;
  const int64_t top = oy * g.sh - g.pt;
  const Taps rows = TapsOn(top, g.kh, g.dh, g.h);
  const int64_t counted_rows = Counted(g, rows, top, g.kh, g.dh, g.h, g.pb);
  const float* first = x + (top + rows.begin * g.dh) * line;
  // Where few channels make a window short, those without padding go together.
  const bool pairs =
      rows.end - rows.begin == 2 && g.kw == 2 && g.c <= 4 * kLanes;
  const Reach begins = ReachOf(-g.pl, g.sw, g.w, g.ow);
  const Reach ends = ReachOf(g.dw - g.pl, g.sw, g.w, g.ow);
  for (int64_t ox = 0; ox < g.ow; ++ox, y += to) {
    if (pairs && ox == begins.begin && ox < ends.end) {
      const Pane pane = {first + (ox * g.sw - g.pl) * pixel, 2, 2, g.dh * line,
                         g.dw * pixel};
      PoolPairs<kMax>(pane, g.sw * pixel, ends.end - ox, g.c,
                      DivisorOf(counted_rows * 2), pixel == g.c && to == g.c, y,
                      to);
      y += (ends.end - ox) * to;
      ox = ends.end;
      if (ox == g.ow) break;
    }
    const int64_t left = ox * g.sw - g.pl;
    const Taps columns = TapsOn(left, g.kw, g.dw, g.w);
    const int64_t count =
        counted_rows * Counted(g, columns, left, g.kw, g.dw, g.w, g.pr);
    const Pane pane = {first + (left + columns.begin * g.dw) * pixel,
                       rows.end - rows.begin, columns.end - columns.begin,
                       g.dh * line, g.dw * pixel};
    // A window without a cell has the sum 0: any other divisor gives 0.
    PoolPixel<kMax>(pane, g.c, DivisorOf(Larger(count, 1)), y);
  }
}

template <class Geometry>
int64_t PoolItems(const void* g, int64_t batch) {
  return batch * static_cast<const Geometry*>(g)->oh;
}

template <class Geometry>
int64_t PoolCost(const void* geometry) {
  const Geometry& g = *static_cast<const Geometry*>(geometry);
  // A window may reach far beyond the image; only cells inside cost.
  const int64_t cells = Smaller(g.kh, g.h) * Smaller(g.kw, g.w);
  return g.ow * (10 + BlocksOf(g.c, kLanes) * 2 * cells);
}

template <bool kMax, class Geometry>
void RunPool(const void* geometry, const StepArgs& args, int64_t begin,
             int64_t end, float*) {
  const Geometry& g = *static_cast<const Geometry*>(geometry);
  const int64_t pixel = PitchOf(args.in_pitch[0], g.c);
  const int64_t to = PitchOf(args.out_pitch[0], g.c);
  for (int64_t item = begin; item < end; ++item) {
    const int64_t sample = item / g.oh;
    const int64_t oy = item % g.oh;
    PoolRow<kMax>(g, args.in[0] + sample * args.in_stride[0], pixel, oy,
                  args.out[0] + sample * args.out_stride[0] + oy * g.ow * to,
                  to);
  }
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_POOL2D_H_
