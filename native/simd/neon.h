// AArch64 NEON: 4 lanes, 32 registers. 24 accumulators, 4 weights and 1
// broadcast make the 6x16 tile.
#ifndef NEOCOG_SIMD_NEON_H_
#define NEOCOG_SIMD_NEON_H_

#include <arm_neon.h>

namespace neocog {
namespace {

constexpr int kLanes = 4;
constexpr int kTileRows = 6;
constexpr int kTileVecs = 4;
constexpr int kWideTileRows = 0;
constexpr const char* kIsaName = "neon";

using Vec = float32x4_t;
using Mask = uint32x4_t;

NEOCOG_INLINE Vec Zero() { return vdupq_n_f32(0); }
NEOCOG_INLINE Vec Set1(float x) { return vdupq_n_f32(x); }
NEOCOG_INLINE Vec Load(const float* p) { return vld1q_f32(p); }
NEOCOG_INLINE void Store(float* p, Vec v) { vst1q_f32(p, v); }
NEOCOG_INLINE Vec LoadN(const float* p, int n) {
  if (n == 4) return vld1q_f32(p);
  Vec v = vld1q_lane_f32(p, Zero(), 0);
  if (n > 1) v = vld1q_lane_f32(p + 1, v, 1);
  if (n > 2) v = vld1q_lane_f32(p + 2, v, 2);
  return v;
}
NEOCOG_INLINE void StoreN(float* p, Vec v, int n) {
  if (n == 4) return vst1q_f32(p, v);
  vst1q_lane_f32(p, v, 0);
  if (n > 1) vst1q_lane_f32(p + 1, v, 1);
  if (n > 2) vst1q_lane_f32(p + 2, v, 2);
}

NEOCOG_INLINE Vec LoadHalf(const uint16_t* p) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
NEOCOG_INLINE void StoreHalf(uint16_t* p, Vec v) {
  vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(v)));
}

NEOCOG_INLINE Vec Add(Vec a, Vec b) { return vaddq_f32(a, b); }
NEOCOG_INLINE Vec Sub(Vec a, Vec b) { return vsubq_f32(a, b); }
NEOCOG_INLINE Vec Mul(Vec a, Vec b) { return vmulq_f32(a, b); }
NEOCOG_INLINE Vec Div(Vec a, Vec b) { return vdivq_f32(a, b); }
NEOCOG_INLINE Vec Sqrt(Vec a) { return vsqrtq_f32(a); }
NEOCOG_INLINE Vec MulAdd(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
NEOCOG_INLINE Vec Quotient(Vec a, Vec b) { return Div(a, b); }
NEOCOG_INLINE void FmaInto(Vec a, Vec b, Vec* c) { *c = vfmaq_f32(*c, a, b); }

constexpr int kMostSpread = 2;
using Spreader = int;
NEOCOG_INLINE Spreader SpreaderOf(int, int channel) { return channel; }
NEOCOG_INLINE Vec Spread(Vec a, Spreader s) {
  return s == 0 ? vtrn1q_f32(a, a) : vtrn2q_f32(a, a);
}

// fmax and fmin answer NaN where either operand is NaN.
NEOCOG_INLINE Vec AtLeast(Vec x, Vec low) { return vmaxq_f32(x, low); }
NEOCOG_INLINE Vec AtMost(Vec x, Vec high) { return vminq_f32(x, high); }
NEOCOG_INLINE Vec MaxNan(Vec a, Vec b) { return vmaxq_f32(a, b); }
NEOCOG_INLINE Vec MinNan(Vec a, Vec b) { return vminq_f32(a, b); }
NEOCOG_INLINE Mask Less(Vec a, Vec b) { return vcltq_f32(a, b); }
NEOCOG_INLINE Mask LessEqual(Vec a, Vec b) { return vcleq_f32(a, b); }
NEOCOG_INLINE Mask IsNan(Vec a) { return vmvnq_u32(vceqq_f32(a, a)); }
NEOCOG_INLINE Vec Select(Mask m, Vec a, Vec b) { return vbslq_f32(m, a, b); }
NEOCOG_INLINE Vec Abs(Vec a) { return vabsq_f32(a); }
NEOCOG_INLINE Vec CopySign(Vec magnitude, Vec sign) {
  return vbslq_f32(vdupq_n_u32(0x80000000u), sign, magnitude);
}
NEOCOG_INLINE Vec Round(Vec a) { return vrndnq_f32(a); }
NEOCOG_INLINE Vec Nearest(Vec a) { return Round(a); }
NEOCOG_INLINE Vec Floor(Vec a) { return vrndmq_f32(a); }
NEOCOG_INLINE Vec Ceil(Vec a) { return vrndpq_f32(a); }
NEOCOG_INLINE Vec Trunc(Vec a) { return vrndq_f32(a); }
NEOCOG_INLINE Vec Mantissa(Vec x, Vec* n) {
  const int32x4_t bits = vreinterpretq_s32_f32(x);
  const int32x4_t power =
      vshrq_n_s32(vsubq_s32(bits, vdupq_n_s32(kThreeQuarters)), 23);
  *n = vcvtq_f32_s32(power);
  return vreinterpretq_f32_s32(vsubq_s32(bits, vshlq_n_s32(power, 23)));
}
NEOCOG_INLINE Vec Pow2(Vec n) {
  return vreinterpretq_f32_s32(
      vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23));
}
constexpr int kPowerSteps = 1;
NEOCOG_INLINE Vec PowerOf(Vec t) {
  const int32x4_t power = vshlq_n_s32(vreinterpretq_s32_f32(t), 23);
  return vreinterpretq_f32_s32(vaddq_s32(power, vdupq_n_s32(0x3f800000)));
}
NEOCOG_INLINE float ReduceAdd(Vec a) { return vaddvq_f32(a); }

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_SIMD_NEON_H_
