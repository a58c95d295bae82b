// y = act(depthwise(x, kernel) + bias): x [h, w, c], kernel [kh, kw, c, mult]
// or, with `oihw`, [c * mult, 1, kh, kw], y [oh, ow, c * mult]; output channel
// ci * mult + m sees input channel ci.
#ifndef NEOCOG_KERNELS_DEPTHWISE2D_H_
#define NEOCOG_KERNELS_DEPTHWISE2D_H_

#include <stdint.h>

#include "../kernels.h"
#include "depthwise_tile.h"
#include "gemm.h"
#include "window.h"

namespace neocog {
namespace {

NEOCOG_INLINE const Depthwise2d& AsDepthwise(const void* g) {
  return *static_cast<const Depthwise2d*>(g);
}

NEOCOG_INLINE int64_t DepthwiseTaps(const Depthwise2d& g) {
  return static_cast<int64_t>(g.kh) * g.kw;
}

// The first channel of a block of kLanes: the last block overlaps the one
// before, so that whole vectors always do.
NEOCOG_INLINE int64_t BlockChannel(int64_t block, int64_t channels) {
  return Larger(Smaller(block * kLanes, channels - kLanes), 0);
}

// Weights: [blocks of channels][kh * kw][kLanes].
int64_t Depthwise2dPackedSize(const void* geometry) {
  const Depthwise2d& g = AsDepthwise(geometry);
  return VecsOf(g.oc) * kLanes * DepthwiseTaps(g);
}

int64_t Depthwise2dPackItems(const void*) { return 1; }

void Depthwise2dPack(const void* geometry, const float* kernel, float* packed,
                     int64_t begin, int64_t end) {
  const Depthwise2d& g = AsDepthwise(geometry);
  const int64_t taps = DepthwiseTaps(g);
  if (begin == end) return;
  for (int64_t block = 0; block < VecsOf(g.oc); ++block) {
    const int64_t first = BlockChannel(block, g.oc);
    const int64_t channels = Smaller(kLanes, g.oc);
    float* to = packed + block * taps * kLanes;
    if (g.oihw) {
      Transpose(kernel + first * taps, taps, channels, taps, to, kLanes,
                kLanes);
    } else {
      CopyRows(kernel + first, g.oc, taps, channels, to, kLanes, kLanes);
    }
  }
}

NEOCOG_INLINE const PatchKernels* PatchKernelsOf(const Depthwise2d& g) {
  if (g.oc != g.c || g.c < kLanes || g.dh != 1 || g.dw != 1 || g.kh != g.kw ||
      g.sh != g.sw) {
    return nullptr;
  }
  if (g.kh == 3 && g.sh == 1) return &kPatchKernels<3, 1>;
  if (g.kh == 3 && g.sh == 2) return &kPatchKernels<3, 2>;
  if (g.kh == 5 && g.sh == 1) return &kPatchKernels<5, 1>;
  if (g.kh == 5 && g.sh == 2) return &kPatchKernels<5, 2>;
  return nullptr;
}

// Cycles of an output row. Items are small: a whole map is often less than 20
// microseconds.
NEOCOG_INLINE int64_t DepthwiseRowCost(const Depthwise2d& g) {
  // Two vectors of products per cycle at best; borders and loads take as much.
  return DepthwiseTaps(g) * g.ow * VecsOf(g.oc) + 1;
}

// What an item takes: output rows, and a part of the channels.
struct PatchItem {
  int64_t rows, parts;
};

NEOCOG_INLINE PatchItem DepthwiseItem(const Depthwise2d& g) {
  const int64_t pair = DepthwiseRowCost(g) * 2;
  // Few pairs of rows, often 7, cannot be shared out evenly: each is halved.
  const bool halves = BlocksOf(g.oh, 2) < 16 && pair >= kItemCycles / 2 &&
                      VecsOf(g.c) >= 8 && PatchKernelsOf(g) != nullptr;
  if (halves) return {Smaller(2, g.oh), 2};
  return {Smaller(BlocksOf(kItemCycles, pair) * 2, g.oh), 1};
}

int64_t Depthwise2dItems(const void* geometry, int64_t batch) {
  const Depthwise2d& g = AsDepthwise(geometry);
  const PatchItem item = DepthwiseItem(g);
  return batch * BlocksOf(g.oh, item.rows) * item.parts;
}

int64_t Depthwise2dItemCost(const void* geometry) {
  const Depthwise2d& g = AsDepthwise(geometry);
  const PatchItem item = DepthwiseItem(g);
  return item.rows * DepthwiseRowCost(g) / item.parts;
}

// Zeros for cells outside, output of pixels that do not exist; for windows of
// any kind the cells within and their place in the window.
int64_t Depthwise2dScratchSize(const void* geometry) {
  const Depthwise2d& g = AsDepthwise(geometry);
  if (PatchKernelsOf(g) != nullptr) return 2 * Aligned(g.c);
  return 2 * PointerFloats(DepthwiseTaps(g));
}

// Floats from one pixel to the next.
struct DepthwisePitch {
  int64_t x, y;
};

// `c` channels of the output rows [begin, end) of one sample, in patches.
// `scratch`: twice the channels, aligned.
template <class Geometry>
NEOCOG_INLINE void Patches(const Geometry& g, const float* x, float* y,
                           int64_t c, int64_t begin, int64_t end,
                           const PatchKernels& kernels, Patch* p,
                           const DepthwisePitch& pitch, float* scratch) {
  const int64_t size = g.kh, stride = g.sh;
  float* const zeros = scratch;
  float* const nowhere = scratch + Aligned(c);
  for (int64_t i = 0; i < c; ++i) zeros[i] = 0;
  p->x_row = g.w * pitch.x;
  p->x_col = pitch.x;
  const int64_t patches = BlocksOf(g.ow, kPatchCols);
  const int64_t low = g.ow / patches, high = g.ow % patches;
  for (int64_t oy = begin; oy < end; oy += kPatchRows) {
    const int64_t iy = oy * stride - g.pt;
    const bool rows_inside = iy >= 0 && iy + stride + size <= g.h;
    int64_t ox = 0;
    for (int64_t patch = 0; patch < patches; ++patch) {
      const int64_t cols = low + (patch < high ? 1 : 0);
      const int64_t ix = ox * stride - g.pl;
      for (int64_t r = 0; r < kPatchRows; ++r) {
        for (int64_t q = 0; q < cols; ++q) {
          p->y[r][q] =
              oy + r < end ? y + ((oy + r) * g.ow + ox + q) * pitch.y : nowhere;
        }
      }
      const int64_t in_cols = (cols - 1) * stride + size;
      const bool grid =
          cols > 2 && rows_inside && ix >= 0 && ix + in_cols <= g.w;
      if (grid) {
        p->x = x + (iy * g.w + ix) * pitch.x;
      } else {
        for (int64_t i = 0; i < stride + size; ++i) {
          for (int64_t j = 0; j < in_cols; ++j) {
            const bool inside =
                iy + i >= 0 && iy + i < g.h && ix + j >= 0 && ix + j < g.w;
            p->cell[i][j] =
                inside ? x + ((iy + i) * g.w + ix + j) * pitch.x : zeros;
          }
        }
      }
      kernels.run[grid][cols - 1](*p, c);
      ox += cols;
    }
  }
}

// One output pixel under any window: cells [count] and their weights.
NEOCOG_INLINE void DepthwisePixel(const Depthwise2d& g, int64_t count,
                                  const float* const* cells,
                                  const int64_t* taps, const float* packed,
                                  const float* bias, Clip clip, float* y) {
  const int64_t all = DepthwiseTaps(g);
  const int64_t multiplier = g.oc / g.c;
  const int lanes = static_cast<int>(Smaller(kLanes, g.oc));
  for (int64_t block = 0; block < VecsOf(g.oc); ++block) {
    const int64_t first = BlockChannel(block, g.oc);
    Vec sum = bias == nullptr ? Zero() : LoadN(bias + first, lanes);
    const float* weights = packed + block * kLanes * all;
    for (int64_t i = 0; i < count; ++i) {
      Vec x;
      if (multiplier == 1) {
        x = LoadN(cells[i] + first, lanes);
      } else {
        float spread[kLanes];
        for (int l = 0; l < kLanes; ++l) {
          spread[l] = l < lanes ? cells[i][(first + l) / multiplier] : 0;
        }
        x = Load(spread);
      }
      FmaInto(x, Load(weights + taps[i] * kLanes), &sum);
    }
    StoreN(y + first, Clipped(sum, clip), lanes);
  }
}

NEOCOG_INLINE void DepthwiseWindows(const Depthwise2d& g, const float* x,
                                    float* y, int64_t begin, int64_t end,
                                    const float* packed, const float* bias,
                                    Clip clip, const DepthwisePitch& pitch,
                                    float* scratch) {
  const int64_t taps = DepthwiseTaps(g);
  const float** cells = Take<const float*>(&scratch, PointerFloats(taps));
  int64_t* numbers = reinterpret_cast<int64_t*>(scratch);
  for (int64_t oy = begin; oy < end; ++oy) {
    for (int64_t ox = 0; ox < g.ow; ++ox) {
      int64_t count = 0;
      for (int64_t ky = 0; ky < g.kh; ++ky) {
        const int64_t iy = oy * g.sh + ky * g.dh - g.pt;
        if (iy < 0 || iy >= g.h) continue;
        for (int64_t kx = 0; kx < g.kw; ++kx) {
          const int64_t ix = ox * g.sw + kx * g.dw - g.pl;
          if (ix < 0 || ix >= g.w) continue;
          cells[count] = x + (iy * g.w + ix) * pitch.x;
          numbers[count++] = ky * g.kw + kx;
        }
      }
      DepthwisePixel(g, count, cells, numbers, packed, bias, clip,
                     y + (oy * g.ow + ox) * pitch.y);
    }
  }
}

// Items of output rows and parts of the channels, in patches. The weights of a
// block of kLanes channels are `block` floats.
template <class Geometry>
void PatchesRun(const Geometry& g, const PatchKernels& kernels,
                const float* bias, const PatchItem& size, int64_t block,
                const StepArgs& args, int64_t begin, int64_t end,
                float* scratch) {
  const int64_t blocks = BlocksOf(g.oh, size.rows);
  const int64_t vecs = VecsOf(g.c);
  const DepthwisePitch pitch = {PitchOf(args.in_pitch[0], g.c),
                                PitchOf(args.out_pitch[0], g.oc)};
  Patch patch;
  patch.clip = ClipOf(g.act, g.alpha, g.beta);
  for (int64_t item = begin; item < end;) {
    const int64_t rows = item / size.parts;
    const int64_t part = item % size.parts;
    const int64_t parts = Smaller(end - item, size.parts - part);
    item += parts;
    const int64_t low = vecs * part / size.parts;
    const int64_t high = vecs * (part + parts) / size.parts;
    const int64_t channel = low * kLanes;
    const int64_t channels = Smaller(high * kLanes, g.c) - channel;
    const int64_t sample = rows / blocks;
    const int64_t first = rows % blocks * size.rows;
    const int64_t last = Smaller(first + size.rows, g.oh);
    const float* x = args.in[0] + sample * args.in_stride[0] + channel;
    float* y = args.out[0] + sample * args.out_stride[0] + channel;
    patch.weights = args.packed + low * block;
    patch.bias = bias == nullptr ? nullptr : bias + channel;
    Patches(g, x, y, channels, first, last, kernels, &patch, pitch, scratch);
    ActivateRows(g.act, g.alpha, g.beta, y + first * g.ow * pitch.y,
                 (last - first) * g.ow, channels, pitch.y);
  }
}

void Depthwise2dRun(const void* geometry, const StepArgs& args, int64_t begin,
                    int64_t end, float* scratch) {
  const Depthwise2d& g = AsDepthwise(geometry);
  const PatchItem size = DepthwiseItem(g);
  const float* bias = g.bias ? args.in[2] : nullptr;
  const PatchKernels* kernels = PatchKernelsOf(g);
  if (kernels != nullptr) {
    return PatchesRun(g, *kernels, bias, size, DepthwiseTaps(g) * kLanes, args,
                      begin, end, scratch);
  }
  const int64_t rows = size.rows;
  const int64_t blocks = BlocksOf(g.oh, rows);
  const Clip clip = ClipOf(g.act, g.alpha, g.beta);
  const DepthwisePitch pitch = {PitchOf(args.in_pitch[0], g.c),
                                PitchOf(args.out_pitch[0], g.oc)};
  for (int64_t item = begin; item < end; ++item) {
    const int64_t sample = item / blocks;
    const int64_t first = item % blocks * rows;
    const int64_t last = Smaller(first + rows, g.oh);
    float* y = args.out[0] + sample * args.out_stride[0];
    DepthwiseWindows(g, args.in[0] + sample * args.in_stride[0], y, first, last,
                     args.packed, bias, clip, pitch, scratch);
    ActivateRows(g.act, g.alpha, g.beta, y + first * g.ow * pitch.y,
                 (last - first) * g.ow, g.oc, pitch.y);
  }
}

constexpr OpKernel kDepthwise2dKernel = {
    Depthwise2dPackedSize, Depthwise2dPackItems, Depthwise2dPack,
    Depthwise2dItems,      Depthwise2dItemCost,  Depthwise2dScratchSize,
    Depthwise2dRun};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_DEPTHWISE2D_H_
