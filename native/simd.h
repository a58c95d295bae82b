// The vector vocabulary of the kernels: one header per ISA gives the same few
// functions over its own `Vec`.
//
// Each ISA's translation unit includes this file once, compiled with that ISA's
// flags. Everything is static and forced inline, so that no object exports code
// which an older CPU could end up running.
//
// clang-format off
//   kLanes                 floats in a Vec
//   kTileRows, kTileVecs   the GEMM register tile: rows x vectors of sums
//   kWideTileRows          rows of a tile with one vector more; 0 where the
//                          registers do not allow one
//   kIsaName               the name users know
//   LoadN, StoreN          the first n lanes, 1 <= n <= kLanes; LoadN fills the
//                          others with 0
//   LoadHalf(p)            kLanes numbers of IEEE 754 binary16, widened exactly,
//                          whether or not denormals are flushed
//   StoreHalf(p, v)        rounded to binary16, ties to even; NaN stays NaN
//   MulAdd(a, b, c)        a * b + c (fused except in scalar.h)
//   Quotient(a, b)         a / b within 2 units of the last place, for finite b
//                          in [2^-125, 2^125]
//   FmaInto(a, b, &c)      c += a * b; keeps c in a register in hot loops
//   kMostSpread            the largest group of lanes for Spread; 0: there is
//                          none
//   Spread(a, SpreaderOf(group, i))
//                          lane i of each group of 2, 4, ... lanes, in all its
//                          lanes
//   AtLeast(x, low), AtMost(x, high)
//                          clip by a bound that is not NaN; NaN in x stays
//   MaxNan(a, b), MinNan(a, b)
//                          the larger, the smaller; NaN if either is
//   Round(a)               the nearest whole number, ties to even, for
//                          |a| < 2^22
//   Nearest, Floor, Ceil, Trunc
//                          whole numbers for any a: Nearest has ties to even
//   Pow2(n)                2^n for whole n in [-126, 127]
//   kPowerSteps, PowerOf(t)
//                          2^n for a multiple n of 1 / kPowerSteps in
//                          [-126, 127], given n + kPowerZero as t; 32 steps
//                          where a vector can be a table, or 1
//   Mantissa(x, &n)        x = m 2^n: gives m in [0.75, 1.5), for normal x > 0
//   Select(m, a, b)        m ? a : b per lane
// clang-format on
#ifndef NEOCOG_SIMD_H_
#define NEOCOG_SIMD_H_

#include <stdint.h>

#define NEOCOG_INLINE static inline __attribute__((always_inline))
// Loops over accumulators must be unrolled completely: an array that a loop
// indexes lives in memory, at a third of the speed.
#if defined(__clang__)
#define NEOCOG_UNROLL _Pragma("clang loop unroll(full)")
#else
#define NEOCOG_UNROLL _Pragma("GCC unroll 64")
#endif

namespace neocog {
namespace {
// The bits of 0.75f, for Mantissa.
[[maybe_unused]] constexpr int32_t kThreeQuarters = 0x3f400000;
}  // namespace
}  // namespace neocog

#if defined(NEOCOG_ISA_AVX512)
#include "simd/avx512.h"
#elif defined(NEOCOG_ISA_AVX2)
#include "simd/avx2.h"
#elif defined(NEOCOG_ISA_NEON)
#include "simd/neon.h"
#else
#include "simd/scalar.h"
#endif

namespace neocog {
namespace {
// Numbers around it are 1 / kPowerSteps apart.
[[maybe_unused]] constexpr float kPowerZero = 12582912.0f / kPowerSteps;
}  // namespace
}  // namespace neocog

#endif  // NEOCOG_SIMD_H_
