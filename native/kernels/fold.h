// Sums, products, squares and extremes down the columns of a matrix: what
// reduce and batchstats are made of. The order of the terms is fixed by the
// shape. Every chain adds at most `rows` terms in float32, so a sum lies within
// rows * 2^-24
// * sum|terms| of the exact one.
#ifndef NEOCOG_KERNELS_FOLD_H_
#define NEOCOG_KERNELS_FOLD_H_

#include "blocks.h"

namespace neocog {
namespace {

// Terms are x, x - shift, (x - shift)^2; kMax and kMin keep the largest and the
// smallest x, or NaN.
enum class Fold { kSum, kMax, kMin, kProduct, kShifted, kSquares };

template <Fold kFold>
NEOCOG_INLINE Vec FoldStart() {
  return kFold == Fold::kMax       ? Set1(-__builtin_inff())
         : kFold == Fold::kMin     ? Set1(__builtin_inff())
         : kFold == Fold::kProduct ? Set1(1.0f)
                                   : Zero();
}

template <Fold kFold>
NEOCOG_INLINE Vec FoldStep(Vec acc, Vec x, Vec shift) {
  if (kFold == Fold::kMax) return MaxNan(acc, x);
  if (kFold == Fold::kMin) return MinNan(acc, x);
  if (kFold == Fold::kProduct) return Mul(acc, x);
  if (kFold == Fold::kSum) return Add(acc, x);
  const Vec d = Sub(x, shift);
  return kFold == Fold::kShifted ? Add(acc, d) : MulAdd(d, d, acc);
}

template <Fold kFold>
NEOCOG_INLINE Vec FoldJoin(Vec a, Vec b) {
  const bool adds = kFold == Fold::kShifted || kFold == Fold::kSquares;
  return adds ? Add(a, b) : FoldStep<kFold>(a, b, Zero());
}

template <Fold kFold>
NEOCOG_INLINE float FoldJoin(float a, float b) {
  if (kFold == Fold::kMax) return a > b || a != a ? a : b;
  if (kFold == Fold::kMin) return a < b || a != a ? a : b;
  return kFold == Fold::kProduct ? a * b : a + b;
}

// kVecs vectors of columns (one of `last` lanes where last > 0), kRows rows at
// a time in chains of their own: one chain would wait for the latency of each
// addition.
template <Fold kFold, int kVecs, int kRows>
NEOCOG_INLINE void FoldVecs(const float* x, int64_t rows, int64_t stride,
                            int last, const float* shift, float* out) {
  Vec acc[kRows][kVecs], s[kVecs];
  NEOCOG_UNROLL
  for (int v = 0; v < kVecs; ++v) {
    s[v] = shift == nullptr ? Zero()
           : last > 0       ? LoadN(shift, last)
                            : Load(shift + v * kLanes);
    NEOCOG_UNROLL
    for (int r = 0; r < kRows; ++r) acc[r][v] = FoldStart<kFold>();
  }
  int64_t row = 0;
  for (; row + kRows <= rows; row += kRows) {
    NEOCOG_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const float* p = x + (row + r) * stride;
      NEOCOG_UNROLL
      for (int v = 0; v < kVecs; ++v) {
        acc[r][v] = FoldStep<kFold>(
            acc[r][v], last > 0 ? LoadN(p, last) : Load(p + v * kLanes), s[v]);
      }
    }
  }
  for (; row < rows; ++row) {
    const float* p = x + row * stride;
    NEOCOG_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      acc[0][v] = FoldStep<kFold>(
          acc[0][v], last > 0 ? LoadN(p, last) : Load(p + v * kLanes), s[v]);
    }
  }
  NEOCOG_UNROLL
  for (int v = 0; v < kVecs; ++v) {
    Vec sum = acc[0][v];
    NEOCOG_UNROLL
    for (int r = 1; r < kRows; ++r) sum = FoldJoin<kFold>(sum, acc[r][v]);
    if (last > 0) {
      StoreN(out, sum, last);
    } else {
      Store(out + v * kLanes, sum);
    }
  }
}

// out[j] = fold of x[i * stride + j] over i < rows, for j < width; `shift` has
// `width` floats or is null.
template <Fold kFold>
void FoldColumns(const float* x, int64_t rows, int64_t stride, int64_t width,
                 const float* shift, float* out) {
  // As many chains of rows in each block: equal columns have equal sums,
  // wherever they lie.
  int64_t j = 0;
  for (; j + 2 * kLanes <= width; j += 2 * kLanes) {
    FoldVecs<kFold, 2, 4>(x + j, rows, stride, 0, shift ? shift + j : nullptr,
                          out + j);
  }
  for (; j + kLanes <= width; j += kLanes) {
    FoldVecs<kFold, 1, 4>(x + j, rows, stride, 0, shift ? shift + j : nullptr,
                          out + j);
  }
  const int rest = static_cast<int>(width - j);
  if (rest > 0)
    FoldVecs<kFold, 1, 4>(x + j, rows, stride, rest,
                          shift ? shift + j : nullptr, out + j);
}

template <Fold kFold>
NEOCOG_INLINE float Extreme(float a, float b) {
  return (kFold == Fold::kMax ? a > b : a < b) ? a : b;
}

// The largest or smallest lane, or NaN.
template <Fold kFold>
NEOCOG_INLINE float ExtremeLane(Vec v) {
  float lane[kLanes];
  Store(lane, v);
  // Four chains of the plain comparison (one instruction, no branch); NaN is
  // looked for in all lanes at once.
  for (int i = 4; i < kLanes; ++i)
    lane[i % 4] = Extreme<kFold>(lane[i], lane[i % 4]);
  const float even = Extreme<kFold>(lane[0], lane[2]);
  const float odd = Extreme<kFold>(lane[1], lane[3]);
  const float nan = ReduceAdd(Select(IsNan(v), v, Zero()));
  return nan != nan ? nan : Extreme<kFold>(even, odd);
}

NEOCOG_INLINE float ProductOfLanes(Vec v) {
  float lane[kLanes];
  Store(lane, v);
  for (int i = 4; i < kLanes; ++i) lane[i % 4] *= lane[i];
  return (lane[0] * lane[2]) * (lane[1] * lane[3]);
}

template <Fold kFold>
NEOCOG_INLINE float FoldLanes(Vec v) {
  if (kFold == Fold::kMax || kFold == Fold::kMin) return ExtremeLane<kFold>(v);
  return kFold == Fold::kProduct ? ProductOfLanes(v) : ReduceAdd(v);
}

// kVecs vectors of a flat run of n floats, again and again; lanes that the
// last, partial round lacks keep their sum.
template <Fold kFold, int kVecs>
NEOCOG_INLINE void FoldRounds(const float* x, int64_t n, const Vec* shift,
                              Vec* acc) {
  int64_t i = 0;
  for (; i + kVecs * kLanes <= n; i += kVecs * kLanes) {
    NEOCOG_UNROLL
    for (int v = 0; v < kVecs; ++v)
      acc[v] = FoldStep<kFold>(acc[v], Load(x + i + v * kLanes), shift[v]);
  }
  NEOCOG_UNROLL
  for (int v = 0; v < kVecs; ++v) {
    const int64_t left = n - i - v * kLanes;
    if (left >= kLanes) {
      acc[v] = FoldStep<kFold>(acc[v], Load(x + i + v * kLanes), shift[v]);
    } else if (left > 0) {
      const Vec last = LoadN(x + i + v * kLanes, static_cast<int>(left));
      acc[v] = Select(LaneMask(left), FoldStep<kFold>(acc[v], last, shift[v]),
                      acc[v]);
    }
  }
}

// One column: a contiguous run of n floats.
template <Fold kFold>
NEOCOG_INLINE float FoldRun(const float* x, int64_t n, float shift) {
  const Vec s[4] = {Set1(shift), Set1(shift), Set1(shift), Set1(shift)};
  const Vec start = FoldStart<kFold>();
  Vec acc[4] = {start, start, start, start};
  FoldRounds<kFold, 4>(x, n, s, acc);
  const Vec all = FoldJoin<kFold>(FoldJoin<kFold>(acc[0], acc[1]),
                                  FoldJoin<kFold>(acc[2], acc[3]));
  return FoldLanes<kFold>(all);
}

// The same for 1 < width < kLanes and rows that lie one after the other: lane l
// of vector v always meets column (v * kLanes + l) % width, as kVecs * kLanes
// is a multiple of `width`.
template <Fold kFold, int kVecs>
void FoldFlat(const float* x, int64_t n, int64_t width, const float* shift,
              float* out) {
  Vec acc[kVecs], s[kVecs];
  float wide[kVecs * kLanes];
  if (shift != nullptr) {
    for (int64_t i = 0; i < kVecs * kLanes; ++i) wide[i] = shift[i % width];
  }
  NEOCOG_UNROLL
  for (int v = 0; v < kVecs; ++v) {
    s[v] = shift == nullptr ? Zero() : Load(wide + v * kLanes);
    acc[v] = FoldStart<kFold>();
  }
  FoldRounds<kFold, kVecs>(x, n, s, acc);
  NEOCOG_UNROLL
  for (int v = 0; v < kVecs; ++v) Store(wide + v * kLanes, acc[v]);
  for (int64_t j = 0; j < width; ++j) out[j] = wide[j];
  for (int64_t j = width, column = 0; j < kVecs * kLanes; ++j) {
    out[column] = FoldJoin<kFold>(out[column], wide[j]);
    column = column + 1 == width ? 0 : column + 1;
  }
}

template <Fold kFold>
void FoldNarrow(const float* x, int64_t rows, int64_t width, const float* shift,
                float* out) {
  const int64_t n = rows * width;
  switch (width) {
    case 1:
      out[0] = FoldRun<kFold>(x, n, shift == nullptr ? 0 : *shift);
      return;
    case 2:
    case 4:
      return FoldFlat<kFold, 4>(x, n, width, shift, out);
    case 3:
      return FoldFlat<kFold, 3>(x, n, width, shift, out);
    case 6:
      return FoldFlat<kFold, 6>(x, n, width, shift, out);
    case 8:
      return FoldFlat<kFold, 8>(x, n, width, shift, out);
    default:
      return FoldColumns<kFold>(x, rows, width, width, shift, out);
  }
}

// Chooses between the two.
template <Fold kFold>
NEOCOG_INLINE void FoldRows(const float* x, int64_t rows, int64_t stride,
                            int64_t width, const float* shift, float* out) {
  if (stride == width && width < kLanes)
    return FoldNarrow<kFold>(x, rows, width, shift, out);
  FoldColumns<kFold>(x, rows, stride, width, shift, out);
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_FOLD_H_
