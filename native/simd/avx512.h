// AVX-512F: 16 lanes, 32 registers. 24 accumulators, 4 weights and 1 broadcast
// make the 6x64 tile: as many row pointers as the 16-register ISAs, so that
// they stay in general registers.
#ifndef NEOCOG_SIMD_AVX512_H_
#define NEOCOG_SIMD_AVX512_H_

#include <immintrin.h>

namespace neocog {
namespace {

constexpr int kLanes = 16;
constexpr int kTileRows = 6;
constexpr int kTileVecs = 4;
constexpr int kWideTileRows = 0;
constexpr const char* kIsaName = "avx512";

using Vec = __m512;
using Mask = __mmask16;

NEOCOG_INLINE Vec Zero() { return _mm512_setzero_ps(); }
NEOCOG_INLINE Vec Set1(float x) { return _mm512_set1_ps(x); }
NEOCOG_INLINE Vec Load(const float* p) { return _mm512_loadu_ps(p); }
NEOCOG_INLINE void Store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
NEOCOG_INLINE Mask FirstLanes(int n) {
  return static_cast<Mask>((1u << n) - 1);
}
NEOCOG_INLINE Vec LoadN(const float* p, int n) {
  return _mm512_maskz_loadu_ps(FirstLanes(n), p);
}
NEOCOG_INLINE void StoreN(float* p, Vec v, int n) {
  _mm512_mask_storeu_ps(p, FirstLanes(n), v);
}

NEOCOG_INLINE Vec LoadHalf(const uint16_t* p) {
  return _mm512_cvtph_ps(
      _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
NEOCOG_INLINE void StoreHalf(uint16_t* p, Vec v) {
  _mm256_storeu_si256(
      reinterpret_cast<__m256i*>(p),
      _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

NEOCOG_INLINE Vec Add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
NEOCOG_INLINE Vec Sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
NEOCOG_INLINE Vec Mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
NEOCOG_INLINE Vec Div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
NEOCOG_INLINE Vec Sqrt(Vec a) { return _mm512_sqrt_ps(a); }
NEOCOG_INLINE Vec MulAdd(Vec a, Vec b, Vec c) {
  return _mm512_fmadd_ps(a, b, c);
}
// A Newton step from the 14 bits of the estimate: a division takes 16 cycles.
NEOCOG_INLINE Vec Quotient(Vec a, Vec b) {
  const Vec r = _mm512_rcp14_ps(b);
  const Vec rest = _mm512_fnmadd_ps(b, r, Set1(1.0f));
  return _mm512_mul_ps(a, _mm512_fmadd_ps(r, rest, r));
}
// The asm on a scalar temporary stops GCC from folding loads into the FMA or
// spilling accumulators.
NEOCOG_INLINE void FmaInto(Vec a, Vec b, Vec* c) {
  Vec t = *c;
  asm("vfmadd231ps %2, %1, %0" : "+v"(t) : "v"(a), "v"(b));
  *c = t;
}

// Which lane each lane takes.
constexpr int kMostSpread = 8;
using Spreader = __m512i;
NEOCOG_INLINE Spreader SpreaderOf(int group, int channel) {
  const __m512i lanes =
      _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  return _mm512_or_epi32(_mm512_and_epi32(lanes, _mm512_set1_epi32(-group)),
                         _mm512_set1_epi32(channel));
}
NEOCOG_INLINE Vec Spread(Vec a, Spreader s) {
  return _mm512_permutexvar_ps(s, a);
}

// maxps and minps answer their second operand where either is NaN.
NEOCOG_INLINE Vec AtLeast(Vec x, Vec low) { return _mm512_max_ps(low, x); }
NEOCOG_INLINE Vec AtMost(Vec x, Vec high) { return _mm512_min_ps(high, x); }
NEOCOG_INLINE Mask Less(Vec a, Vec b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
NEOCOG_INLINE Mask LessEqual(Vec a, Vec b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
}
NEOCOG_INLINE Mask IsNan(Vec a) {
  return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
}
NEOCOG_INLINE Vec Select(Mask m, Vec a, Vec b) {
  return _mm512_mask_blend_ps(m, b, a);
}
NEOCOG_INLINE Vec MaxNan(Vec a, Vec b) {
  return Select(IsNan(a), a, _mm512_max_ps(a, b));
}
NEOCOG_INLINE Vec MinNan(Vec a, Vec b) {
  return Select(IsNan(a), a, _mm512_min_ps(a, b));
}
NEOCOG_INLINE Vec Abs(Vec a) { return _mm512_abs_ps(a); }
NEOCOG_INLINE Vec CopySign(Vec magnitude, Vec sign) {
  // The table of (bit and sign) or (not bit and magnitude).
  return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
      _mm512_set1_epi32(INT32_MIN), _mm512_castps_si512(sign),
      _mm512_castps_si512(magnitude), 0xca));
}
NEOCOG_INLINE Vec Round(Vec a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
NEOCOG_INLINE Vec Nearest(Vec a) { return Round(a); }
NEOCOG_INLINE Vec Floor(Vec a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
NEOCOG_INLINE Vec Ceil(Vec a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
}
NEOCOG_INLINE Vec Trunc(Vec a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}
NEOCOG_INLINE Vec Mantissa(Vec x, Vec* n) {
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i power = _mm512_srai_epi32(
      _mm512_sub_epi32(bits, _mm512_set1_epi32(kThreeQuarters)), 23);
  *n = _mm512_cvtepi32_ps(power);
  return _mm512_castsi512_ps(
      _mm512_sub_epi32(bits, _mm512_slli_epi32(power, 23)));
}
NEOCOG_INLINE Vec Pow2(Vec n) {
  const __m512i biased =
      _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
  return _mm512_castsi512_ps(_mm512_slli_epi32(biased, 23));
}
// The bits of 2^(i / 32), less what i adds to the exponent of 2^n.
constexpr int kPowerSteps = 32;
alignas(64) constexpr uint32_t kPowers[kPowerSteps] = {
    0x3f800000, 0x3f7ecd87, 0x3f7daac3, 0x3f7c980f, 0x3f7b95c2, 0x3f7aa43a,
    0x3f79c3d3, 0x3f78f4f0, 0x3f7837f0, 0x3f778d3a, 0x3f76f532, 0x3f767043,
    0x3f75fed7, 0x3f75a15b, 0x3f75583f, 0x3f7523f6, 0x3f7504f3, 0x3f74fbaf,
    0x3f7508a4, 0x3f752c4d, 0x3f75672a, 0x3f75b9be, 0x3f76248c, 0x3f76a81e,
    0x3f7744fd, 0x3f77fbb8, 0x3f78ccdf, 0x3f79b907, 0x3f7ac0c7, 0x3f7be4ba,
    0x3f7d257d, 0x3f7e83b3};
NEOCOG_INLINE Vec PowerOf(Vec t) {
  const __m512i n = _mm512_castps_si512(t);
  const __m512i power =
      _mm512_permutex2var_epi32(_mm512_load_si512(kPowers), n,
                                _mm512_load_si512(kPowers + kPowerSteps / 2));
  return _mm512_castsi512_ps(_mm512_add_epi32(power, _mm512_slli_epi32(n, 18)));
}
NEOCOG_INLINE float ReduceAdd(Vec a) { return _mm512_reduce_add_ps(a); }

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_SIMD_AVX512_H_
