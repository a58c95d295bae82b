// What the multipliers can do at most: the yardstick of every benchmark.
#ifndef NEOCOG_KERNELS_PEAK_H_
#define NEOCOG_KERNELS_PEAK_H_

#include <stdint.h>

#include "../simd.h"

namespace neocog {
namespace {

// Independent sums: latency times throughput asks for 8 on x86-64 and 16 on ARM
// cores with four pipes; two operands must fit beside them.
constexpr int kPeakSums = kTileRows * kTileVecs;

int64_t Peak(int64_t rounds, float* sink) {
  // s = s / 2 + 1 stays finite, and no compiler can take the product out of
  // the loop.
  const Vec half = Set1(0.5f);
  const Vec one = Set1(1.0f);
  Vec sum[kPeakSums];
  // Different values: equal sums would be computed once.
  NEOCOG_UNROLL for (int i = 0; i < kPeakSums; ++i) {
    sum[i] = Set1(static_cast<float>(i));
  }
  for (int64_t r = 0; r < rounds; ++r) {
    NEOCOG_UNROLL for (int i = 0; i < kPeakSums; ++i) {
      sum[i] = MulAdd(sum[i], half, one);
    }
  }
  Vec total = sum[0];
  NEOCOG_UNROLL for (int i = 1; i < kPeakSums; ++i) {
    total = Add(total, sum[i]);
  }
  *sink = ReduceAdd(total);
  return rounds * kPeakSums * kLanes * 2;
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_PEAK_H_
