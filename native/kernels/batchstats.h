// batchstats: x [rows, c] of all samples -> mean [c] and population variance
// [c]. Two passes, the second around the first one's mean, so that a large mean
// costs no digits: float32 sums over blocks of rows, float64 sums of the
// blocks. What the rounding of the mean leaves over is put right at the end.
#ifndef NEOCOG_KERNELS_BATCHSTATS_H_
#define NEOCOG_KERNELS_BATCHSTATS_H_

#include "../kernels.h"
#include "fold.h"

namespace neocog {
namespace {

// Columns of an item: two cache lines, and two items even for 64 channels.
constexpr int64_t kStatsColumns = 32;
// Rows of a block: its 16 KiB stay in the first cache between the sums of a
// pass, and 128 float32 additions keep 2^-24 * 128 of relative error at worst.
constexpr int64_t kStatsRows = 128;

int64_t BatchStatsItems(const void* g, int64_t) {
  return BlocksOf(static_cast<const BatchStats*>(g)->c, kStatsColumns);
}

int64_t BatchStatsCost(const void* geometry) {
  const BatchStats& g = *static_cast<const BatchStats*>(geometry);
  return g.rows * BlocksOf(Smaller(g.c, kStatsColumns), kLanes) * 4;
}

template <Fold kFold>
NEOCOG_INLINE void AddStats(const float* x, int64_t rows, int64_t c,
                            int64_t width, const float* shift, double* sum) {
  float part[kStatsColumns];
  FoldRows<kFold>(x, rows, c, width, shift, part);
  for (int64_t j = 0; j < width; ++j) sum[j] += static_cast<double>(part[j]);
}

void StatsOfColumns(const float* x, int64_t rows, int64_t c, int64_t width,
                    float* mean, float* variance) {
  double sum[kStatsColumns] = {}, shifted[kStatsColumns] = {},
         squares[kStatsColumns] = {};
  const double n = static_cast<double>(rows);
  for (int64_t row = 0; row < rows; row += kStatsRows) {
    AddStats<Fold::kSum>(x + row * c, Smaller(kStatsRows, rows - row), c, width,
                         nullptr, sum);
  }
  for (int64_t j = 0; j < width; ++j) mean[j] = static_cast<float>(sum[j] / n);
  for (int64_t row = 0; row < rows; row += kStatsRows) {
    const int64_t count = Smaller(kStatsRows, rows - row);
    AddStats<Fold::kShifted>(x + row * c, count, c, width, mean, shifted);
    AddStats<Fold::kSquares>(x + row * c, count, c, width, mean, squares);
  }
  for (int64_t j = 0; j < width; ++j) {
    const double rest = shifted[j] / n;
    const double spread = squares[j] / n - rest * rest;
    variance[j] = spread < 0 ? 0 : static_cast<float>(spread);
    // An infinite mean has no finite rest.
    if (rest - rest == 0)
      mean[j] = static_cast<float>(static_cast<double>(mean[j]) + rest);
  }
}

void RunBatchStats(const void* geometry, const StepArgs& args, int64_t begin,
                   int64_t end, float*) {
  const BatchStats& g = *static_cast<const BatchStats*>(geometry);
  for (int64_t item = begin; item < end; ++item) {
    const int64_t column = item * kStatsColumns;
    const int64_t width = Smaller(kStatsColumns, g.c - column);
    StatsOfColumns(args.in[0] + column, args.batch * g.rows, g.c, width,
                   args.out[0] + column, args.out[1] + column);
  }
}

constexpr OpKernel kBatchStatsKernel = {
    nullptr,        nullptr, nullptr,      BatchStatsItems,
    BatchStatsCost, nullptr, RunBatchStats};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_BATCHSTATS_H_
