// y = act(a b + bias): a [groups, m, k], b [groups, k, n], y [groups, m, n],
// with the last two axes of a or b swapped where `ta` or `tb` says so.
#ifndef NEOCOG_KERNELS_MATMUL_H_
#define NEOCOG_KERNELS_MATMUL_H_

#include <stdint.h>

#include "../kernels.h"
#include "gemm.h"
#include "half.h"

namespace neocog {
namespace {

NEOCOG_INLINE const Matmul& AsMatmul(const void* g) {
  return *static_cast<const Matmul*>(g);
}

int64_t MatmulPackedSize(const void* geometry) {
  const Matmul& g = AsMatmul(geometry);
  // Two halves are a float; a panel has an even number of either.
  return g.groups * PanelFloats(PanelsOf(g.n), g.k) / (g.half ? 2 : 1);
}

int64_t MatmulPackItems(const void* geometry) {
  const Matmul& g = AsMatmul(geometry);
  return g.groups * PanelsOf(g.n).count;
}

void MatmulPack(const void* geometry, const float* b, float* packed,
                int64_t begin, int64_t end) {
  const Matmul& g = AsMatmul(geometry);
  const Panels panels = PanelsOf(g.n);
  const int64_t k = g.k;
  for (int64_t item = begin; item < end; ++item) {
    const int64_t group = item / panels.count;
    const int64_t panel = item % panels.count;
    const int64_t before = group * PanelFloats(panels, k);
    const float* const from = b + group * k * g.n;
    const int64_t row = g.tb ? k : g.n;
    if (g.half) {
      PackHalfPanel(panels, panel, from, row, g.tb != 0, k,
                    reinterpret_cast<uint16_t*>(packed) + before);
    } else {
      PackPanel(panels, panel, from, row, g.tb != 0, 0, k, k, packed + before);
    }
  }
}

int64_t MatmulUnpackItems(const void* geometry) {
  return AsMatmul(geometry).half ? 0 : MatmulPackItems(geometry);
}

void MatmulUnpack(const void* geometry, const float* packed, float* b,
                  int64_t begin, int64_t end) {
  const Matmul& g = AsMatmul(geometry);
  const Panels panels = PanelsOf(g.n);
  const int64_t k = g.k;
  for (int64_t item = begin; item < end; ++item) {
    const int64_t group = item / panels.count;
    UnpackPanel(panels, item % panels.count,
                packed + group * PanelFloats(panels, k), g.tb ? k : g.n,
                g.tb != 0, k, b + group * k * g.n);
  }
}

// Rows that lie a multiple of 2 KiB apart share one or two sets of the first
// cache: they are copied, like rows whose elements are not neighbours.
NEOCOG_INLINE bool MatmulCopies(const Matmul& g) {
  return (g.ta && g.m > 1) || g.k % 512 == 0;
}

// The rows of a group over the whole batch: with m = 1, a dense layer, they are
// the samples, so that a batch is one product and not many lines. Each item
// copies its rows anew, which pays from about 512 columns on.
NEOCOG_INLINE Split MatmulSplit(const Matmul& g, int64_t batch) {
  const int64_t columns = MatmulCopies(g) && batch * g.m > 1 ? 512 : 1;
  return SplitOf(batch * g.m, kBlockRows, g.k, PanelsOf(g.n), columns);
}

// Floats from one copied row to the next: an odd number of cache lines.
NEOCOG_INLINE int64_t CopiedRow(const Matmul& g) {
  return Aligned(ChunksOf(1, g.k).size) / 32 * 32 + 48;
}

int64_t MatmulItems(const void* geometry, int64_t batch) {
  const Matmul& g = AsMatmul(geometry);
  const Split split = MatmulSplit(g, batch);
  return g.groups * split.blocks * split.groups * split.parts;
}

int64_t MatmulItemCost(const void* geometry) {
  const Matmul& g = AsMatmul(geometry);
  return SplitCost(MatmulSplit(g, 1), g.m, g.k);
}

int64_t MatmulScratchSize(const void* geometry) {
  const Matmul& g = AsMatmul(geometry);
  return 2 * PointerFloats(kBlockRows) +
         (MatmulCopies(g) ? kBlockRows * CopiedRow(g) : 0) +
         (g.half ? kWideFloats : 0);
}

// Copies the steps of `chunk` of rows [row, row + rows) of a group's a, which
// begin at a + sample * stride.
NEOCOG_INLINE void MatmulCopy(const Matmul& g, const float* a, int64_t stride,
                              int64_t row, int64_t rows, const Chunk& chunk,
                              float* to, int64_t to_row) {
  const int64_t m = g.m;
  for (int64_t done = 0; done < rows;) {
    const int64_t sample = (row + done) / m;
    const int64_t i = (row + done) % m;
    const int64_t now = Smaller(m - i, rows - done);
    const float* from = a + sample * stride;
    if (g.ta) {
      Transpose(from + chunk.first * m + i, m, chunk.run, now,
                to + done * to_row, to_row, chunk.run);
    } else {
      CopyRows(from + i * g.k + chunk.first, g.k, now, chunk.run,
               to + done * to_row, to_row, chunk.run);
    }
    done += now;
  }
}

void MatmulRun(const void* geometry, const StepArgs& args, int64_t begin,
               int64_t end, float* scratch) {
  const Matmul& g = AsMatmul(geometry);
  const int64_t m = g.m, n = g.n, k = g.k;
  const Split split = MatmulSplit(g, args.batch);
  const Chunks chunks = ChunksOf(1, k);
  const int64_t to_row = CopiedRow(g);
  const float** a_rows =
      Take<const float*>(&scratch, PointerFloats(kBlockRows));
  float** c_rows = Take<float*>(&scratch, PointerFloats(kBlockRows));
  float* const wide = Take<float>(&scratch, g.half ? kWideFloats : 0);
  float* const copy = scratch;
  Gemm gemm = {
      PanelsOf(n), 1,       k,     nullptr, g.bias ? args.in[2] : nullptr,
      g.act,       g.alpha, g.beta};

  const int64_t per_block = split.groups * split.parts;
  int64_t current = -1, filled = 0;
  RowTable table = {a_rows, c_rows, 0, 0, 0, 0, nullptr};
  for (int64_t item = begin; item < end;) {
    const int64_t block = item / per_block;
    const int64_t group = block / split.blocks;
    const int64_t row = block % split.blocks * split.rows;
    const int64_t rows = Smaller(split.rows, args.batch * m - row);
    const int64_t first = item % per_block;
    Area area;
    item += NextArea(split, gemm.panels, rows, first,
                     Smaller(first + end - item, per_block), &area) -
            first;
    if (area.row == area.row_end) continue;
    const float* const a = args.in[0] + group * m * k;
    const bool copies = MatmulCopies(g) && (g.ta ? m > 1 : rows > kTileRows);
    const int64_t before = group * PanelFloats(gemm.panels, k);
    gemm.b = g.half ? nullptr : args.packed + before;
    const uint16_t* const half =
        g.half ? reinterpret_cast<const uint16_t*>(args.packed) + before
               : nullptr;
    const auto multiply = [&](const RowTable& rows_of, const Chunk& chunk) {
      if (g.half) {
        HalfChunk(gemm, half, rows_of, chunk, area.panel, area.panel_end, wide);
      } else {
        GemmChunk(gemm, rows_of, chunk, area.panel, area.panel_end);
      }
    };
    const bool fresh = block != current;
    if (fresh) {
      // The last area of the block here needs its own rows only.
      const bool last = item == end || item % per_block == 0;
      filled = last ? area.row : 0;
      table.rows = last ? area.row_end - filled : rows;
      table.stride = table.rows;
      int64_t sample = (row + filled) / m, at = (row + filled) % m;
      for (int64_t i = 0; i < table.rows; ++i) {
        c_rows[i] =
            args.out[0] + sample * args.out_stride[0] + (group * m + at) * n;
        a_rows[i] = copies ? copy + i * to_row
                           : a + sample * args.in_stride[0] + at * k;
        if (++at == m) {
          at = 0;
          ++sample;
        }
      }
      current = block;
    }
    const RowTable part = RowsOf(table, filled, area);
    if (!copies && g.half) {
      HalfBlock(gemm, half, part, area.panel, area.panel_end, wide);
    } else if (!copies) {
      GemmBlock(gemm, part, area.panel, area.panel_end);
    } else if (chunks.count == 1) {
      if (fresh) {
        MatmulCopy(g, a, args.in_stride[0], row + filled, table.rows,
                   ChunkAt(chunks, 0), copy, to_row);
      }
      multiply(part, ChunkAt(chunks, 0));
    } else {
      for (int64_t c = 0; c < chunks.count; ++c) {
        const Chunk chunk = ChunkAt(chunks, c);
        MatmulCopy(g, a, args.in_stride[0], row + area.row, part.rows, chunk,
                   copy + (area.row - filled) * to_row, to_row);
        multiply(part, chunk);
      }
    }
  }
}

constexpr OpKernel kMatmulKernel = {
    MatmulPackedSize, MatmulPackItems,   MatmulPack,
    MatmulItems,      MatmulItemCost,    MatmulScratchSize,
    MatmulRun,        MatmulUnpackItems, MatmulUnpack};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_MATMUL_H_
