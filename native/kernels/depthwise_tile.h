// The fast depthwise kernel: 2 rows x 4 columns of output at a time, lanes in
// the channels. Each input vector is loaded once per output row and window row.
#ifndef NEOCOG_KERNELS_DEPTHWISE_TILE_H_
#define NEOCOG_KERNELS_DEPTHWISE_TILE_H_

#include <stdint.h>

#include "../simd.h"
#include "activate.h"

namespace neocog {
namespace {

constexpr int kPatchRows = 2;
constexpr int kPatchCols = 4;
// Input cells that a 5x5 window with stride 2 asks for.
constexpr int kPatchInRows = (kPatchRows - 1) * 2 + 5;
constexpr int kPatchInCols = (kPatchCols - 1) * 2 + 5;

// A patch of output pixels, all channels.
struct Patch {
  // Where the input cells are: in a grid ...
  const float* x;
  int64_t x_row, x_col;  // floats from cell to cell
  // ... or, at the border, each on its own.
  const float* cell[kPatchInRows][kPatchInCols];
  float* y[kPatchRows][kPatchCols];
  const float* weights;  // [blocks][kh * kw][kLanes], see BlockChannel
  const float* bias;     // [channels] or null
  Clip clip;
};

// One block of kLanes channels, from `first` on, of a patch of kPatchRows x
// kCols pixels under a kSize x kSize window with stride kStride.
template <int kSize, int kStride, int kCols, bool kGrid>
NEOCOG_INLINE void PatchBlock(const Patch& p, int64_t first,
                              const float* weights) {
  const Vec bias = p.bias == nullptr ? Zero() : Load(p.bias + first);
  Vec sum[kPatchRows][kCols];
  NEOCOG_UNROLL for (int r = 0; r < kPatchRows; ++r) {
    NEOCOG_UNROLL for (int q = 0; q < kCols; ++q) sum[r][q] = bias;
  }
  NEOCOG_UNROLL for (int ky = 0; ky < kSize; ++ky) {
    Vec w[kSize];
    NEOCOG_UNROLL for (int kx = 0; kx < kSize; ++kx) {
      w[kx] = Load(weights + (ky * kSize + kx) * kLanes);
    }
    NEOCOG_UNROLL for (int r = 0; r < kPatchRows; ++r) {
      constexpr int kInCols = (kCols - 1) * kStride + kSize;
      const int i = r * kStride + ky;
      NEOCOG_UNROLL for (int j = 0; j < kInCols; ++j) {
        const Vec x = Load(
            (kGrid ? p.x + i * p.x_row + j * p.x_col : p.cell[i][j]) + first);
        NEOCOG_UNROLL for (int q = 0; q < kCols; ++q) {
          const int kx = j - q * kStride;
          if (kx >= 0 && kx < kSize) FmaInto(x, w[kx], &sum[r][q]);
        }
      }
    }
  }
  NEOCOG_UNROLL for (int r = 0; r < kPatchRows; ++r) {
    NEOCOG_UNROLL for (int q = 0; q < kCols; ++q) {
      Store(p.y[r][q] + first, Clipped(sum[r][q], p.clip));
    }
  }
}

// The last block overlaps the one before where the channels are no multiple of
// the lanes: it computes a few of them again.
template <int kSize, int kStride, int kCols, bool kGrid>
void PatchChannels(const Patch& p, int64_t channels) {
  const float* weights = p.weights;
  for (int64_t first = 0;; first += kLanes) {
    if (first > channels - kLanes) first = channels - kLanes;
    PatchBlock<kSize, kStride, kCols, kGrid>(p, first, weights);
    if (first + kLanes == channels) return;
    weights += kSize * kSize * kLanes;
  }
}

using PatchFn = void (*)(const Patch&, int64_t);

// [in a grid][columns - 1]
struct PatchKernels {
  PatchFn run[2][kPatchCols];
};

template <int kSize, int kStride>
constexpr PatchKernels kPatchKernels = {
    {{PatchChannels<kSize, kStride, 1, false>,
      PatchChannels<kSize, kStride, 2, false>,
      PatchChannels<kSize, kStride, 3, false>,
      PatchChannels<kSize, kStride, 4, false>},
     {PatchChannels<kSize, kStride, 1, false>,
      PatchChannels<kSize, kStride, 2, false>,
      PatchChannels<kSize, kStride, 3, true>,
      PatchChannels<kSize, kStride, 4, true>}}};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_DEPTHWISE_TILE_H_
