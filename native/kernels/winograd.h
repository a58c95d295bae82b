// Convolution of 3x3 windows with stride 1 by Winograd's minimal filtering: the
// tiles of the input are transformed, each of their points is a matrix product
// [tiles] x [c] x [oc] of its own, and the products are transformed back. With
// m x m outputs of a tile, (m + 2)^2 products take the place of 9 m^2.
#ifndef NEOCOG_KERNELS_WINOGRAD_H_
#define NEOCOG_KERNELS_WINOGRAD_H_

#include <stdint.h>

#include "../kernels.h"
#include "gemm.h"
#include "winograd_tile.h"

namespace neocog {
namespace {

// Tiles of a block, which the thread transforms once and reads again for each
// panel of weights.
constexpr int64_t kWinogradTiles = 32;

// Items that a small map is cut into, and columns that each of them has at
// least: every thread transforms the block for itself.
constexpr int64_t kWinogradItems = 8;
constexpr int64_t kWinogradColumns = 32;

// Vectors of a panel: two where that leaves a tile its many rows. Its weights
// then stay in the first cache for all tiles of the block, and narrow panels
// are easier to share.
constexpr int64_t kWinogradVecs = kTileVecs == 4 ? 2 : kTileVecs;

// Panels whose products are kept before they are transformed back.
constexpr int64_t kPassPanels =
    kWinogradVecs * kLanes >= 64 ? 1 : 64 / (kWinogradVecs * kLanes);

// Input channels whose weights are packed at once.
constexpr int64_t kPackChannels = 16;

struct WinogradSplit {
  int64_t down, across;  // tiles of a map
  int64_t tiles, blocks;
  int64_t groups;  // of panels
};

NEOCOG_INLINE Panels WinogradPanels(const Conv2d& g) {
  return PanelsOf(g.oc, kWinogradVecs);
}

NEOCOG_INLINE WinogradSplit WinogradSplitOf(const Conv2d& g, int64_t batch) {
  WinogradSplit s;
  s.down = BlocksOf(g.oh, g.winograd);
  s.across = BlocksOf(g.ow, g.winograd);
  s.tiles = batch * s.down * s.across;
  s.blocks = BlocksOf(s.tiles, kWinogradTiles);
  // Fours of equal blocks, which 2 or 4 threads share evenly.
  if (s.blocks > 4) s.blocks = BlocksOf(s.blocks, 4) * 4;
  const int64_t parts = Larger(g.oc / kWinogradColumns, 1);
  s.groups = Smaller(BlocksOf(kWinogradItems, s.blocks),
                     Smaller(parts, WinogradPanels(g).count));
  return s;
}

// Floats from one row or point to the next: an odd number of cache lines, so
// that neighbours are in different sets.
NEOCOG_INLINE int64_t OddLines(int64_t floats) { return Aligned(floats) | 16; }

// Widest row of products that a pass keeps.
NEOCOG_INLINE int64_t PassWidth(const Conv2d& g) {
  return Smaller(VecsOf(g.oc), kPassPanels * kMaxVecs) * kLanes;
}

NEOCOG_INLINE int64_t WinogradPoints(const Conv2d& g) {
  return TilePoints(g.winograd);
}

NEOCOG_INLINE int64_t WinogradPackedSize(const Conv2d& g) {
  return WinogradPoints(g) * PanelFloats(WinogradPanels(g), g.c);
}

NEOCOG_INLINE int64_t WinogradPackItems(const Conv2d& g) {
  return WinogradPanels(g).count * BlocksOf(g.c, kPackChannels);
}

// To [point][panel][c][width of the panel].
void WinogradPack(const Conv2d& g, const float* kernel, float* packed,
                  int64_t begin, int64_t end) {
  const Panels panels = WinogradPanels(g);
  const int64_t point = PanelFloats(panels, g.c);
  const int64_t parts = BlocksOf(g.c, kPackChannels);
  float cells[9 * kPackChannels * kMaxVecs * kLanes];
  for (int64_t item = begin; item < end; ++item) {
    const int64_t panel = item / parts;
    const int64_t first = item % parts * kPackChannels;
    const int64_t channels = Smaller(kPackChannels, g.c - first);
    const int64_t column = PanelColumn(panels, panel);
    const int64_t width = PanelVecs(panels, panel) * kLanes;
    const int64_t columns = Smaller(width, panels.columns - column);
    if (g.oihw) {
      const int64_t filter = static_cast<int64_t>(g.c) * 9;
      Transpose(kernel + column * filter + first * 9, filter, columns,
                channels * 9, cells, width, width, 9);
    } else {
      for (int64_t cell = 0; cell < 9; ++cell) {
        CopyRows(kernel + (cell * g.c + first) * g.oc + column, g.oc, channels,
                 columns, cells + cell * channels * width, width, width);
      }
    }
    float* to = packed + column * g.c + first * width;
    if (g.winograd == 2) {
      WeightTile<2>(cells, channels, width, to, point);
    } else {
      WeightTile<4>(cells, channels, width, to, point);
    }
  }
}

NEOCOG_INLINE int64_t WinogradItems(const Conv2d& g, int64_t batch) {
  const WinogradSplit s = WinogradSplitOf(g, batch);
  return s.blocks * s.groups;
}

NEOCOG_INLINE int64_t WinogradItemCost(const Conv2d& g) {
  const WinogradSplit s = WinogradSplitOf(g, 1);
  const int64_t vecs = BlocksOf(VecsOf(g.oc), s.groups);
  const int64_t products = static_cast<int64_t>(g.c) * vecs / 2;
  const int64_t transforms = 3 * (VecsOf(g.c) + vecs);
  return BlocksOf(s.tiles, s.blocks) * WinogradPoints(g) *
         (products + transforms);
}

// The memory of a thread, in floats.
struct WinogradSizes {
  int64_t point, tile;  // of the input: from one to the next
  int64_t input;        // [tiles][points][c]
  int64_t products;     // [tiles][points][columns of a pass]
  int64_t pointers;     // [tiles]
  int64_t zeros;        // [c]
  int64_t outside;      // [columns of a pass]
};

NEOCOG_INLINE WinogradSizes WinogradSizesOf(const Conv2d& g) {
  const int64_t tiles = kWinogradTiles;
  const int64_t points = WinogradPoints(g);
  const int64_t width = PassWidth(g);
  WinogradSizes s;
  s.point = OddLines(g.c);
  s.tile = OddLines(points * s.point);
  s.input = tiles * s.tile;
  s.products = tiles * OddLines(points * width);
  s.pointers = PointerFloats(tiles);
  s.zeros = Aligned(g.c);
  s.outside = Aligned(width);
  return s;
}

NEOCOG_INLINE int64_t WinogradScratchSize(const Conv2d& g) {
  const WinogradSizes s = WinogradSizesOf(g);
  return s.input + s.products + 2 * s.pointers + s.zeros + s.outside;
}

struct WinogradMemory {
  WinogradSizes sizes;
  float* input;
  float* products;
  const float** a;  // rows of the input
  float** c;        // and of the products
  float* zeros;     // cells outside of the image
  float* outside;   // pixels outside of the output, which nobody reads
};

NEOCOG_INLINE WinogradMemory WinogradMemoryOf(const Conv2d& g, float* scratch) {
  const WinogradSizes s = WinogradSizesOf(g);
  WinogradMemory memory;
  memory.sizes = s;
  memory.input = Take<float>(&scratch, s.input);
  memory.products = Take<float>(&scratch, s.products);
  memory.a = Take<const float*>(&scratch, s.pointers);
  memory.c = Take<float*>(&scratch, s.pointers);
  memory.zeros = Take<float>(&scratch, s.zeros);
  memory.outside = Take<float>(&scratch, s.outside);
  // As vectors: both are whole cache lines, one after the other.
  for (int64_t i = 0; i < s.zeros + s.outside; i += kLanes) {
    Store(memory.zeros + i, Zero());
  }
  return memory;
}

// A tile of the batch.
struct TilePlace {
  int64_t sample, y, x;  // its first output pixel
};

template <int kM>
NEOCOG_INLINE TilePlace PlaceOf(const WinogradSplit& s, int64_t tile) {
  const int64_t map = s.down * s.across;
  return {tile / map, tile % map / s.across * kM, tile % s.across * kM};
}

// Transforms the tiles [first, first + count).
template <int kM>
void WinogradInput(const Conv2d& g, const StepArgs& args,
                   const WinogradSplit& split, const WinogradMemory& memory,
                   int64_t first, int64_t count) {
  constexpr int kN = LinePoints(kM);
  const int64_t pixel = PitchOf(args.in_pitch[0], g.c);
  for (int64_t t = 0; t < count; ++t) {
    const TilePlace place = PlaceOf<kM>(split, first + t);
    const float* x = args.in[0] + place.sample * args.in_stride[0];
    const float* cells[TilePoints(kM)];
    for (int i = 0; i < kN; ++i) {
      const int64_t iy = place.y + i - g.pt;
      const bool inside = iy >= 0 && iy < g.h;
      const float* line = inside ? x + iy * g.w * pixel : x;
      for (int j = 0; j < kN; ++j) {
        const int64_t ix = place.x + j - g.pl;
        cells[i * kN + j] =
            inside && ix >= 0 && ix < g.w ? line + ix * pixel : memory.zeros;
      }
    }
    InputTile<kM>(cells, g.c, memory.input + t * memory.sizes.tile,
                  memory.sizes.point);
  }
}

// What is kept between the two transforms: some tiles times some panels.
struct WinogradPass {
  int64_t first, count;      // tiles
  int64_t begin, end, last;  // panels; those up to `last` follow
  int64_t column, width;     // of the panels, in whole vectors
  int64_t row;               // floats from the products of a tile to the next
};

NEOCOG_INLINE void WinogradProducts(const Conv2d& g, const float* packed,
                                    const WinogradMemory& memory,
                                    const WinogradPass& pass) {
  const Panels panels = WinogradPanels(g);
  const int64_t points = WinogradPoints(g);
  const int64_t point = PanelFloats(panels, g.c);
  for (int64_t t = 0; t < pass.count; ++t) {
    memory.a[t] = memory.input + t * memory.sizes.tile;
    memory.c[t] = memory.products + t * pass.row;
  }
  TileJob job = {};
  job.a = memory.a;
  job.a_rows = pass.count;
  job.taps = 1;
  job.run = g.c;
  job.c = memory.c;
  job.last = kLanes;
  job.b = packed + pass.column * g.c;
  for (int64_t p = 0; p < points; ++p) {
    job.a_offset = p * memory.sizes.point;
    for (int64_t panel = pass.begin; panel < pass.end; ++panel) {
      job.column = p * pass.width + PanelColumn(panels, panel) - pass.column;
      if (panel + 1 < pass.end) {
        job.next = job.b + PanelVecs(panels, panel) * kLanes * g.c;
      } else if (p + 1 < points) {
        job.next = packed + (p + 1) * point + pass.column * g.c;
      } else if (pass.end < pass.last) {
        job.next = packed + PanelColumn(panels, pass.end) * g.c;
      } else {
        job.next = job.b;
      }
      RunTiles(job, static_cast<int>(PanelVecs(panels, panel)), pass.count);
      job.b = job.next;
    }
  }
}

template <int kM>
void WinogradOutput(const Conv2d& g, const StepArgs& args,
                    const WinogradSplit& split, const WinogradMemory& memory,
                    const WinogradPass& pass) {
  Finish finish;
  finish.columns = Smaller(pass.width, g.oc - pass.column);
  finish.width = pass.width;
  finish.bias = g.bias ? args.in[2] + pass.column : nullptr;
  finish.residual = g.residual;
  finish.clip = ClipOf(g.act, g.alpha, g.beta);
  const int64_t to = PitchOf(args.out_pitch[0], g.oc);
  const int64_t from = g.residual ? PitchOf(args.in_pitch[3], g.oc) : 0;
  for (int64_t t = 0; t < pass.count; ++t) {
    const TilePlace place = PlaceOf<kM>(split, pass.first + t);
    const int64_t rows = Smaller(kM, g.oh - place.y);
    const int64_t columns = Smaller(kM, g.ow - place.x);
    const int64_t at = place.y * g.ow + place.x;
    float* const y =
        args.out[0] + place.sample * args.out_stride[0] + at * to + pass.column;
    const float* added = nullptr;
    if (g.residual) {
      added = args.in[3] + place.sample * args.in_stride[3] + at * from +
              pass.column;
    }
    float* out[kM * kM];
    const float* residual[kM * kM];
    for (int i = 0; i < kM; ++i) {
      for (int j = 0; j < kM; ++j) {
        const bool inside = i < rows && j < columns;
        const int64_t pixel = static_cast<int64_t>(i) * g.ow + j;
        out[i * kM + j] = inside ? y + pixel * to : memory.outside;
        residual[i * kM + j] =
            inside && g.residual ? added + pixel * from : memory.outside;
      }
    }
    OutputTile<kM>(finish, memory.products + t * pass.row, out, residual);
    for (int64_t i = 0; i < rows; ++i) {
      ActivateRows(g.act, g.alpha, g.beta, y + i * g.ow * to, columns,
                   finish.columns, to);
    }
  }
}

template <int kM>
void WinogradRunOf(const Conv2d& g, const StepArgs& args, int64_t begin,
                   int64_t end, float* scratch) {
  const WinogradSplit split = WinogradSplitOf(g, args.batch);
  const Panels panels = WinogradPanels(g);
  const WinogradMemory memory = WinogradMemoryOf(g, scratch);
  for (int64_t item = begin; item < end;) {
    const int64_t block = item / split.groups;
    const int64_t group = item % split.groups;
    // The groups of the block that are ours, as one.
    const int64_t after = Smaller(end - block * split.groups, split.groups);
    item = block * split.groups + after;
    WinogradPass pass;
    pass.first = block * split.tiles / split.blocks;
    pass.count = (block + 1) * split.tiles / split.blocks - pass.first;
    pass.last = after * panels.count / split.groups;
    pass.begin = group * panels.count / split.groups;
    if (args.held == nullptr || *args.held != block) {
      WinogradInput<kM>(g, args, split, memory, pass.first, pass.count);
      if (args.held != nullptr) *args.held = block;
    }
    for (; pass.begin < pass.last; pass.begin = pass.end) {
      pass.end = Smaller(pass.begin + kPassPanels, pass.last);
      pass.column = PanelColumn(panels, pass.begin);
      pass.width = PanelColumn(panels, pass.end) - pass.column;
      pass.row = OddLines(TilePoints(kM) * pass.width);
      WinogradProducts(g, args.packed, memory, pass);
      WinogradOutput<kM>(g, args, split, memory, pass);
    }
  }
}

NEOCOG_INLINE void WinogradRun(const Conv2d& g, const StepArgs& args,
                               int64_t begin, int64_t end, float* scratch) {
  if (g.winograd == 2) return WinogradRunOf<2>(g, args, begin, end, scratch);
  WinogradRunOf<4>(g, args, begin, end, scratch);
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_WINOGRAD_H_
