// The product of gemm.h where K is one run and the weights, which lie as
// elsewhere in panels, are kept in half precision: memory moves half the bytes.
// Sums have the bits of a product with the rounded weights in single precision.
#ifndef NEOCOG_KERNELS_HALF_H_
#define NEOCOG_KERNELS_HALF_H_

#include <stdint.h>

#include "gemm.h"

namespace neocog {
namespace {

// Steps of K that are widened at a time: 64 columns of them take 32 KiB, which
// stay in the first cache while all rows use them.
constexpr int64_t kWideSteps = 128;
constexpr int64_t kWideFloats = kWideSteps * kMaxVecs * kLanes;

// As PackPanel, of all of K, in half precision.
void PackHalfPanel(const Panels& p, int64_t panel, const float* b,
                   int64_t b_row, bool transposed, int64_t k, uint16_t* to) {
  constexpr int64_t kSteps = 32;
  float wide[kSteps * kMaxVecs * kLanes];
  const int64_t vecs = PanelVecs(p, panel);
  to += PanelColumn(p, panel) * k;
  for (int64_t first = 0; first < k; first += kSteps) {
    const int64_t steps = Smaller(kSteps, k - first);
    PackPanel(p, panel, b + first * (transposed ? 1 : b_row), b_row, transposed,
              0, steps, 0, wide);
    for (int64_t i = 0; i < steps * vecs; ++i, to += kLanes) {
      StoreHalf(to, Load(wide + i * kLanes));
    }
  }
}

// As GemmChunk; `b` are the packed weights, `wide` has room for kWideFloats.
void HalfChunk(const Gemm& gemm, const uint16_t* b, const RowTable& table,
               const Chunk& chunk, int64_t begin, int64_t end, float* wide) {
  for (int64_t panel = begin; panel < end; ++panel) {
    const int64_t vecs = PanelVecs(gemm.panels, panel);
    const uint16_t* from = b + WeightsBefore(gemm, chunk, panel);
    for (int64_t done = 0; done < chunk.run; done += kWideSteps) {
      const int64_t steps = Smaller(kWideSteps, chunk.run - done);
      for (int64_t i = 0; i < steps * vecs; ++i, from += kLanes) {
        Store(wide + i * kLanes, LoadHalf(from));
      }
      RowTable rows = table;
      rows.a_offset += done;
      const Chunk part = {chunk.first + done, 1, steps,
                          chunk.resume || done > 0,
                          chunk.last && done + steps == chunk.run};
      TileJob job = BareJob(gemm, rows, part, panel);
      job.b = wide;
      // The tiles fetch what is widened next.
      job.next = reinterpret_cast<const float*>(from);
      RunTiles(job, static_cast<int>(vecs), table.rows);
    }
  }
}

// As GemmBlock.
void HalfBlock(const Gemm& gemm, const uint16_t* b, RowTable table,
               int64_t begin, int64_t end, float* wide) {
  if (table.rows == 1) return GemmLine(gemm, b, table, begin, end);
  const Chunks chunks = ChunksOf(1, gemm.run);
  const int64_t offset = table.a_offset;
  for (int64_t i = 0; i < chunks.count; ++i) {
    const Chunk chunk = ChunkAt(chunks, i);
    table.a_offset = offset + chunk.first;
    HalfChunk(gemm, b, table, chunk, begin, end, wide);
  }
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_HALF_H_
