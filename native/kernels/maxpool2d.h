// maxpool2d: x [h, w, c] -> y [oh, ow, c]. Padded cells do not take part; a
// window over nothing else gives -infinity. NaN wins over every number.
#ifndef NEOCOG_KERNELS_MAXPOOL2D_H_
#define NEOCOG_KERNELS_MAXPOOL2D_H_

#include "pool2d.h"

namespace neocog {
namespace {

// One row of windows of 3x3 neighbouring cells, as most are. Each column is
// compared once for all windows that it is in.
struct Triples {
  const float* rows[3];  // [w, c] each; a padded one is another one again
  int64_t w, ow;
  int64_t pixel, to;  // floats from one pixel to the next
  int64_t left;       // column of the first window, which may be padded
};

template <bool kEnd>
NEOCOG_INLINE Vec PoolLoad(const float* p, int n) {
  return kEnd ? LoadN(p, n) : Load(p);
}

// The maxima of column `x`, for vectors of channels that begin at `channel`.
// Into `trace` goes everything that was read: it is NaN where a cell was, and
// may be so where one was infinite or huge.
template <int kVecs, bool kEnd>
NEOCOG_INLINE void PoolColumn(const Triples& t, int64_t x, int64_t channel,
                              int n, Vec (&largest)[kVecs],
                              Vec (&trace)[kVecs]) {
  if (x < 0 || x >= t.w) {
    NEOCOG_UNROLL for (int v = 0; v < kVecs; ++v) {
      largest[v] = PoolStart<true>();
    }
    return;
  }
  NEOCOG_UNROLL for (int v = 0; v < kVecs; ++v) {
    const int64_t at = x * t.pixel + channel + v * kLanes;
    const Vec top = PoolLoad<kEnd>(t.rows[0] + at, n);
    const Vec middle = PoolLoad<kEnd>(t.rows[1] + at, n);
    const Vec low = PoolLoad<kEnd>(t.rows[2] + at, n);
    largest[v] = AtLeast(AtLeast(top, middle), low);
    trace[v] = Add(trace[v], MulAdd(top, middle, low));
  }
}

// Gives the trace of all cells.
template <int kStride, int kVecs, bool kEnd>
NEOCOG_INLINE Vec PoolTriples(const Triples& t, int64_t channel, int n,
                              float* y) {
  Vec trace[kVecs], columns[3][kVecs];
  NEOCOG_UNROLL for (int v = 0; v < kVecs; ++v) trace[v] = Zero();
  int64_t x = t.left;
  NEOCOG_UNROLL for (int i = 0; i < 3 - kStride; ++i) {
    PoolColumn<kVecs, kEnd>(t, x + i, channel, n, columns[i], trace);
  }
  y += channel;
  for (int64_t ox = 0; ox < t.ow; ++ox, x += kStride, y += t.to) {
    NEOCOG_UNROLL for (int i = 3 - kStride; i < 3; ++i) {
      PoolColumn<kVecs, kEnd>(t, x + i, channel, n, columns[i], trace);
    }
    NEOCOG_UNROLL for (int v = 0; v < kVecs; ++v) {
      const Vec largest =
          AtLeast(AtLeast(columns[0][v], columns[1][v]), columns[2][v]);
      if (kEnd) {
        StoreN(y, largest, n);
      } else {
        Store(y + v * kLanes, largest);
      }
    }
    NEOCOG_UNROLL for (int i = 0; i < 3 - kStride; ++i) {
      NEOCOG_UNROLL for (int v = 0; v < kVecs; ++v) {
        columns[i][v] = columns[i + kStride][v];
      }
    }
  }
  Vec all = trace[0];
  NEOCOG_UNROLL for (int v = 1; v < kVecs; ++v) all = Add(all, trace[v]);
  return all;
}

NEOCOG_INLINE bool AnyNan(Vec x) {
  float lanes[kLanes];
  Store(lanes, x);
  float sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += lanes[i];
  return sum != sum;
}

// All channels of the row. False: there may be NaN, and what was written is
// not the answer.
template <int kStride>
bool PoolTripleRow(const Triples& t, int64_t c, float* y) {
  Vec trace = Zero();
  int64_t channel = 0;
  for (; channel + kTileVecs * kLanes <= c; channel += kTileVecs * kLanes) {
    trace =
        Add(trace, PoolTriples<kStride, kTileVecs, false>(t, channel, 0, y));
  }
  for (; channel + kLanes <= c; channel += kLanes) {
    trace = Add(trace, PoolTriples<kStride, 1, false>(t, channel, 0, y));
  }
  if (channel < c) {
    const int rest = static_cast<int>(c - channel);
    trace = Add(trace, PoolTriples<kStride, 1, true>(t, channel, rest, y));
  }
  return !AnyNan(trace);
}

NEOCOG_INLINE bool HasTriples(const MaxPool2d& g) {
  return g.kh == 3 && g.kw == 3 && g.dh == 1 && g.dw == 1 && g.sw <= 2;
}

// Row oy of windows: x [h, w, c], y [ow, c].
NEOCOG_INLINE bool MaxTriples(const MaxPool2d& g, const float* x, int64_t pixel,
                              int64_t oy, float* y, int64_t to) {
  const int64_t top = oy * g.sh - g.pt;
  const Taps taps = TapsOn(top, g.kh, g.dh, g.h);
  if (taps.begin == taps.end) return false;
  Triples t = {{}, g.w, g.ow, pixel, to, -g.pl};
  for (int64_t i = 0; i < 3; ++i) {
    const int64_t tap = Smaller(Larger(i, taps.begin), taps.end - 1);
    t.rows[i] = x + (top + tap) * g.w * pixel;
  }
  return g.sw == 1 ? PoolTripleRow<1>(t, g.c, y) : PoolTripleRow<2>(t, g.c, y);
}

void RunMaxPool(const void* geometry, const StepArgs& args, int64_t begin,
                int64_t end, float*) {
  const MaxPool2d& g = *static_cast<const MaxPool2d*>(geometry);
  const bool triples = HasTriples(g);
  const int64_t pixel = PitchOf(args.in_pitch[0], g.c);
  const int64_t to = PitchOf(args.out_pitch[0], g.c);
  for (int64_t item = begin; item < end; ++item) {
    const int64_t sample = item / g.oh;
    const int64_t oy = item % g.oh;
    const float* x = args.in[0] + sample * args.in_stride[0];
    float* y = args.out[0] + sample * args.out_stride[0] + oy * g.ow * to;
    if (triples && MaxTriples(g, x, pixel, oy, y, to)) continue;
    PoolRow<true>(g, x, pixel, oy, y, to);
  }
}

int64_t MaxPoolCost(const void* geometry) {
  const MaxPool2d& g = *static_cast<const MaxPool2d*>(geometry);
  if (!HasTriples(g)) return PoolCost<MaxPool2d>(geometry);
  return g.ow * BlocksOf(g.c, kLanes) * (2 + 3 * g.sw);
}

constexpr OpKernel kMaxPool2dKernel = {
    nullptr,     nullptr, nullptr,    PoolItems<MaxPool2d>,
    MaxPoolCost, nullptr, RunMaxPool,
};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_MAXPOOL2D_H_
