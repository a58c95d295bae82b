// The functions of two operands, on one Vec and on a run of floats.
#ifndef NEOCOG_KERNELS_BINARY_KINDS_H_
#define NEOCOG_KERNELS_BINARY_KINDS_H_

#include <stdint.h>

#include "../ops.h"
#include "activate.h"

namespace neocog {
namespace {

NEOCOG_INLINE Vec OneWhere(Mask m) { return Select(m, Set1(1.0f), Zero()); }

template <BinaryKind kKind>
NEOCOG_INLINE Vec BinaryOf(Vec a, Vec b) {
  switch (kKind) {
    case BinaryKind::k_add:
      return Add(a, b);
    case BinaryKind::k_multiply:
      return Mul(a, b);
    case BinaryKind::k_prelu:
      return Select(Less(a, Zero()), Mul(a, b), a);
    case BinaryKind::k_subtract:
      return Sub(a, b);
    case BinaryKind::k_divide:
      return Div(a, b);
    case BinaryKind::k_minimum:
      return MinNan(a, b);
    case BinaryKind::k_maximum:
      return MaxNan(a, b);
    case BinaryKind::k_power:
      return Power(a, b);
    case BinaryKind::k_equal:
      return Select(LessEqual(a, b), OneWhere(LessEqual(b, a)), Zero());
    case BinaryKind::k_less:
      return OneWhere(Less(a, b));
    case BinaryKind::k_lessequal:
      return OneWhere(LessEqual(a, b));
    case BinaryKind::k_mod:
      return Modulo(a, b);
    case BinaryKind::k_fmod:
      return Remainder(a, b);
    case BinaryKind::kCount:
      break;
  }
  return a;
}

// Fewer results than a vector has.
NEOCOG_INLINE Vec BinaryVec(int32_t kind, Vec a, Vec b) {
  switch (static_cast<BinaryKind>(kind)) {
#define NEOCOG_BINARY_CASE(name) \
  case BinaryKind::k_##name:     \
    return BinaryOf<BinaryKind::k_##name>(a, b);
    NEOCOG_BINARIES(NEOCOG_BINARY_CASE)
#undef NEOCOG_BINARY_CASE
    case BinaryKind::kCount:
      break;
  }
  return a;
}

// A run of n results. kOneA, kOneB: the operand is one float for all of them.
template <BinaryKind kKind, bool kOneA, bool kOneB>
void BinaryLoop(const float* a, const float* b, Clip clip, float* y,
                int64_t n) {
  const Vec one_a = Set1(*a);
  const Vec one_b = Set1(*b);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Vec v = BinaryOf<kKind>(kOneA ? one_a : Load(a + i),
                                  kOneB ? one_b : Load(b + i));
    Store(y + i, Clipped(v, clip));
  }
  const int rest = static_cast<int>(n - i);
  if (rest == 0) return;
  const Vec v = BinaryOf<kKind>(kOneA ? one_a : LoadN(a + i, rest),
                                kOneB ? one_b : LoadN(b + i, rest));
  StoreN(y + i, Clipped(v, clip), rest);
}

template <BinaryKind kKind>
NEOCOG_INLINE void BinaryForm(const float* a, bool one_a, const float* b,
                              bool one_b, Clip clip, float* y, int64_t n) {
  if (kKind == BinaryKind::k_power && one_b && *b == 2.0f) {
    return BinaryLoop<BinaryKind::k_multiply, false, false>(a, a, clip, y, n);
  }
  if (one_b) return BinaryLoop<kKind, false, true>(a, b, clip, y, n);
  if (one_a) return BinaryLoop<kKind, true, false>(a, b, clip, y, n);
  BinaryLoop<kKind, false, false>(a, b, clip, y, n);
}

NEOCOG_INLINE void BinaryAny(int32_t kind, const float* a, bool one_a,
                             const float* b, bool one_b, Clip clip, float* y,
                             int64_t n) {
  switch (static_cast<BinaryKind>(kind)) {
#define NEOCOG_BINARY_CASE(name) \
  case BinaryKind::k_##name:     \
    return BinaryForm<BinaryKind::k_##name>(a, one_a, b, one_b, clip, y, n);
    NEOCOG_BINARIES(NEOCOG_BINARY_CASE)
#undef NEOCOG_BINARY_CASE
    case BinaryKind::kCount:
      break;
  }
}

// Rough CPU cycles of one vector.
NEOCOG_INLINE int64_t BinaryCycles(int32_t kind) {
  switch (static_cast<BinaryKind>(kind)) {
    case BinaryKind::k_power:
    case BinaryKind::k_mod:
    case BinaryKind::k_fmod:
      return 30 * kLanes;
    default:
      return 4;
  }
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_BINARY_KINDS_H_
