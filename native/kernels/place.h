// Where the largest or smallest number of a column stands: the first place or
// the last one. NaN comes before every number.
#ifndef NEOCOG_KERNELS_PLACE_H_
#define NEOCOG_KERNELS_PLACE_H_

#include "fold.h"

namespace neocog {
namespace {

// The lanes in which `most` stays although `x` comes later: never where x alone
// is NaN.
template <Fold kFold, bool kLast>
NEOCOG_INLINE Mask Stays(Vec most, Vec x) {
  if (kFold == Fold::kMax) return kLast ? Less(x, most) : LessEqual(x, most);
  return kLast ? Less(most, x) : LessEqual(most, x);
}

// kVecs vectors of columns, or one of n <= kLanes lanes.
template <Fold kFold, bool kLast, int kVecs>
NEOCOG_INLINE void PlaceVecs(const float* x, int64_t rows, int64_t stride,
                             int n, float* out) {
  Vec most[kVecs], place[kVecs];
  NEOCOG_UNROLL
  for (int v = 0; v < kVecs; ++v) {
    most[v] = LoadColumns(x + v * kLanes, n);
    place[v] = Zero();
  }
  for (int64_t row = 1; row < rows; ++row) {
    const Vec here = Set1(static_cast<float>(row));
    const float* p = x + row * stride;
    NEOCOG_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      const Vec y = LoadColumns(p + v * kLanes, n);
      const Vec after_nan = kLast ? Select(IsNan(y), here, place[v]) : place[v];
      const Vec other = Select(Stays<kFold, kLast>(most[v], y), place[v], here);
      place[v] = Select(IsNan(most[v]), after_nan, other);
      most[v] = FoldStep<kFold>(most[v], y, Zero());
    }
  }
  NEOCOG_UNROLL
  for (int v = 0; v < kVecs; ++v) StoreColumns(out + v * kLanes, place[v], n);
}

// One column: the extreme first, then a search that ends where it stands.
template <Fold kFold, bool kLast>
NEOCOG_INLINE float PlaceInRun(const float* x, int64_t n) {
  const float most = FoldRun<kFold>(x, n, 0);
  const bool nan = most != most;
  const int64_t step = kLast ? -1 : 1;
  int64_t i = kLast ? n - 1 : 0;
  for (int64_t left = n - 1; left > 0; --left, i += step) {
    if (nan ? x[i] != x[i] : x[i] == most) break;
  }
  return static_cast<float>(i);
}

// out[j] = place of the extreme of x[i * stride + j] over i < rows, j < width.
template <Fold kFold, bool kLast>
void PlaceRows(const float* x, int64_t rows, int64_t stride, int64_t width,
               float* out) {
  if (stride == 1) {
    out[0] = PlaceInRun<kFold, kLast>(x, rows);
    return;
  }
  int64_t j = 0;
  for (; j + 4 * kLanes <= width; j += 4 * kLanes)
    PlaceVecs<kFold, kLast, 4>(x + j, rows, stride, kLanes, out + j);
  for (; j < width; j += kLanes) {
    PlaceVecs<kFold, kLast, 1>(x + j, rows, stride,
                               static_cast<int>(Smaller(kLanes, width - j)),
                               out + j);
  }
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_PLACE_H_
