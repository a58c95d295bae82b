// C = act(A B + bias) for a block of rows: A by pointers (so that a convolution
// never copies its windows), B packed in panels, K summed in order.
#ifndef NEOCOG_KERNELS_GEMM_H_
#define NEOCOG_KERNELS_GEMM_H_

#include <stdint.h>

#include "blocks.h"
#include "line.h"
#include "pack.h"
#include "tile.h"

namespace neocog {
namespace {

// Rows of a block: enough tiles to use a panel of weights 16 times, few enough
// to keep A in the second cache and to give threads something to share. Maps of
// 14, 28 and 56 pixels make an even number of equal blocks.
constexpr int64_t kBlockRows = 98;

// Steps of K after which the sums rest in C: a panel of 64 columns and 1024
// steps takes 256 KiB, a block of A 384 KiB, of the second cache.
constexpr int64_t kChunkSteps = 1024;

// Cycles of an item where the shape lets us choose: about 3 microseconds. The
// threads of a region end about so far apart; a kernel that is given many items
// at once takes what lies together at once.
constexpr int64_t kItemCycles = 8192;

// One product: what all its blocks have in common.
struct Gemm {
  Panels panels;
  int64_t taps, run;  // K = taps * run
  const float* b;     // packed, see pack.h
  const float* bias;  // [columns] or null
  int32_t act;
  float alpha, beta;
};

// Rows of a block, or some of them.
struct RowTable {
  const float* const* a;  // [taps][stride]: where `run` floats begin
  float* const* c;        // [rows]: where the columns begin
  int64_t rows, stride;
  int64_t a_offset;              // floats to add to each pointer of a
  int64_t c_offset;              // and of c and residual
  const float* const* residual;  // [rows]: added to the bias, or null
};

// A part of K: all of it, some taps, or some steps of the only tap.
struct Chunk {
  int64_t first;  // steps before it
  int64_t taps, run;
  bool resume, last;
};

// The job of a panel within a chunk, all but its weights.
NEOCOG_INLINE TileJob BareJob(const Gemm& gemm, const RowTable& table,
                              const Chunk& chunk, int64_t panel) {
  const Panels& p = gemm.panels;
  const int64_t column = PanelColumn(p, panel);
  const int64_t width = PanelVecs(p, panel) * kLanes;
  const int64_t left = p.columns - column;
  TileJob job;
  job.a = table.a;
  job.a_rows = table.stride;
  job.a_offset = table.a_offset;
  job.taps = chunk.taps;
  job.run = chunk.run;
  job.b = nullptr;
  job.next = nullptr;
  job.c = table.c;
  job.residual = table.residual;
  job.column = table.c_offset + column;
  job.bias = gemm.bias == nullptr ? nullptr : gemm.bias + column;
  job.last = static_cast<int>(left < width ? left - (width - kLanes) : kLanes);
  job.resume = chunk.resume;
  job.act = chunk.last ? gemm.act : static_cast<int32_t>(Act::k_none);
  job.alpha = gemm.alpha;
  job.beta = gemm.beta;
  return job;
}

// Weights of K before those of `panel` in `chunk`.
NEOCOG_INLINE int64_t WeightsBefore(const Gemm& gemm, const Chunk& chunk,
                                    int64_t panel) {
  const Panels& p = gemm.panels;
  return PanelColumn(p, panel) * gemm.taps * gemm.run +
         chunk.first * PanelVecs(p, panel) * kLanes;
}

NEOCOG_INLINE TileJob JobOf(const Gemm& gemm, const RowTable& table,
                            const Chunk& chunk, int64_t panel) {
  TileJob job = BareJob(gemm, table, chunk, panel);
  job.b = gemm.b + WeightsBefore(gemm, chunk, panel);
  const bool more = panel + 1 < gemm.panels.count;
  job.next = more ? gemm.b + WeightsBefore(gemm, chunk, panel + 1) : job.b;
  return job;
}

NEOCOG_INLINE void GemmChunk(const Gemm& gemm, const RowTable& table,
                             const Chunk& chunk, int64_t begin, int64_t end) {
  for (int64_t panel = begin; panel < end; ++panel) {
    RunTiles(JobOf(gemm, table, chunk, panel),
             static_cast<int>(PanelVecs(gemm.panels, panel)), table.rows);
  }
}

// One row times the panels [begin, end), in groups of about as many. `b` are
// the packed weights.
template <typename W>
NEOCOG_INLINE void GemmLine(const Gemm& gemm, const W* b, const RowTable& table,
                            int64_t begin, int64_t end) {
  const Panels& p = gemm.panels;
  const Chunk whole = {0, gemm.taps, gemm.run, false, true};
  for (int64_t panel = begin; panel < end;) {
    int64_t count = BlocksOf(end - panel, BlocksOf(end - panel, kLinePanels));
    // The first may have one vector more, the others are equal.
    if (panel + 1 < p.high) count = Smaller(count, p.high - panel);
    const int64_t last = panel + count - 1;
    const int64_t vecs = PanelVecs(p, last);
    TileJob job = BareJob(gemm, table, whole, panel);
    job.last = BareJob(gemm, table, whole, last).last;
    kLines<W>[PanelVecs(p, panel) - vecs][vecs - 1][count - 1](
        job, b + WeightsBefore(gemm, whole, panel));
    panel += count;
  }
}

// How K is cut: into whole taps, or, where there is only one, into steps.
struct Chunks {
  bool one_tap;
  int64_t run;
  int64_t units, size;  // taps or steps in all, and in a chunk
  int64_t count;
};

NEOCOG_INLINE Chunks ChunksOf(int64_t taps, int64_t run) {
  const bool one_tap = taps == 1;
  const int64_t units = one_tap ? run : taps;
  const int64_t most = one_tap ? kChunkSteps : Larger(kChunkSteps / run, 1);
  // No taps at all (a transposed convolution's gap) make one empty chunk.
  const int64_t size = BlocksOf(units, Larger(BlocksOf(units, most), 1));
  return {one_tap, run, units, size, units == 0 ? 1 : BlocksOf(units, size)};
}

NEOCOG_INLINE Chunk ChunkAt(const Chunks& c, int64_t index) {
  const int64_t first = index * c.size;
  const int64_t units = Smaller(c.size, c.units - first);
  const bool resume = index > 0;
  const bool last = index + 1 == c.count;
  if (c.one_tap) return {first, 1, units, resume, last};
  return {first * c.run, units, c.run, resume, last};
}

// The rows of `table` times the panels [begin, end).
void GemmBlock(const Gemm& gemm, RowTable table, int64_t begin, int64_t end) {
  if (table.rows == 1) return GemmLine(gemm, gemm.b, table, begin, end);
  const RowTable start = table;
  const Chunks chunks = ChunksOf(gemm.taps, gemm.run);
  for (int64_t i = 0; i < chunks.count; ++i) {
    const Chunk chunk = ChunkAt(chunks, i);
    if (gemm.taps == 1) {
      table.a_offset = start.a_offset + chunk.first;
    } else {
      table.a = start.a + chunk.first / gemm.run * start.stride;
    }
    GemmChunk(gemm, table, chunk, begin, end);
  }
}

// How a product of [rows] x [K] x [columns] is cut into items: blocks of rows
// times groups of panels, and, where one panel is work enough, each block into
// parts. Neighbours differ in the part, then in the group.
struct Split {
  int64_t rows;  // of a block, at most
  int64_t blocks;
  int64_t group;  // panels
  int64_t groups;
  int64_t parts;  // of a block; of more than one only where a group is a panel
};

// `block` limits the rows of a block; it must not depend on the batch, since
// the scratch memory does not. An item gets at least `columns`.
NEOCOG_INLINE Split SplitOf(int64_t rows, int64_t block, int64_t k,
                            const Panels& panels, int64_t columns = 1) {
  Split s;
  // Blocks of equal size, whose tiles differ by a row at most.
  s.rows = BlocksOf(rows, BlocksOf(rows, block));
  s.blocks = BlocksOf(rows, s.rows);
  const int64_t cycles = Smaller(s.rows, rows) * k * kTileVecs / 2 + 1;
  int64_t group = Larger(BlocksOf(kItemCycles, cycles),
                         BlocksOf(columns, kTileVecs * kLanes));
  if (rows == 1) group = Larger(group, kLinePanels);
  s.group = Smaller(group, panels.count);
  s.groups = BlocksOf(panels.count, s.group);
  s.group = BlocksOf(panels.count, s.groups);
  s.groups = BlocksOf(panels.count, s.group);
  s.parts = s.group > 1 ? 1
                        : Smaller(BlocksOf(cycles, kItemCycles),
                                  BlocksOf(Smaller(s.rows, rows), kTileRows));
  return s;
}

// Cycles of an item: two vectors of products each.
NEOCOG_INLINE int64_t SplitCost(const Split& s, int64_t rows, int64_t k) {
  return Smaller(s.rows, rows) * k * s.group * kTileVecs / 2 / s.parts + 200;
}

// Rows of a block times panels.
struct Area {
  int64_t row, row_end;
  int64_t panel, panel_end;
};

// Where a part of a block of `rows` begins: at one of the tiles that RunTiles
// would make of all of them.
NEOCOG_INLINE int64_t PartRow(const Split& s, int vecs, int64_t rows,
                              int64_t part) {
  const int64_t tiles = BlocksOf(rows, TileRows(vecs));
  const int64_t tile = tiles * part / s.parts;
  return tile * (rows / tiles) + Smaller(tile, rows % tiles);
}

// The largest area from `item` on of the items [item, end) of one block of
// `rows`: some parts of one panel, or all rows of some panels. Answers the item
// that follows.
NEOCOG_INLINE int64_t NextArea(const Split& s, const Panels& panels,
                               int64_t rows, int64_t item, int64_t end,
                               Area* area) {
  const int64_t part = item % s.parts;
  const int64_t whole = part > 0 ? 0 : (end - item) / s.parts;
  area->panel = item / s.parts * s.group;
  area->panel_end =
      Smaller(area->panel + Larger(whole, 1) * s.group, panels.count);
  area->row = 0;
  area->row_end = rows;
  if (whole > 0) return item + whole * s.parts;
  const int64_t now = Smaller(end - item, s.parts - part);
  const int vecs = static_cast<int>(PanelVecs(panels, area->panel));
  area->row = PartRow(s, vecs, rows, part);
  area->row_end = PartRow(s, vecs, rows, part + now);
  return item + now;
}

// The rows of `area`, where `table` begins with row `first` of the block.
NEOCOG_INLINE RowTable RowsOf(const RowTable& table, int64_t first,
                              const Area& area) {
  RowTable rows = table;
  rows.a += area.row - first;
  rows.c += area.row - first;
  if (rows.residual != nullptr) rows.residual += area.row - first;
  rows.rows = area.row_end - area.row;
  return rows;
}

// Parts of the scratch memory, in floats, each aligned to a cache line.
NEOCOG_INLINE int64_t Aligned(int64_t floats) {
  return (floats + 15) / 16 * 16;
}
NEOCOG_INLINE int64_t PointerFloats(int64_t count) {
  constexpr int64_t kPointerBytes = sizeof(void*);
  return Aligned(count * kPointerBytes / 4);
}

// Takes the next part.
template <typename T>
NEOCOG_INLINE T* Take(float** scratch, int64_t floats) {
  T* const taken = reinterpret_cast<T*>(*scratch);
  *scratch += floats;
  return taken;
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_GEMM_H_
