// AVX2 with FMA: 8 lanes, 16 registers. 12 accumulators, 2 weights and 1
// broadcast make the 6x16 tile; three vectors that remain make a 4x24 tile,
// since a lone vector would starve the multipliers.
#ifndef NEOCOG_SIMD_AVX2_H_
#define NEOCOG_SIMD_AVX2_H_

#include <immintrin.h>

namespace neocog {
namespace {

constexpr int kLanes = 8;
constexpr int kTileRows = 6;
constexpr int kTileVecs = 2;
constexpr int kWideTileRows = 4;
constexpr const char* kIsaName = "avx2";

using Vec = __m256;
using Mask = __m256;

alignas(32) constexpr int32_t kLaneMask[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

NEOCOG_INLINE Vec Zero() { return _mm256_setzero_ps(); }
NEOCOG_INLINE Vec Set1(float x) { return _mm256_set1_ps(x); }
NEOCOG_INLINE Vec Load(const float* p) { return _mm256_loadu_ps(p); }
NEOCOG_INLINE void Store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
NEOCOG_INLINE __m256i FirstLanes(int n) {
  return _mm256_loadu_si256(
      reinterpret_cast<const __m256i*>(kLaneMask + 8 - n));
}
NEOCOG_INLINE Vec LoadN(const float* p, int n) {
  return _mm256_maskload_ps(p, FirstLanes(n));
}
// In pieces: a masked store costs 42 micro-operations on Zen 2 and 3.
NEOCOG_INLINE void StoreN(float* p, Vec v, int n) {
  if (n == kLanes) return Store(p, v);
  __m128 x = _mm256_castps256_ps128(v);
  if (n & 4) {
    _mm_storeu_ps(p, x);
    x = _mm256_extractf128_ps(v, 1);
    p += 4;
  }
  if (n & 2) {
    _mm_storel_pi(reinterpret_cast<__m64*>(p), x);
    x = _mm_movehl_ps(x, x);
    p += 2;
  }
  if (n & 1) _mm_store_ss(p, x);
}

NEOCOG_INLINE Vec LoadHalf(const uint16_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
NEOCOG_INLINE void StoreHalf(uint16_t* p, Vec v) {
  _mm_storeu_si128(
      reinterpret_cast<__m128i*>(p),
      _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

NEOCOG_INLINE Vec Add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
NEOCOG_INLINE Vec Sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
NEOCOG_INLINE Vec Mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
NEOCOG_INLINE Vec Div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
NEOCOG_INLINE Vec Sqrt(Vec a) { return _mm256_sqrt_ps(a); }
NEOCOG_INLINE Vec MulAdd(Vec a, Vec b, Vec c) {
  return _mm256_fmadd_ps(a, b, c);
}
NEOCOG_INLINE Vec Quotient(Vec a, Vec b) { return Div(a, b); }
// The asm on a scalar temporary stops GCC from folding loads into the FMA or
// spilling accumulators.
NEOCOG_INLINE void FmaInto(Vec a, Vec b, Vec* c) {
  Vec t = *c;
  asm("vfmadd231ps %2, %1, %0" : "+x"(t) : "x"(a), "x"(b));
  *c = t;
}

// Which lane of its four each lane takes.
constexpr int kMostSpread = 4;
using Spreader = __m256i;
NEOCOG_INLINE Spreader SpreaderOf(int group, int channel) {
  const __m256i lanes = _mm256_set_epi32(3, 2, 1, 0, 3, 2, 1, 0);
  return _mm256_or_si256(_mm256_and_si256(lanes, _mm256_set1_epi32(-group)),
                         _mm256_set1_epi32(channel));
}
NEOCOG_INLINE Vec Spread(Vec a, Spreader s) {
  return _mm256_permutevar_ps(a, s);
}

// maxps and minps answer their second operand where either is NaN.
NEOCOG_INLINE Vec AtLeast(Vec x, Vec low) { return _mm256_max_ps(low, x); }
NEOCOG_INLINE Vec AtMost(Vec x, Vec high) { return _mm256_min_ps(high, x); }
NEOCOG_INLINE Mask Less(Vec a, Vec b) {
  return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
NEOCOG_INLINE Mask LessEqual(Vec a, Vec b) {
  return _mm256_cmp_ps(a, b, _CMP_LE_OQ);
}
NEOCOG_INLINE Mask IsNan(Vec a) { return _mm256_cmp_ps(a, a, _CMP_UNORD_Q); }
NEOCOG_INLINE Vec Select(Mask m, Vec a, Vec b) {
  return _mm256_blendv_ps(b, a, m);
}
NEOCOG_INLINE Vec MaxNan(Vec a, Vec b) {
  return Select(IsNan(a), a, _mm256_max_ps(a, b));
}
NEOCOG_INLINE Vec MinNan(Vec a, Vec b) {
  return Select(IsNan(a), a, _mm256_min_ps(a, b));
}
NEOCOG_INLINE Vec Abs(Vec a) { return _mm256_andnot_ps(Set1(-0.0f), a); }
NEOCOG_INLINE Vec CopySign(Vec magnitude, Vec sign) {
  const Vec bit = Set1(-0.0f);
  return _mm256_or_ps(_mm256_andnot_ps(bit, magnitude),
                      _mm256_and_ps(bit, sign));
}
NEOCOG_INLINE Vec Round(Vec a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
NEOCOG_INLINE Vec Nearest(Vec a) { return Round(a); }
NEOCOG_INLINE Vec Floor(Vec a) { return _mm256_floor_ps(a); }
NEOCOG_INLINE Vec Ceil(Vec a) { return _mm256_ceil_ps(a); }
NEOCOG_INLINE Vec Trunc(Vec a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}
NEOCOG_INLINE Vec Mantissa(Vec x, Vec* n) {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i power = _mm256_srai_epi32(
      _mm256_sub_epi32(bits, _mm256_set1_epi32(kThreeQuarters)), 23);
  *n = _mm256_cvtepi32_ps(power);
  return _mm256_castsi256_ps(
      _mm256_sub_epi32(bits, _mm256_slli_epi32(power, 23)));
}
NEOCOG_INLINE Vec Pow2(Vec n) {
  const __m256i biased =
      _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}
constexpr int kPowerSteps = 1;
NEOCOG_INLINE Vec PowerOf(Vec t) {
  const __m256i power = _mm256_slli_epi32(_mm256_castps_si256(t), 23);
  return _mm256_castsi256_ps(
      _mm256_add_epi32(power, _mm256_set1_epi32(0x3f800000)));
}
NEOCOG_INLINE float ReduceAdd(Vec a) {
  __m128 v = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  v = _mm_add_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)));
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_SIMD_AVX2_H_
