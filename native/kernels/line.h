// One row of a product: its panels of weights are streams, several of which
// are summed at once, since a single one has too few sums to keep the
// multipliers busy.
#ifndef NEOCOG_KERNELS_LINE_H_
#define NEOCOG_KERNELS_LINE_H_

#include <stdint.h>

#include "tile.h"

namespace neocog {
namespace {

// Panels that one row takes at once, at most.
constexpr int kLinePanels = kTileVecs >= 4 ? 2 : 5;

NEOCOG_INLINE Vec LoadWeights(const float* p) { return Load(p); }
NEOCOG_INLINE Vec LoadWeights(const uint16_t* p) { return LoadHalf(p); }

// How far ahead a row's weights in half precision are fetched: 4 KiB, since no
// hardware fetches beyond the page that it is in.
constexpr int64_t kHalvesAhead = 2048;

// The first of the panels has `kFirst` vectors, the others `kVecs`; they lie
// one after the other from `b` on, in single or half precision. The weights of
// the job are not looked at.
template <int kFirst, int kVecs, int kPanels, typename W>
void Line(const TileJob& job, const W* b) {
  constexpr int kSums = kFirst + (kPanels - 1) * kVecs;
  Vec sum[kSums];
  NEOCOG_UNROLL for (int v = 0; v < kSums; ++v) {
    const float* bias = job.bias + v * kLanes;
    sum[v] = job.bias == nullptr ? Zero()
             : v == kSums - 1    ? LoadN(bias, job.last)
                                 : Load(bias);
  }
  if (job.residual != nullptr) {
    const float* r = job.residual[0] + job.column;
    NEOCOG_UNROLL for (int v = 0; v < kSums; ++v) {
      const float* from = r + v * kLanes;
      sum[v] = Add(sum[v], v == kSums - 1 ? LoadN(from, job.last) : Load(from));
    }
  }
  const int64_t panel = job.taps * job.run * kVecs * kLanes;
  const W* others = b + job.taps * job.run * kFirst * kLanes;
  for (int64_t tap = 0; tap < job.taps; ++tap) {
    const float* a = job.a[tap * job.a_rows] + job.a_offset;
    for (int64_t k = 0; k < job.run; ++k) {
      const Vec x = Set1(a[k]);
      NEOCOG_UNROLL for (int p = 0; p < kPanels; ++p) {
        const int vecs = p == 0 ? kFirst : kVecs;
        const int done = p == 0 ? 0 : kFirst + (p - 1) * kVecs;
        const W* w = p == 0 ? b : others + (p - 1) * panel;
        // Only halves gain: floats already come as fast as memory gives them.
        if (sizeof(W) < sizeof(float)) {
          NEOCOG_UNROLL for (int l = 0; l < vecs * kLanes; l += 32) {
            __builtin_prefetch(w + kHalvesAhead + l);
          }
        }
        NEOCOG_UNROLL for (int j = 0; j < vecs; ++j) {
          FmaInto(x, LoadWeights(w + j * kLanes), &sum[done + j]);
        }
      }
      b += kFirst * kLanes;
      others += kVecs * kLanes;
    }
  }
  const Clip clip = ClipOf(job.act, job.alpha, job.beta);
  float* c = job.c[0] + job.column;
  NEOCOG_UNROLL for (int v = 0; v < kSums; ++v) {
    const Vec y = Clipped(sum[v], clip);
    if (v == kSums - 1) {
      StoreN(c + v * kLanes, y, job.last);
    } else {
      Store(c + v * kLanes, y);
    }
  }
  if (NeedsRun(job.act)) {
    ActivateRun(job.act, job.alpha, job.beta, c,
                (kSums - 1) * kLanes + job.last);
  }
}

template <typename W>
using LineFn = void (*)(const TileJob&, const W*);

template <int kFirst, int kVecs, int kPanels, typename W>
constexpr LineFn<W> LineOf() {
  // Panels of a single vector stand alone, and so may the widest one.
  constexpr bool kAlone = kFirst == 1 || kVecs > kTileVecs;
  if constexpr (kFirst <= kMaxVecs && kPanels <= (kAlone ? 1 : kLinePanels)) {
    return Line<kFirst, kVecs, kPanels, W>;
  } else {
    return nullptr;
  }
}

#define NEOCOG_LINES(first, v)                              \
  {                                                         \
    LineOf<first, v, 1, W>(), LineOf<first, v, 2, W>(),     \
        LineOf<first, v, 3, W>(), LineOf<first, v, 4, W>(), \
        LineOf<first, v, 5, W>()                            \
  }
// kLines<W>[vectors of the first panel more than of the others][vectors of
// those - 1][panels - 1]
template <typename W>
constexpr LineFn<W> kLines[2][4][5] = {
    {NEOCOG_LINES(1, 1), NEOCOG_LINES(2, 2), NEOCOG_LINES(3, 3),
     NEOCOG_LINES(4, 4)},
    {NEOCOG_LINES(2, 1), NEOCOG_LINES(3, 2), NEOCOG_LINES(4, 3),
     NEOCOG_LINES(5, 4)}};
#undef NEOCOG_LINES

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_LINE_H_
