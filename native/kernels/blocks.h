// How the simple kernels cut their work into items, and lanes of a last,
// partial vector.
#ifndef NEOCOG_KERNELS_BLOCKS_H_
#define NEOCOG_KERNELS_BLOCKS_H_

#include <stdint.h>

#include "../simd.h"

namespace neocog {
namespace {

// Floats of one item where the shape lets us choose: about a microsecond of
// work, so that taking an item costs little and small maps still feed several
// threads.
constexpr int64_t kItemFloats = 8192;

// Floats that a second sweep (an activation, a quotient) finds in the first
// cache again.
constexpr int64_t kChunkFloats = 2048;

NEOCOG_INLINE int64_t Smaller(int64_t a, int64_t b) { return a < b ? a : b; }
NEOCOG_INLINE int64_t Larger(int64_t a, int64_t b) { return a > b ? a : b; }
NEOCOG_INLINE int64_t BlocksOf(int64_t n, int64_t block) {
  return (n + block - 1) / block;
}

// Floats from one row of `width` to the next; `pitch` is that of StepArgs.
NEOCOG_INLINE int64_t PitchOf(int64_t pitch, int64_t width) {
  return pitch == 0 ? width : pitch;
}

// Rows of `width` floats that make an item.
NEOCOG_INLINE int64_t RowsPerItem(int64_t width) {
  return Larger(1, kItemFloats / width);
}

alignas(64) constexpr float kLaneNumbers[16] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                8, 9, 10, 11, 12, 13, 14, 15};

// True in the first n lanes.
NEOCOG_INLINE Mask LaneMask(int64_t n) {
  return Less(Load(kLaneNumbers), Set1(static_cast<float>(n)));
}

// n <= kLanes floats.
NEOCOG_INLINE Vec LoadColumns(const float* p, int n) {
  return n == kLanes ? Load(p) : LoadN(p, n);
}
NEOCOG_INLINE void StoreColumns(float* p, Vec v, int n) {
  if (n == kLanes) return Store(p, v);
  StoreN(p, v, n);
}

// Items of an op on [outer, size, inner] that works along `size`: `group`
// neighbours in `outer` (over the whole batch) times one block of `width`
// columns of `inner`.
struct Slabs {
  int64_t width, blocks, group;
};

NEOCOG_INLINE Slabs SlabsOf(int64_t size, int64_t inner) {
  const int64_t width = Smaller(inner, 256);
  return {width, BlocksOf(inner, width), RowsPerItem(size * width)};
}

// Calls fn(row, column, width) for all slabs of the items [begin, end); `rows`
// are the `outer` of the whole batch.
template <typename Fn>
NEOCOG_INLINE void ForSlabs(const Slabs& slabs, int64_t rows, int64_t inner,
                            int64_t begin, int64_t end, const Fn& fn) {
  for (int64_t item = begin; item < end; ++item) {
    const int64_t column = item % slabs.blocks * slabs.width;
    const int64_t width = Smaller(slabs.width, inner - column);
    const int64_t first = item / slabs.blocks * slabs.group;
    const int64_t last = Smaller(first + slabs.group, rows);
    for (int64_t row = first; row < last; ++row) fn(row, column, width);
  }
}

// Vectors that one of its `outer` holds; narrow rows lie in them one after the
// other.
NEOCOG_INLINE int64_t SlabVecs(int64_t size, int64_t width) {
  return width < kLanes ? BlocksOf(size * width, kLanes)
                        : size * BlocksOf(width, kLanes);
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_BLOCKS_H_
