// y = act(conv(x, kernel) + bias + residual): x [h, w, c], kernel
// [kh, kw, c / groups, oc] or, with `oihw`, [oc, c / groups, kh, kw], residual
// and y [oh, ow, oc]; y may be the residual. A product whose rows are output
// pixels and whose K are the taps of the window, read through a table of
// pointers; for a single channel see conv_plane.h, for `winograd` winograd.h.
#ifndef NEOCOG_KERNELS_CONV2D_H_
#define NEOCOG_KERNELS_CONV2D_H_

#include <stdint.h>

#include "../kernels.h"
#include "conv_groups.h"
#include "conv_plane.h"
#include "gemm.h"
#include "window.h"
#include "winograd.h"

namespace neocog {
namespace {

NEOCOG_INLINE const Conv2d& AsConv2d(const void* g) {
  return *static_cast<const Conv2d*>(g);
}

// How the window is read. By cells: a tap is one cell, `c / groups` floats. By
// rows: a tap is a row of the window, kw * c neighbouring floats, because few
// channels make cells too short for the inner loop.
struct ConvTaps {
  bool by_rows;
  int64_t taps, run;
};

constexpr int64_t kRowMaxChannels = 16;
// Image rows that reach over the border are copied where rows are read; those
// of a block should stay in the second cache.
constexpr int64_t kRowMaxFloats = 512;

NEOCOG_INLINE ConvTaps TapsOf(const Conv2d& g) {
  const int64_t row = static_cast<int64_t>(g.kw) * g.c;
  if (g.kw > 1 && g.sw <= g.kw && g.groups == 1 && g.dw == 1 &&
      g.c <= kRowMaxChannels && g.kh * row <= kRowMaxFloats) {
    return {true, g.kh, row};
  }
  return {false, static_cast<int64_t>(g.kh) * g.kw, g.c / g.groups};
}

NEOCOG_INLINE Panels ConvPanels(const Conv2d& g) {
  return PanelsOf(g.oc / g.groups);
}

// K: floats of a window.
NEOCOG_INLINE int64_t ConvSteps(const Conv2d& g) {
  return static_cast<int64_t>(g.kh) * g.kw * (g.c / g.groups);
}

// Rows of a block at most: 32 KiB of pointers.
NEOCOG_INLINE int64_t ConvBlock(const Conv2d& g) {
  const int64_t rows = 4096 / TapsOf(g).taps / kTileRows * kTileRows;
  return Smaller(kBlockRows, Larger(rows, kTileRows));
}

NEOCOG_INLINE Split ConvSplit(const Conv2d& g, int64_t batch) {
  return SplitOf(batch * g.oh * g.ow, ConvBlock(g), ConvSteps(g),
                 ConvPanels(g));
}

int64_t Conv2dPackedSize(const void* geometry) {
  const Conv2d& g = AsConv2d(geometry);
  if (g.winograd) return WinogradPackedSize(g);
  if (IsPlane(g) || GroupKernelsOf(g) != nullptr) return ConvSteps(g) * g.oc;
  return g.groups * PanelFloats(ConvPanels(g), ConvSteps(g));
}

int64_t Conv2dPackItems(const void* geometry) {
  const Conv2d& g = AsConv2d(geometry);
  if (g.winograd) return WinogradPackItems(g);
  if (GroupKernelsOf(g) != nullptr) return 1;
  return IsPlane(g) ? 1 : g.groups * ConvPanels(g).count;
}

void Conv2dPack(const void* geometry, const float* kernel, float* packed,
                int64_t begin, int64_t end) {
  const Conv2d& g = AsConv2d(geometry);
  if (g.winograd) return WinogradPack(g, kernel, packed, begin, end);
  const Panels panels = ConvPanels(g);
  const int64_t k = ConvSteps(g);
  if (GroupKernelsOf(g) != nullptr) {
    if (begin < end) GroupsPack(g, kernel, packed);
    return;
  }
  if (IsPlane(g)) {
    if (begin == end) return;
    if (g.oihw) {
      Transpose(kernel, k, g.oc, k, packed, g.oc, g.oc);
    } else {
      CopyRows(kernel, 0, 1, k * g.oc, packed, 0, 0);
    }
    return;
  }
  for (int64_t item = begin; item < end; ++item) {
    const int64_t group = item / panels.count;
    const int64_t column = group * panels.columns;
    float* to = packed + group * PanelFloats(panels, k);
    if (g.oihw) {
      PackPanel(panels, item % panels.count, kernel + column * k, k, true, 0, k,
                k, to, static_cast<int64_t>(g.kh) * g.kw);
    } else {
      PackPanel(panels, item % panels.count, kernel + column, g.oc, false, 0, k,
                k, to);
    }
  }
}

int64_t Conv2dItems(const void* geometry, int64_t batch) {
  const Conv2d& g = AsConv2d(geometry);
  if (g.winograd) return WinogradItems(g, batch);
  if (IsPlane(g)) return PlaneItems(g, batch);
  if (GroupKernelsOf(g) != nullptr) return GroupsItems(g, batch);
  const Split split = ConvSplit(g, batch);
  return split.blocks * g.groups * split.groups * split.parts;
}

int64_t Conv2dItemCost(const void* geometry) {
  const Conv2d& g = AsConv2d(geometry);
  if (g.winograd) return WinogradItemCost(g);
  if (IsPlane(g)) return PlaneRows(g) * PlaneRowCost(g);
  if (GroupKernelsOf(g) != nullptr) return GroupsRows(g) * GroupsRowCost(g);
  return SplitCost(ConvSplit(g, 1), static_cast<int64_t>(g.oh) * g.ow,
                   ConvSteps(g));
}

int64_t Conv2dScratchSize(const void* geometry) {
  const Conv2d& g = AsConv2d(geometry);
  if (g.winograd) return WinogradScratchSize(g);
  if (IsPlane(g)) return PlaneScratch(g);
  if (GroupKernelsOf(g) != nullptr) return GroupsScratch(g);
  const int64_t rows = ConvBlock(g);
  const ConvTaps taps = TapsOf(g);
  return PointerFloats(taps.taps * rows) + 2 * PointerFloats(rows) +
         Aligned(Larger(g.c, taps.run)) +
         (taps.by_rows ? rows * ConvSteps(g) + kLanes : 0);
}

// Pointers of one block: a [taps][rows], c and residual [rows].
struct ConvTable {
  int64_t rows;
  const float** a;
  float** c;
  const float** residual;
  const float* zeros;
  int64_t pixel;  // floats from one input pixel to the next
  float* copies;  // rows * K floats and a vector more
};

// Output pixels [first, first + count) of row oy, at place `done` of the block.
NEOCOG_INLINE void ConvCells(const Conv2d& g, const float* x, int64_t oy,
                             int64_t first, int64_t count, int64_t done,
                             ConvTable* t) {
  for (int64_t ky = 0; ky < g.kh; ++ky) {
    const int64_t iy = oy * g.sh + ky * g.dh - g.pt;
    const bool inside = iy >= 0 && iy < g.h;
    const float* row = inside ? x + iy * g.w * t->pixel : x;
    for (int64_t kx = 0; kx < g.kw; ++kx) {
      const int64_t offset = kx * g.dw - g.pl;
      const Reach reach = inside ? ReachOf(offset, g.sw, g.w, g.ow) : Reach{};
      FillTap(row, offset, g.sw, t->pixel, reach, first, count, t->zeros,
              t->a + (ky * g.kw + kx) * t->rows + done);
    }
  }
}

// The same of pixels whose rows of the window are copied from the image row
// `row`, with zeros where they reach over the border.
NEOCOG_INLINE void CopyRuns(const Conv2d& g, const float* row, int64_t first,
                            int64_t count, const float** to, ConvTable* t) {
  if (count == 0) return;
  const int64_t begin = first * g.sw - g.pl;
  const int64_t end = begin + (count - 1) * g.sw + g.kw;
  if (t->pixel == g.c) {
    CopyPadded(row, static_cast<int64_t>(g.w) * g.c, begin * g.c, end * g.c,
               t->copies);
  } else {
    CopyPixels(row, t->pixel, g.w, g.c, begin, end, t->copies);
  }
  FillRun(t->copies, static_cast<int64_t>(g.sw) * g.c, count, to);
  t->copies += (end - begin) * g.c;
}

NEOCOG_INLINE void ConvRows(const Conv2d& g, const float* x, int64_t oy,
                            int64_t first, int64_t count, int64_t done,
                            ConvTable* t) {
  // The pixels whose windows lie within the image row, if its pixels lie
  // together.
  int64_t left = count, right = count;
  if (t->pixel == g.c) {
    const Reach starts = ReachOf(-g.pl, g.sw, g.w, g.ow);
    const Reach ends = ReachOf(g.kw - 1 - g.pl, g.sw, g.w, g.ow);
    left = Smaller(Larger(starts.begin - first, 0), count);
    right = Larger(Smaller(ends.end - first, count), left);
  }
  const int64_t inside = ((first + left) * g.sw - g.pl) * g.c;
  for (int64_t ky = 0; ky < g.kh; ++ky) {
    const int64_t iy = oy * g.sh + ky * g.dh - g.pt;
    const float** to = t->a + ky * t->rows + done;
    if (iy < 0 || iy >= g.h) {
      FillRun(t->zeros, 0, count, to);
      continue;
    }
    const float* row = x + iy * g.w * t->pixel;
    CopyRuns(g, row, first, left, to, t);
    FillRun(row + inside, static_cast<int64_t>(g.sw) * g.c, right - left,
            to + left);
    CopyRuns(g, row, first + right, count - right, to + right, t);
  }
}

// Fills the table for the output pixels [pixel, pixel + rows) of the batch.
NEOCOG_INLINE void FillTable(const Conv2d& g, const StepArgs& args,
                             int64_t pixel, ConvTable t) {
  const bool by_rows = TapsOf(g).by_rows;
  const int64_t pixels = static_cast<int64_t>(g.oh) * g.ow;
  int64_t sample = pixel / pixels;
  int64_t oy = pixel % pixels / g.ow;
  int64_t ox = pixel % g.ow;
  const int64_t to = PitchOf(args.out_pitch[0], g.oc);
  for (int64_t done = 0; done < t.rows;) {
    const int64_t count = Smaller(g.ow - ox, t.rows - done);
    const float* x = args.in[0] + sample * args.in_stride[0];
    const int64_t at = oy * g.ow + ox;
    float* y = args.out[0] + sample * args.out_stride[0] + at * to;
    for (int64_t i = 0; i < count; ++i, y += to) t.c[done + i] = y;
    if (g.residual) {
      const int64_t from = PitchOf(args.in_pitch[3], g.oc);
      FillRun(args.in[3] + sample * args.in_stride[3] + at * from, from, count,
              t.residual + done);
    }
    if (by_rows) {
      ConvRows(g, x, oy, ox, count, done, &t);
    } else {
      ConvCells(g, x, oy, ox, count, done, &t);
    }
    done += count;
    ox = 0;
    if (++oy == g.oh) {
      oy = 0;
      ++sample;
    }
  }
}

// A window of one cell that meets every cell takes an image as one long row.
NEOCOG_INLINE Conv2d InOneRow(Conv2d g) {
  if (g.kh == 1 && g.kw == 1 && g.sh == 1 && g.sw == 1 && g.oh == g.h &&
      g.ow == g.w) {
    g.ow = g.w = g.h * g.w;
    g.oh = g.h = 1;
  }
  return g;
}

void Conv2dRun(const void* geometry, const StepArgs& args, int64_t begin,
               int64_t end, float* scratch) {
  const Conv2d& whole = AsConv2d(geometry);
  if (whole.winograd) return WinogradRun(whole, args, begin, end, scratch);
  if (IsPlane(whole)) return PlaneRun(whole, args, begin, end, scratch);
  if (const PatchKernels* kernels = GroupKernelsOf(whole)) {
    return GroupsRun(whole, *kernels, args, begin, end, scratch);
  }
  const Conv2d g = InOneRow(whole);
  const Split split = ConvSplit(g, args.batch);
  const ConvTaps taps = TapsOf(g);
  const int64_t block_rows = ConvBlock(g);
  const float** a =
      Take<const float*>(&scratch, PointerFloats(taps.taps * block_rows));
  float** c = Take<float*>(&scratch, PointerFloats(block_rows));
  const float** residual =
      Take<const float*>(&scratch, PointerFloats(block_rows));
  const int64_t zero_floats = Aligned(Larger(g.c, taps.run));
  float* zeros = Take<float>(&scratch, zero_floats);
  for (int64_t i = 0; i < zero_floats; i += kLanes) Store(zeros + i, Zero());

  Gemm gemm = {ConvPanels(g), taps.taps, taps.run, nullptr,
               nullptr,       g.act,     g.alpha,  g.beta};
  const int64_t packed = PanelFloats(gemm.panels, ConvSteps(g));
  const int64_t pixels = args.batch * g.oh * g.ow;
  const int64_t per_group = split.groups * split.parts;
  const int64_t per_block = g.groups * per_group;
  int64_t current = -1, filled = 0;
  RowTable table = {a, c, 0, 0, 0, 0, g.residual ? residual : nullptr};
  for (int64_t item = begin; item < end;) {
    const int64_t block = item / per_block;
    const int64_t group = item / per_group % g.groups;
    const int64_t pixel = block * split.rows;
    const int64_t rows = Smaller(split.rows, pixels - pixel);
    const int64_t first = item % per_group;
    Area area;
    item += NextArea(split, gemm.panels, rows, first,
                     Smaller(first + end - item, per_group), &area) -
            first;
    if (area.row == area.row_end) continue;
    if (block != current) {
      // The last area of the block here needs its own rows only.
      const bool last = item == end || item % per_block == 0;
      filled = last ? area.row : 0;
      table.rows = last ? area.row_end - filled : rows;
      table.stride = table.rows;
      FillTable(g, args, pixel + filled,
                {table.rows, a, c, residual, zeros,
                 PitchOf(args.in_pitch[0], g.c), scratch});
      current = block;
    }
    table.a_offset = group * gemm.run;
    table.c_offset = group * gemm.panels.columns;
    gemm.b = args.packed + group * packed;
    if (g.bias) gemm.bias = args.in[2] + table.c_offset;
    GemmBlock(gemm, RowsOf(table, filled, area), area.panel, area.panel_end);
  }
}

constexpr OpKernel kConv2dKernel = {
    Conv2dPackedSize, Conv2dPackItems,   Conv2dPack, Conv2dItems,
    Conv2dItemCost,   Conv2dScratchSize, Conv2dRun};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_CONV2D_H_
