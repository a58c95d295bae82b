// Ops on [rows, c] with one coefficient per column (scale, batchnorm): items
// and the widening of narrow rows.
#ifndef NEOCOG_KERNELS_ROWS_H_
#define NEOCOG_KERNELS_ROWS_H_

#include <stdint.h>

#include "blocks.h"

namespace neocog {
namespace {

// Rows that do not fill whole vectors are taken kLanes at a time, as one row of
// kLanes * c floats that does: the coefficients are repeated as often. From
// this width on the partial vector costs less than that.
constexpr int64_t kNarrowRow = 64;

NEOCOG_INLINE int64_t WideRow(int64_t c) {
  return c < kNarrowRow && c % kLanes != 0 ? c * kLanes : c;
}

// wide[0..width) = coefficients[0..c), over and over.
NEOCOG_INLINE void Repeat(const float* coefficients, int64_t c, int64_t width,
                          float* wide) {
  for (int64_t i = 0; i < width; i += c)
    __builtin_memcpy(wide + i, coefficients,
                     static_cast<uint64_t>(c) * sizeof(float));
}

NEOCOG_INLINE int64_t RowItems(int64_t rows, int64_t c, int64_t batch) {
  return BlocksOf(batch * rows, RowsPerItem(c));
}

NEOCOG_INLINE int64_t RowCost(int64_t c, int32_t act) {
  return RowsPerItem(c) * c * (ActivateCycles(act) + 3) / kLanes;
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_ROWS_H_
