// batchstats: x [rows, c] of all samples -> mean [c] and population variance
// [c].
#ifndef NEOCOG_KERNELS_BATCHSTATS_H_
#define NEOCOG_KERNELS_BATCHSTATS_H_

#include "../kernels.h"
#include "stats.h"

namespace neocog {
namespace {

int64_t BatchStatsItems(const void* g, int64_t) {
  return BlocksOf(static_cast<const BatchStats*>(g)->c, kStatsColumns);
}

int64_t BatchStatsCost(const void* geometry) {
  const BatchStats& g = *static_cast<const BatchStats*>(geometry);
  return g.rows * BlocksOf(Smaller(g.c, kStatsColumns), kLanes) * 4;
}

void RunBatchStats(const void* geometry, const StepArgs& args, int64_t begin,
                   int64_t end, float*) {
  const BatchStats& g = *static_cast<const BatchStats*>(geometry);
  for (int64_t item = begin; item < end; ++item) {
    const int64_t column = item * kStatsColumns;
    const int64_t width = Smaller(kStatsColumns, g.c - column);
    Stats stats;
    StatsOfColumns(args.in[0] + column, args.batch * g.rows, g.c, width,
                   &stats);
    for (int64_t k = 0; k < width; ++k) {
      args.out[0][column + k] = static_cast<float>(
          static_cast<double>(stats.mean[k]) + stats.rest[k]);
      args.out[1][column + k] = static_cast<float>(stats.variance[k]);
    }
  }
}

constexpr OpKernel kBatchStatsKernel = {
    nullptr,        nullptr, nullptr,      BatchStatsItems,
    BatchStatsCost, nullptr, RunBatchStats};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_BATCHSTATS_H_
