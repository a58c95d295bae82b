// Convolution of a single channel into few: the first layer of a network on
// gray images. A matrix product would leave most lanes empty, so here the lanes
// are neighbouring pixels, and the result is transposed at the end. Pooling
// comes before that, when there is less to transpose.
#ifndef NEOCOG_KERNELS_CONV_PLANE_H_
#define NEOCOG_KERNELS_CONV_PLANE_H_

#include <stdint.h>

#include "../kernels.h"
#include "gemm.h"
#include "pool2d.h"
#include "window.h"

namespace neocog {
namespace {

// Output channels summed at once, and vectors of pixels of each.
constexpr int kPlaneOuts = 6;
constexpr int kPlaneVecs = 2;
constexpr int64_t kPlanePixels = kPlaneVecs * kLanes;

// More output channels fill the lanes of the product.
constexpr int64_t kPlaneMaxOuts = 16;
// Bounds of the scratch memory.
constexpr int64_t kPlaneMaxWindow = 8;
constexpr int64_t kPlaneMaxWidth = 1024;

NEOCOG_INLINE bool IsPlane(const Conv2d& g) {
  return !g.residual && g.c == 1 && g.oc <= kPlaneMaxOuts && g.sw == 1 &&
         g.dh == 1 && g.dw == 1 && g.kh <= kPlaneMaxWindow &&
         g.kw <= kPlaneMaxWindow && g.sh <= g.kh && g.ow >= kLanes / 2 &&
         g.ow <= kPlaneMaxWidth;
}

// Floats of a padded input row: whole tiles of pixels, and the window.
NEOCOG_INLINE int64_t PlaneLine(const Conv2d& g) {
  return Aligned(BlocksOf(g.ow, kPlanePixels) * kPlanePixels + kPlaneMaxWindow);
}

NEOCOG_INLINE int64_t PlaneRowCost(const Conv2d& g) {
  const int64_t tiles = BlocksOf(g.ow, kPlanePixels);
  return tiles * g.kh * g.kw * g.oc * kPlaneVecs / 2 + g.ow * g.oc;
}

// Rows and columns of the convolution for one of the output.
NEOCOG_INLINE int64_t PlanePool(const Conv2d& g) { return g.pool ? 2 : 1; }

// Rows of the convolution that the output needs, those of an item, and the
// input rows they see.
NEOCOG_INLINE int64_t PlaneHeight(const Conv2d& g) {
  return g.oh / PlanePool(g) * PlanePool(g);
}
NEOCOG_INLINE int64_t PlaneRows(const Conv2d& g) {
  const int64_t most = BlocksOf(kItemCycles, PlaneRowCost(g));
  const int64_t rows = BlocksOf(g.oh, BlocksOf(g.oh, most));
  return BlocksOf(rows, PlanePool(g)) * PlanePool(g);
}
NEOCOG_INLINE int64_t PlaneInRows(const Conv2d& g, int64_t rows) {
  return (rows - 1) * g.sh + g.kh;
}

NEOCOG_INLINE int64_t PlaneItems(const Conv2d& g, int64_t batch) {
  return batch * BlocksOf(PlaneHeight(g), PlaneRows(g));
}

NEOCOG_INLINE int64_t PlaneScratch(const Conv2d& g) {
  return PlaneInRows(g, PlaneRows(g)) * PlaneLine(g) + kLanes +
         2 * kPlaneMaxOuts * kPlanePixels;
}

// kOuts output channels of kPlanePixels pixels. x: [kh] lines; w [kh][kw][oc];
// to [kOuts][kPlanePixels].
template <int kOuts>
void PlaneTile(const Conv2d& g, const float* x, int64_t line, const float* w,
               const float* bias, Clip clip, float* to) {
  Vec sum[kOuts][kPlaneVecs];
  NEOCOG_UNROLL for (int o = 0; o < kOuts; ++o) {
    NEOCOG_UNROLL for (int v = 0; v < kPlaneVecs; ++v) {
      sum[o][v] = bias == nullptr ? Zero() : Set1(bias[o]);
    }
  }
  for (int64_t ky = 0; ky < g.kh; ++ky, x += line) {
    for (int64_t kx = 0; kx < g.kw; ++kx, w += g.oc) {
      Vec in[kPlaneVecs];
      NEOCOG_UNROLL for (int v = 0; v < kPlaneVecs; ++v) {
        in[v] = Load(x + kx + v * kLanes);
      }
      NEOCOG_UNROLL for (int o = 0; o < kOuts; ++o) {
        const Vec weight = Set1(w[o]);
        NEOCOG_UNROLL for (int v = 0; v < kPlaneVecs; ++v) {
          FmaInto(weight, in[v], &sum[o][v]);
        }
      }
    }
  }
  NEOCOG_UNROLL for (int o = 0; o < kOuts; ++o) {
    NEOCOG_UNROLL for (int v = 0; v < kPlaneVecs; ++v) {
      Store(to + o * kPlanePixels + v * kLanes, Clipped(sum[o][v], clip));
    }
  }
}

using PlaneFn = void (*)(const Conv2d&, const float*, int64_t, const float*,
                         const float*, Clip, float*);
constexpr PlaneFn kPlaneTiles[kPlaneOuts] = {PlaneTile<1>, PlaneTile<2>,
                                             PlaneTile<3>, PlaneTile<4>,
                                             PlaneTile<5>, PlaneTile<6>};

// planes [channels][kPlanePixels] become `count` pixels of `channels` floats,
// one after the other. Four channels of a pixel are stored at once, the last
// ones first: what reaches into the next pixel is overwritten by its own.
NEOCOG_INLINE void PlanePixels(const float* planes, int64_t channels,
                               int64_t count, float* y) {
  const int64_t last = (channels - 1) / 4 * 4;
  int64_t pixel = 0;
  for (; (count - pixel - 4) * channels >= 3; pixel += 4) {
    float* to = y + pixel * channels;
    for (int64_t channel = last; channel >= 0; channel -= 4) {
      float* const pixels[4] = {to + channel, to + channels + channel,
                                to + 2 * channels + channel,
                                to + 3 * channels + channel};
      Transpose4(planes + channel * kPlanePixels + pixel, kPlanePixels, pixels);
    }
  }
  for (; pixel < count; ++pixel) {
    for (int64_t channel = 0; channel < channels; ++channel) {
      y[pixel * channels + channel] = planes[channel * kPlanePixels + pixel];
    }
  }
}

// What all rows of a step have in common.
struct PlaneJob {
  const Conv2d& g;
  const float* weights;
  const float* bias;
  Clip clip;
  int64_t line;   // floats of a padded input row
  int64_t pixel;  // floats from one output pixel to the next
};

// kPlanePixels pixels of all channels, from kh lines on.
NEOCOG_INLINE void PlaneTiles(const PlaneJob& job, const float* x,
                              float* planes) {
  const Conv2d& g = job.g;
  const int64_t groups = BlocksOf(g.oc, kPlaneOuts);
  const int64_t low = g.oc / groups, high = g.oc % groups;
  int64_t out = 0;
  for (int64_t group = 0; group < groups; ++group) {
    const int64_t outs = low + (group < high ? 1 : 0);
    kPlaneTiles[outs - 1](g, x, job.line, job.weights + out,
                          job.bias == nullptr ? nullptr : job.bias + out,
                          job.clip, planes + out * kPlanePixels);
    out += outs;
  }
}

NEOCOG_INLINE void PlaneStore(const PlaneJob& job, const float* planes,
                              int64_t count, float* y) {
  if (job.pixel == job.g.oc) {
    PlanePixels(planes, job.g.oc, count, y);
  } else {
    Transpose(planes, kPlanePixels, job.g.oc, count, y, job.pixel, job.g.oc);
  }
}

// One output row: y [ow][oc], from kh padded lines.
NEOCOG_INLINE void PlaneRow(const PlaneJob& job, const float* x, float* planes,
                            float* y) {
  const int64_t ow = job.g.ow;
  for (int64_t ox = 0; ox < ow; ox += kPlanePixels) {
    PlaneTiles(job, x + ox, planes);
    PlaneStore(job, planes, Smaller(kPlanePixels, ow - ox), y + ox * job.pixel);
  }
}

// top and low [channels][kPlanePixels]: two rows, whose windows of 2x2 pixels
// become the first half of each row of `top`.
template <bool kMax>
NEOCOG_INLINE void PoolPlanes(float* top, const float* low, int64_t channels) {
  for (int64_t i = 0; i < channels * kPlanePixels; i += kLanes) {
    Store(top + i, PoolStep<kMax>(Load(top + i), Load(low + i)));
  }
  // In fours from load to store: a whole vector would wait for its parts.
  for (int64_t channel = 0; channel < channels; ++channel) {
    float* const to = top + channel * kPlanePixels;
    for (int64_t i = 0; i < kPlanePixels / 2; i += 4) {
      Quad even, odd;
      Deinterleave(to + 2 * i, &even, &odd);
      *reinterpret_cast<UnalignedQuad*>(to + i) =
          kMax ? QuadMaxNan(even, odd) : (even + odd) * 0.25f;
    }
  }
}

// One pooled row: y [ow / 2][oc]. planes: room for two rows of tiles.
NEOCOG_INLINE void PlanePoolRow(const PlaneJob& job, const float* x,
                                float* planes, float* y) {
  const Conv2d& g = job.g;
  const int64_t ow = g.ow / 2;
  const int64_t floats = g.oc * kPlanePixels;
  for (int64_t ox = 0; ox < ow; ox += kPlanePixels / 2) {
    PlaneTiles(job, x + 2 * ox, planes);
    PlaneTiles(job, x + g.sh * job.line + 2 * ox, planes + floats);
    if (NeedsRun(g.act))
      ActivateRun(g.act, g.alpha, g.beta, planes, 2 * floats);
    if (g.pool == 1) {
      PoolPlanes<true>(planes, planes + floats, g.oc);
    } else {
      PoolPlanes<false>(planes, planes + floats, g.oc);
    }
    PlaneStore(job, planes, Smaller(kPlanePixels / 2, ow - ox),
               y + ox * job.pixel);
  }
}

// `args.packed`: [kh][kw][oc].
NEOCOG_INLINE void PlaneRun(const Conv2d& g, const StepArgs& args,
                            int64_t begin, int64_t end, float* scratch) {
  const int64_t rows = PlaneRows(g), height = PlaneHeight(g);
  const int64_t blocks = BlocksOf(height, rows), pool = PlanePool(g);
  const int64_t line = PlaneLine(g);
  float* planes = Take<float>(&scratch, 2 * kPlaneMaxOuts * kPlanePixels);
  const int64_t from = PitchOf(args.in_pitch[0], 1);
  const int64_t to = PitchOf(args.out_pitch[0], g.oc);
  const PlaneJob job = {g,
                        args.packed,
                        g.bias ? args.in[2] : nullptr,
                        ClipOf(g.act, g.alpha, g.beta),
                        line,
                        to};
  const int64_t out_line = g.ow / pool * to;
  for (int64_t item = begin; item < end; ++item) {
    const int64_t sample = item / blocks;
    const int64_t first = item % blocks * rows;
    const int64_t count = Smaller(rows, height - first);
    const float* x = args.in[0] + sample * args.in_stride[0];
    float* y =
        args.out[0] + sample * args.out_stride[0] + first / pool * out_line;
    for (int64_t i = 0; i < PlaneInRows(g, count); ++i) {
      const int64_t iy = first * g.sh + i - g.pt;
      const bool inside = iy >= 0 && iy < g.h;
      const float* row = inside ? x + iy * g.w * from : x;
      if (from == 1) {
        CopyPadded(row, inside ? g.w : 0, -g.pl, line - g.pl,
                   scratch + i * line);
      } else {
        CopyPixels(row, from, inside ? g.w : 0, 1, -g.pl, line - g.pl,
                   scratch + i * line);
      }
    }
    for (int64_t i = 0; i < count; i += pool) {
      const float* lines = scratch + i * g.sh * line;
      if (g.pool) {
        PlanePoolRow(job, lines, planes, y + i / pool * out_line);
      } else {
        PlaneRow(job, lines, planes, y + i * out_line);
      }
    }
    if (g.pool) continue;
    ActivateRows(g.act, g.alpha, g.beta, y, count * g.ow, g.oc, to);
  }
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_CONV_PLANE_H_
