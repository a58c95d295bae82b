// Mean and population variance down the columns of a matrix. Two passes, the
// second around the first one's mean, so that a large mean costs no digits:
// float32 sums over blocks of rows, float64 sums of the blocks. What the
// rounding of the mean leaves over is kept beside it.
#ifndef NEOCOG_KERNELS_STATS_H_
#define NEOCOG_KERNELS_STATS_H_

#include "fold.h"

namespace neocog {
namespace {

// Most columns at a time: two cache lines, and two items even for 64 channels.
constexpr int64_t kStatsColumns = 32;
// Rows of a block: its 16 KiB stay in the first cache between the sums of a
// pass, and 128 float32 additions keep 2^-24 * 128 of relative error at worst.
constexpr int64_t kStatsRows = 128;

struct Stats {
  float mean[kStatsColumns];
  // What is to be added to the mean.
  double rest[kStatsColumns];
  double variance[kStatsColumns];
};

template <Fold kFold>
NEOCOG_INLINE void AddStats(const float* x, int64_t rows, int64_t stride,
                            int64_t width, const float* shift, double* sum) {
  float part[kStatsColumns];
  FoldRows<kFold>(x, rows, stride, width, shift, part);
  for (int64_t j = 0; j < width; ++j) sum[j] += static_cast<double>(part[j]);
}

// x[i * stride + j] for i < rows, j < width <= kStatsColumns.
void StatsOfColumns(const float* x, int64_t rows, int64_t stride, int64_t width,
                    Stats* stats) {
  double sum[kStatsColumns] = {}, shifted[kStatsColumns] = {},
         squares[kStatsColumns] = {};
  const double n = static_cast<double>(rows);
  for (int64_t row = 0; row < rows; row += kStatsRows) {
    AddStats<Fold::kSum>(x + row * stride, Smaller(kStatsRows, rows - row),
                         stride, width, nullptr, sum);
  }
  for (int64_t j = 0; j < width; ++j)
    stats->mean[j] = static_cast<float>(sum[j] / n);
  for (int64_t row = 0; row < rows; row += kStatsRows) {
    const float* block = x + row * stride;
    const int64_t count = Smaller(kStatsRows, rows - row);
    AddStats<Fold::kShifted>(block, count, stride, width, stats->mean, shifted);
    AddStats<Fold::kSquares>(block, count, stride, width, stats->mean, squares);
  }
  for (int64_t j = 0; j < width; ++j) {
    const double rest = shifted[j] / n;
    const double spread = squares[j] / n - rest * rest;
    stats->variance[j] = spread < 0 ? 0 : spread;
    // An infinite mean has no finite rest.
    stats->rest[j] = rest - rest == 0 ? rest : 0;
  }
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_STATS_H_
