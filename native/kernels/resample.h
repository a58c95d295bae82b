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

int64_t ResampleCost(const void* geometry) {
  const Resample& g = *static_cast<const Resample*>(geometry);
  const ResampleItem item = ResampleItemOf(g);
  const int64_t row = g.inner == 1
                          ? 4 + 4 * g.taps
                          : 20 + g.taps * (4 + BlocksOf(item.width, kLanes));
  return item.group * row;
}

// Of one row: where the cells of its taps lie (a pointer is two floats long),
// and their weights.
int64_t ResampleScratch(const void* geometry) {
  return 3 * static_cast<int64_t>(static_cast<const Resample*>(geometry)->taps);
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

// Single floats.
NEOCOG_INLINE float SumOne(const Resample& g, const float* x,
                           const float* index, const float* weight) {
  float sum = 0;
  for (int64_t t = 0; t < g.taps; ++t) {
    const int64_t cell = CellOf(index[t], g.size);
    const float term = weight[t] * (cell < 0 ? g.fill : x[cell]);
    sum = t == 0 ? term : sum + term;
  }
  return sum;
}

void RunResample(const void* geometry, const StepArgs& args, int64_t begin,
                 int64_t end, float* scratch) {
  const Resample& g = *static_cast<const Resample*>(geometry);
  const ResampleItem shape = ResampleItemOf(g);
  const float** cells = reinterpret_cast<const float**>(scratch);
  Summands summands = {cells, reinterpret_cast<float*>(cells + g.taps), 0, 0,
                       0};
  for (int64_t item = begin; item < end; ++item) {
    const int64_t column = item % shape.blocks * shape.width;
    const int64_t width = Smaller(shape.width, g.inner - column);
    const int64_t first = item / shape.blocks * shape.group;
    const int64_t last =
        Smaller(first + shape.group, args.batch * g.outer * g.count);
    int64_t o = first / g.count;
    int64_t i = first % g.count;
    for (int64_t row = first; row < last; ++row) {
      const float* x = args.in[0] + o * g.size * g.inner + column;
      const float* index = args.in[1] + i * g.taps;
      const float* weight = args.in[2] + i * g.taps;
      float* y = args.out[0] + row * g.inner + column;
      if (g.inner == 1) {
        *y = SumOne(g, x, index, weight);
      } else {
        Collect(g, x, index, weight, &summands);
        SumRow(summands, width, y);
      }
      if (++i == g.count) i = 0, ++o;
    }
  }
}

constexpr OpKernel kResampleKernel = {
    nullptr,      nullptr,         nullptr,    ResampleItems,
    ResampleCost, ResampleScratch, RunResample};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_RESAMPLE_H_
