// resample: x [outer, size, inner], index and weight [count, taps] -> y [outer,
// count, inner], y[o, i] = sum over t of weight[i, t] x[o, index[i, t]]. A
// negative index stands for `fill`, one behind the end for the last cell: no
// index reads beside x.
#ifndef NEOCOG_KERNELS_RESAMPLE_H_
#define NEOCOG_KERNELS_RESAMPLE_H_

#include "../kernels.h"
#include "blocks.h"
#include "runs.h"

namespace neocog {
namespace {

// Items are rows of y, or blocks of `width` columns of long ones.
struct ResampleItem {
  int64_t width, blocks, group;
};

NEOCOG_INLINE ResampleItem ResampleItemOf(const Resample& g) {
  const int64_t width = Smaller(g.inner, kItemFloats);
  return {width, BlocksOf(g.inner, width), RowsPerItem(width)};
}

int64_t ResampleItems(const void* geometry, int64_t batch) {
  const Resample& g = *static_cast<const Resample*>(geometry);
  const ResampleItem item = ResampleItemOf(g);
  return BlocksOf(batch * g.outer * g.count, item.group) * item.blocks;
}

// Rows up to here are summed float by float: finding out where their taps lie
// would take longer.
constexpr int64_t kShortRow = 4;

int64_t ResampleCost(const void* geometry) {
  const Resample& g = *static_cast<const Resample*>(geometry);
  const ResampleItem item = ResampleItemOf(g);
  const int64_t row = g.inner <= kShortRow
                          ? g.inner * (2 + 3 * g.taps)
                          : 20 + g.taps * (4 + BlocksOf(item.width, kLanes));
  return item.group * row;
}

// Short rows of y whose cells are looked up at a time: all that an axis has, or
// an item.
NEOCOG_INLINE int64_t ResampleSpan(const Resample& g) {
  return Smaller(g.count, ResampleItemOf(g).group);
}

// Where the cells of a span lie; or, of one longer row, pointers to the cells
// of its taps (each two floats long) and their weights.
int64_t ResampleScratch(const void* geometry) {
  const Resample& g = *static_cast<const Resample*>(geometry);
  const int64_t taps = g.taps;
  return g.inner <= kShortRow ? ResampleSpan(g) * taps : 3 * taps;
}

// -1 for what is filled; NaN is.
NEOCOG_INLINE int64_t CellOf(float index, int64_t size) {
  if (!(index >= 0)) return -1;
  return index < 2147483648.0f ? Smaller(static_cast<int64_t>(index), size - 1)
                               : size - 1;
}

// The summands of one row. `fills` counts those that are not of x, `rest` is
// their sum.
struct Summands {
  const float** cells;
  float* weights;
  int64_t count, fills;
  float rest;
};

NEOCOG_INLINE void Collect(const Resample& g, const float* x,
                           const float* index, const float* weight,
                           Summands* to) {
  to->count = to->fills = 0;
  to->rest = 0;
  for (int64_t t = 0; t < g.taps; ++t) {
    const int64_t cell = CellOf(index[t], g.size);
    if (cell < 0) {
      const float term = weight[t] * g.fill;
      to->rest = to->fills == 0 ? term : to->rest + term;
      ++to->fills;
    } else {
      to->cells[to->count] = x + cell * g.inner;
      to->weights[to->count] = weight[t];
      ++to->count;
    }
  }
}

// Columns [j, j + kVecs vectors), or n <= kLanes of them. A sum without fills
// begins with its first summand, not with 0: -0 stays.
template <int kVecs>
NEOCOG_INLINE void SumVecs(const Summands& from, int64_t j, int n, float* y) {
  Vec acc[kVecs];
  const bool filled = from.fills > 0;
  const Vec first = Set1(from.weights[0]);
  NEOCOG_UNROLL
  for (int v = 0; v < kVecs; ++v) {
    acc[v] = filled
                 ? Set1(from.rest)
                 : Mul(first, LoadColumns(from.cells[0] + j + v * kLanes, n));
  }
  for (int64_t t = filled ? 0 : 1; t < from.count; ++t) {
    const Vec weight = Set1(from.weights[t]);
    const float* x = from.cells[t] + j;
    NEOCOG_UNROLL
    for (int v = 0; v < kVecs; ++v)
      acc[v] = MulAdd(weight, LoadColumns(x + v * kLanes, n), acc[v]);
  }
  NEOCOG_UNROLL
  for (int v = 0; v < kVecs; ++v) StoreColumns(y + j + v * kLanes, acc[v], n);
}

NEOCOG_INLINE void SumRow(const Summands& from, int64_t width, float* y) {
  if (from.count == 0) return FillRun(from.rest, y, width);
  if (from.count == 1 && from.fills == 0 && from.weights[0] == 1.0f)
    return CopyRun(from.cells[0], y, width);
  int64_t j = 0;
  for (; j + 4 * kLanes <= width; j += 4 * kLanes)
    SumVecs<4>(from, j, kLanes, y);
  for (; j + kLanes <= width; j += kLanes) SumVecs<1>(from, j, kLanes, y);
  if (j < width) SumVecs<1>(from, j, static_cast<int>(width - j), y);
}

// n short rows. kTaps is their number of taps, kInner their length, or 0.
template <int kTaps, int kInner>
NEOCOG_INLINE void SumShort(const Resample& g, const float* x,
                            const int32_t* cells, const float* weight,
                            int64_t n, float* y) {
  const int64_t taps = kTaps > 0 ? kTaps : g.taps;
  const int64_t inner = kInner > 0 ? kInner : g.inner;
  for (int64_t i = 0; i < n; ++i, cells += taps, weight += taps) {
    for (int64_t j = 0; j < inner; ++j, ++y) {
      float sum = weight[0] * (cells[0] < 0 ? g.fill : x[cells[0] + j]);
      for (int64_t t = 1; t < taps; ++t)
        sum += weight[t] * (cells[t] < 0 ? g.fill : x[cells[t] + j]);
      *y = sum;
    }
  }
}

template <int kInner>
void SumShortRows(const Resample& g, const float* x, const int32_t* cells,
                  const float* weight, int64_t n, float* y) {
  switch (g.taps) {
    case 1:
      return SumShort<1, kInner>(g, x, cells, weight, n, y);
    case 2:
      return SumShort<2, kInner>(g, x, cells, weight, n, y);
    case 4:
      return SumShort<4, kInner>(g, x, cells, weight, n, y);
    default:
      return SumShort<0, kInner>(g, x, cells, weight, n, y);
  }
}

// cells[i] = offset of the cell that index[i] names, or -1.
void LookUp(const Resample& g, const float* index, int64_t n, int32_t* cells) {
  for (int64_t i = 0; i < n; ++i) {
    const int64_t cell = CellOf(index[i], g.size);
    cells[i] = static_cast<int32_t>(cell < 0 ? -1 : cell * g.inner);
  }
}

// Short rows [first, last) of y. The cells of a whole axis are in `cells`
// already; a longer one's are looked up here.
void ResampleShort(const Resample& g, const StepArgs& args, int64_t first,
                   int64_t last, int32_t* cells) {
  const bool whole = ResampleSpan(g) == g.count;
  for (int64_t row = first; row < last;) {
    const int64_t i = row % g.count;
    const int64_t n = Smaller(g.count - i, last - row);
    const float* x = args.in[0] + row / g.count * g.size * g.inner;
    const float* weight = args.in[2] + i * g.taps;
    float* y = args.out[0] + row * g.inner;
    if (!whole) LookUp(g, args.in[1] + i * g.taps, n * g.taps, cells);
    const int32_t* from = whole ? cells + i * g.taps : cells;
    if (g.inner == 1) {
      SumShortRows<1>(g, x, from, weight, n, y);
    } else {
      SumShortRows<0>(g, x, from, weight, n, y);
    }
    row += n;
  }
}

// Rows [first, last) of y, `width` columns from `column` on.
void ResampleRows(const Resample& g, const StepArgs& args, int64_t first,
                  int64_t last, int64_t column, int64_t width,
                  Summands* summands) {
  int64_t o = first / g.count;
  int64_t i = first % g.count;
  for (int64_t row = first; row < last; ++row) {
    Collect(g, args.in[0] + o * g.size * g.inner + column,
            args.in[1] + i * g.taps, args.in[2] + i * g.taps, summands);
    SumRow(*summands, width, args.out[0] + row * g.inner + column);
    if (++i == g.count) i = 0, ++o;
  }
}

void RunResample(const void* geometry, const StepArgs& args, int64_t begin,
                 int64_t end, float* scratch) {
  const Resample& g = *static_cast<const Resample*>(geometry);
  const ResampleItem shape = ResampleItemOf(g);
  const int64_t rows = args.batch * g.outer * g.count;
  if (g.inner <= kShortRow) {
    int32_t* cells = reinterpret_cast<int32_t*>(scratch);
    if (ResampleSpan(g) == g.count)
      LookUp(g, args.in[1], g.count * g.taps, cells);
    for (int64_t item = begin; item < end; ++item) {
      ResampleShort(g, args, item * shape.group,
                    Smaller((item + 1) * shape.group, rows), cells);
    }
    return;
  }
  const float** cells = reinterpret_cast<const float**>(scratch);
  Summands summands = {cells, reinterpret_cast<float*>(cells + g.taps), 0, 0,
                       0};
  for (int64_t item = begin; item < end; ++item) {
    const int64_t column = item % shape.blocks * shape.width;
    const int64_t first = item / shape.blocks * shape.group;
    ResampleRows(g, args, first, Smaller(first + shape.group, rows), column,
                 Smaller(shape.width, g.inner - column), &summands);
  }
}

constexpr OpKernel kResampleKernel = {
    nullptr,      nullptr,         nullptr,    ResampleItems,
    ResampleCost, ResampleScratch, RunResample};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_RESAMPLE_H_
