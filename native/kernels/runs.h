// Copying and filling runs of floats, short ones without a call.
#ifndef NEOCOG_KERNELS_RUNS_H_
#define NEOCOG_KERNELS_RUNS_H_

#include <stdint.h>

#include "../simd.h"

namespace neocog {
namespace {

// From here on memcpy's choice of instructions pays for the call.
constexpr int64_t kLongRun = 256;

NEOCOG_INLINE void CopyRun(const float* x, float* y, int64_t n) {
  if (n >= kLongRun) {
    __builtin_memcpy(y, x, static_cast<uint64_t>(n) * sizeof(float));
    return;
  }
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(y + i, Load(x + i));
  const int rest = static_cast<int>(n - i);
  if (rest > 0) StoreN(y + i, LoadN(x + i, rest), rest);
}

NEOCOG_INLINE void FillRun(float value, float* y, int64_t n) {
  const Vec v = Set1(value);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(y + i, v);
  const int rest = static_cast<int>(n - i);
  if (rest > 0) StoreN(y + i, v, rest);
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_RUNS_H_
