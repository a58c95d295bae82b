// y = act(transposed convolution of x + bias): x [h, w, c],
// kernel [kh, kw, oc, c], y [oh, ow, oc]; x[iy, ix] reaches
// y[iy sh + ky dh - pt, ix sw + kx dw - pl].
//
// Output pixels with the same remainder modulo the strides make a phase: all of
// them see the same taps. Each phase is a product of its own, so that nothing
// is added into memory and no two threads write the same pixel.
#ifndef NEOCOG_KERNELS_CONVTRANSPOSE2D_H_
#define NEOCOG_KERNELS_CONVTRANSPOSE2D_H_

#include <stdint.h>

#include "../kernels.h"
#include "gemm.h"
#include "window.h"

namespace neocog {
namespace {

NEOCOG_INLINE const ConvTranspose2d& AsTransposed(const void* g) {
  return *static_cast<const ConvTranspose2d*>(g);
}

// One axis of a phase: outputs phase + stride * j, taps first + step * t.
// Tap t of output j reads input j + shift - back * t.
struct PhaseAxis {
  int64_t outputs;
  int64_t first, step, taps;
  int64_t shift, back;
};

NEOCOG_INLINE int64_t CommonDivisor(int64_t a, int64_t b) {
  while (b != 0) {
    const int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

NEOCOG_INLINE PhaseAxis PhaseAxisOf(int64_t phase, int64_t outputs,
                                    int64_t window, int64_t stride,
                                    int64_t dilation, int64_t pad) {
  PhaseAxis axis;
  axis.outputs = phase < outputs ? (outputs - 1 - phase) / stride + 1 : 0;
  axis.step = stride / CommonDivisor(stride, dilation);
  axis.back = axis.step * dilation / stride;
  axis.first = 0;
  while (axis.first < axis.step && axis.first < window &&
         (phase + pad - axis.first * dilation) % stride != 0) {
    ++axis.first;
  }
  const bool none = axis.first >= axis.step || axis.first >= window;
  axis.taps = none ? 0 : (window - 1 - axis.first) / axis.step + 1;
  axis.shift = none ? 0 : (phase + pad - axis.first * dilation) / stride;
  return axis;
}

NEOCOG_INLINE PhaseAxis PhaseRows(const ConvTranspose2d& g, int64_t phase) {
  return PhaseAxisOf(phase, g.oh, g.kh, g.sh, g.dh, g.pt);
}
NEOCOG_INLINE PhaseAxis PhaseCols(const ConvTranspose2d& g, int64_t phase) {
  return PhaseAxisOf(phase, g.ow, g.kw, g.sw, g.dw, g.pl);
}

// The most taps that any phase has.
NEOCOG_INLINE int64_t PhaseTaps(const ConvTranspose2d& g) {
  const PhaseAxis y = PhaseRows(g, 0), x = PhaseCols(g, 0);
  return ((g.kh - 1) / y.step + 1) * ((g.kw - 1) / x.step + 1);
}

NEOCOG_INLINE int64_t TransposedBlock(const ConvTranspose2d& g) {
  const int64_t rows = 4096 / PhaseTaps(g) / kTileRows * kTileRows;
  return Smaller(kBlockRows, Larger(rows, kTileRows));
}

// The first phase is a largest one; all are cut like it.
NEOCOG_INLINE Split TransposedSplit(const ConvTranspose2d& g, int64_t batch) {
  const int64_t pixels = PhaseRows(g, 0).outputs * PhaseCols(g, 0).outputs;
  return SplitOf(batch * pixels, TransposedBlock(g), PhaseTaps(g) * g.c,
                 PanelsOf(g.oc));
}

// Phases that have a pixel: with a stride beyond the output there are fewer
// than the stride.
NEOCOG_INLINE int64_t RowPhases(const ConvTranspose2d& g) {
  return Smaller(g.sh, g.oh);
}
NEOCOG_INLINE int64_t ColPhases(const ConvTranspose2d& g) {
  return Smaller(g.sw, g.ow);
}
NEOCOG_INLINE int64_t Phases(const ConvTranspose2d& g) {
  return RowPhases(g) * ColPhases(g);
}

// Every tap belongs to one phase at most.
int64_t ConvTranspose2dPackedSize(const void* geometry) {
  const ConvTranspose2d& g = AsTransposed(geometry);
  return PanelFloats(PanelsOf(g.oc), static_cast<int64_t>(g.kh) * g.kw * g.c);
}

int64_t ConvTranspose2dPackItems(const void* geometry) {
  return PanelsOf(AsTransposed(geometry).oc).count;
}

// Taps of one axis that belong to the phases before `phase`: tap k belongs to
// the remainder of k * dilation - pad.
NEOCOG_INLINE int64_t TapsBelow(int64_t phase, int64_t window, int64_t stride,
                                int64_t dilation, int64_t pad) {
  int64_t taps = 0;
  for (int64_t k = 0; k < window; ++k) {
    const int64_t rest = (k * dilation - pad) % stride;
    if ((rest < 0 ? rest + stride : rest) < phase) ++taps;
  }
  return taps;
}
NEOCOG_INLINE int64_t RowTapsBelow(const ConvTranspose2d& g, int64_t phase) {
  return TapsBelow(phase, g.kh, g.sh, g.dh, g.pt);
}
NEOCOG_INLINE int64_t ColTapsBelow(const ConvTranspose2d& g, int64_t phase) {
  return TapsBelow(phase, g.kw, g.sw, g.dw, g.pl);
}

// Where the weights of phase (py, px) begin, in taps. Phases are in row order.
NEOCOG_INLINE int64_t TapsBefore(const ConvTranspose2d& g, int64_t py,
                                 int64_t px) {
  return RowTapsBelow(g, py) * ColTapsBelow(g, ColPhases(g)) +
         PhaseRows(g, py).taps * ColTapsBelow(g, px);
}

void ConvTranspose2dPack(const void* geometry, const float* kernel,
                         float* packed, int64_t begin, int64_t end) {
  const ConvTranspose2d& g = AsTransposed(geometry);
  const Panels panels = PanelsOf(g.oc);
  const int64_t c = g.c;
  for (int64_t phase = 0; phase < Phases(g); ++phase) {
    const PhaseAxis y = PhaseRows(g, phase / ColPhases(g));
    const PhaseAxis x = PhaseCols(g, phase % ColPhases(g));
    const int64_t all = y.taps * x.taps * c;
    for (int64_t tap = 0; tap < y.taps * x.taps; ++tap) {
      const int64_t ky = y.first + tap / x.taps * y.step;
      const int64_t kx = x.first + tap % x.taps * x.step;
      for (int64_t panel = begin; panel < end; ++panel) {
        PackPanel(panels, panel, kernel + (ky * g.kw + kx) * g.oc * c, c, true,
                  tap * c, c, all, packed);
      }
    }
    packed += PanelFloats(panels, all);
  }
}

int64_t ConvTranspose2dItems(const void* geometry, int64_t batch) {
  const ConvTranspose2d& g = AsTransposed(geometry);
  const Split split = TransposedSplit(g, batch);
  return Phases(g) * split.blocks * split.groups * split.parts;
}

int64_t ConvTranspose2dItemCost(const void* geometry) {
  const ConvTranspose2d& g = AsTransposed(geometry);
  const Split split = TransposedSplit(g, 1);
  return SplitCost(split, split.rows, PhaseTaps(g) * g.c);
}

int64_t ConvTranspose2dScratchSize(const void* geometry) {
  const ConvTranspose2d& g = AsTransposed(geometry);
  const int64_t rows = TransposedBlock(g);
  return PointerFloats(PhaseTaps(g) * rows) + PointerFloats(rows) +
         Aligned(g.c);
}

// Pointers of the pixels [first, first + rows) of phase (py, px), counted over
// the batch: a [taps][rows], c [rows].
NEOCOG_INLINE void PhaseTable(const ConvTranspose2d& g, const StepArgs& args,
                              const PhaseAxis& y, const PhaseAxis& x,
                              int64_t py, int64_t px, int64_t first,
                              int64_t rows, const float* zeros, const float** a,
                              float** c) {
  int64_t sample = first / (y.outputs * x.outputs);
  int64_t j = first / x.outputs % y.outputs;
  int64_t i = first % x.outputs;
  const int64_t pixel = PitchOf(args.out_pitch[0], g.oc);
  for (int64_t done = 0; done < rows;) {
    const int64_t count = Smaller(x.outputs - i, rows - done);
    const float* in = args.in[0] + sample * args.in_stride[0];
    float* out = args.out[0] + sample * args.out_stride[0] +
                 ((py + j * g.sh) * g.ow + px + i * g.sw) * pixel;
    const int64_t out_step = g.sw * pixel;
    for (int64_t p = 0; p < count; ++p) c[done + p] = out + p * out_step;
    const float** to = a + done;
    for (int64_t ty = 0; ty < y.taps; ++ty) {
      const int64_t iy = j + y.shift - y.back * ty;
      const bool inside = iy >= 0 && iy < g.h;
      const float* row = inside ? in + iy * g.w * g.c : in;
      for (int64_t tx = 0; tx < x.taps; ++tx, to += rows) {
        const int64_t offset = x.shift - x.back * tx;
        const Reach reach =
            inside ? ReachOf(offset, 1, g.w, x.outputs) : Reach{};
        FillTap(row, offset, 1, g.c, reach, i, count, zeros, to);
      }
    }
    done += count;
    i = 0;
    if (++j == y.outputs) {
      j = 0;
      ++sample;
    }
  }
}

void ConvTranspose2dRun(const void* geometry, const StepArgs& args,
                        int64_t begin, int64_t end, float* scratch) {
  const ConvTranspose2d& g = AsTransposed(geometry);
  const Split split = TransposedSplit(g, args.batch);
  const int64_t block_rows = TransposedBlock(g);
  const float** a =
      Take<const float*>(&scratch, PointerFloats(PhaseTaps(g) * block_rows));
  float** c = Take<float*>(&scratch, PointerFloats(block_rows));
  float* zeros = scratch;
  for (int64_t i = 0; i < g.c; ++i) zeros[i] = 0;

  const Panels panels = PanelsOf(g.oc);
  const float* bias = g.bias ? args.in[2] : nullptr;
  const int64_t per_block = split.groups * split.parts;
  int64_t current = -1, filled = 0;
  RowTable table = {a, c, 0, 0, 0, 0, nullptr};
  for (int64_t item = begin; item < end;) {
    const int64_t block = item / per_block;
    const int64_t phase = block / split.blocks;
    const int64_t py = phase / ColPhases(g), px = phase % ColPhases(g);
    const PhaseAxis y = PhaseRows(g, py), x = PhaseCols(g, px);
    const int64_t pixel = block % split.blocks * split.rows;
    const int64_t pixels = args.batch * y.outputs * x.outputs;
    const int64_t rows = Smaller(split.rows, pixels - pixel);
    const int64_t first = item % per_block;
    if (rows <= 0) {  // smaller phases need fewer blocks
      item += per_block - first;
      continue;
    }
    Area area;
    item += NextArea(split, panels, rows, first,
                     Smaller(first + end - item, per_block), &area) -
            first;
    if (area.row == area.row_end) continue;
    if (block != current) {
      // The last area of the block here needs its own rows only.
      const bool last = item == end || item % per_block == 0;
      filled = last ? area.row : 0;
      table.rows = last ? area.row_end - filled : rows;
      table.stride = table.rows;
      PhaseTable(g, args, y, x, py, px, pixel + filled, table.rows, zeros, a,
                 c);
      current = block;
    }
    const float* packed =
        args.packed + PanelFloats(panels, TapsBefore(g, py, px) * g.c);
    const Gemm gemm = {panels, y.taps * x.taps, g.c,     packed,
                       bias,   g.act,           g.alpha, g.beta};
    GemmBlock(gemm, RowsOf(table, filled, area), area.panel, area.panel_end);
  }
}

constexpr OpKernel kConvTranspose2dKernel = {
    ConvTranspose2dPackedSize, ConvTranspose2dPackItems,
    ConvTranspose2dPack,       ConvTranspose2dItems,
    ConvTranspose2dItemCost,   ConvTranspose2dScratchSize,
    ConvTranspose2dRun};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_CONVTRANSPOSE2D_H_
