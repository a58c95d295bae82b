// Any CPU: the compiler's own 4-lane vectors, built without ISA flags (SSE2 on
// x86-64, NEON without FMA on arm64). 16 registers on x86-64: 12 accumulators,
// 2 weights and 1 broadcast make the 6x8 tile.
#ifndef NEOCOG_SIMD_SCALAR_H_
#define NEOCOG_SIMD_SCALAR_H_

namespace neocog {
namespace {

constexpr int kLanes = 4;
constexpr int kTileRows = 6;
constexpr int kTileVecs = 2;
constexpr int kWideTileRows = 0;
constexpr const char* kIsaName = "scalar";

typedef float Vec __attribute__((vector_size(16)));
typedef int32_t Mask __attribute__((vector_size(16)));
// Differences of any bits, which as signed numbers would overflow.
typedef uint32_t Bits __attribute__((vector_size(16)));
typedef float UnalignedVec
    __attribute__((vector_size(16), aligned(4), may_alias));

NEOCOG_INLINE Vec Set1(float x) { return Vec{x, x, x, x}; }
NEOCOG_INLINE Vec Zero() { return Set1(0); }
NEOCOG_INLINE Vec Load(const float* p) {
  return *reinterpret_cast<const UnalignedVec*>(p);
}
NEOCOG_INLINE void Store(float* p, Vec v) {
  *reinterpret_cast<UnalignedVec*>(p) = v;
}
NEOCOG_INLINE Vec LoadN(const float* p, int n) {
  return Vec{p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, n > 3 ? p[3] : 0};
}
NEOCOG_INLINE void StoreN(float* p, Vec v, int n) {
  p[0] = v[0];
  if (n > 1) p[1] = v[1];
  if (n > 2) p[2] = v[2];
  if (n > 3) p[3] = v[3];
}

NEOCOG_INLINE float WidenedHalf(uint16_t half) {
  const uint32_t exponent = half & 0x7c00u;
  uint32_t bits = static_cast<uint32_t>(half & 0x7fff) << 13;
  if (exponent == 0) {
    // A difference of normal numbers, which nothing flushes: 2^-14 (1 + m) less
    // 2^-14.
    bits += 113u << 23;
    float number, base;
    const uint32_t base_bits = 113u << 23;
    __builtin_memcpy(&number, &bits, sizeof(number));
    __builtin_memcpy(&base, &base_bits, sizeof(base));
    number -= base;
    __builtin_memcpy(&bits, &number, sizeof(bits));
  } else {
    bits += (exponent == 0x7c00u ? 224u : 112u) << 23;
  }
  bits |= static_cast<uint32_t>(half & 0x8000) << 16;
  float number;
  __builtin_memcpy(&number, &bits, sizeof(number));
  return number;
}
NEOCOG_INLINE uint16_t RoundedHalf(float number) {
  uint32_t bits;
  __builtin_memcpy(&bits, &number, sizeof(bits));
  const uint32_t sign = bits >> 16 & 0x8000u;
  bits &= 0x7fffffffu;
  uint32_t half;
  if (bits > 0x7f800000u) {
    half = 0x7e00;
  } else if (bits >= 0x477ff000u) {  // 65520: halfway to what would follow
    half = 0x7c00;
  } else if (bits < 0x38800000u) {  // 2^-14
    // Rounds to multiples of 2^-24, the last bit of a float from 0.5 to 1.
    float small;
    __builtin_memcpy(&small, &bits, sizeof(small));
    small += 0.5f;
    __builtin_memcpy(&half, &small, sizeof(half));
    half -= 0x3f000000u;
  } else {
    half = (bits + 0xfffu + (bits >> 13 & 1u) - (112u << 23)) >> 13;
  }
  return static_cast<uint16_t>(half | sign);
}
NEOCOG_INLINE Vec LoadHalf(const uint16_t* p) {
  return Vec{WidenedHalf(p[0]), WidenedHalf(p[1]), WidenedHalf(p[2]),
             WidenedHalf(p[3])};
}
NEOCOG_INLINE void StoreHalf(uint16_t* p, Vec v) {
  NEOCOG_UNROLL for (int i = 0; i < 4; ++i) p[i] = RoundedHalf(v[i]);
}

NEOCOG_INLINE Vec Add(Vec a, Vec b) { return a + b; }
NEOCOG_INLINE Vec Sub(Vec a, Vec b) { return a - b; }
NEOCOG_INLINE Vec Mul(Vec a, Vec b) { return a * b; }
NEOCOG_INLINE Vec Div(Vec a, Vec b) { return a / b; }
NEOCOG_INLINE Vec Sqrt(Vec a) {
  return Vec{__builtin_sqrtf(a[0]), __builtin_sqrtf(a[1]),
             __builtin_sqrtf(a[2]), __builtin_sqrtf(a[3])};
}
NEOCOG_INLINE Vec MulAdd(Vec a, Vec b, Vec c) { return a * b + c; }
NEOCOG_INLINE Vec Quotient(Vec a, Vec b) { return Div(a, b); }
NEOCOG_INLINE void FmaInto(Vec a, Vec b, Vec* c) { *c = a * b + *c; }

constexpr int kMostSpread = 2;
using Spreader = int;
NEOCOG_INLINE Spreader SpreaderOf(int, int channel) { return channel; }
NEOCOG_INLINE Vec Spread(Vec a, Spreader s) {
  return s == 0 ? Vec{a[0], a[0], a[2], a[2]} : Vec{a[1], a[1], a[3], a[3]};
}

NEOCOG_INLINE Mask Less(Vec a, Vec b) { return a < b; }
NEOCOG_INLINE Mask LessEqual(Vec a, Vec b) { return a <= b; }
NEOCOG_INLINE Mask IsNan(Vec a) { return a != a; }
NEOCOG_INLINE Vec Select(Mask m, Vec a, Vec b) {
  return reinterpret_cast<Vec>((m & reinterpret_cast<Mask>(a)) |
                               (~m & reinterpret_cast<Mask>(b)));
}
NEOCOG_INLINE Vec AtLeast(Vec x, Vec low) { return Select(x < low, low, x); }
NEOCOG_INLINE Vec AtMost(Vec x, Vec high) { return Select(high < x, high, x); }
NEOCOG_INLINE Vec MaxNan(Vec a, Vec b) {
  return Select(IsNan(a), a, Select(a > b, a, b));
}
NEOCOG_INLINE Vec MinNan(Vec a, Vec b) {
  return Select(IsNan(a), a, Select(a < b, a, b));
}
NEOCOG_INLINE Vec Abs(Vec a) {
  return reinterpret_cast<Vec>(reinterpret_cast<Mask>(a) & 0x7fffffff);
}
NEOCOG_INLINE Vec CopySign(Vec magnitude, Vec sign) {
  return Select(Mask{} + INT32_MIN, sign, magnitude);
}
// Adding and taking away 1.5 * 2^23 rounds to the nearest whole number, ties to
// even, for |a| < 2^22.
NEOCOG_INLINE Vec Round(Vec a) {
  const Vec magic = Set1(12582912.0f);
  return (a + magic) - magic;
}
// The same with 2^23, from which on every float is whole.
NEOCOG_INLINE Vec Nearest(Vec a) {
  const Vec whole = Set1(8388608.0f);
  const Vec magnitude = Abs(a);
  const Vec rounded = (magnitude + whole) - whole;
  return Select(Less(magnitude, whole), CopySign(rounded, a), a);
}
NEOCOG_INLINE Vec Floor(Vec a) {
  const Vec near = Nearest(a);
  return near - Select(Less(a, near), Set1(1.0f), Zero());
}
NEOCOG_INLINE Vec Ceil(Vec a) {
  const Vec near = Nearest(a);
  return near + Select(Less(near, a), Set1(1.0f), Zero());
}
NEOCOG_INLINE Vec Trunc(Vec a) { return CopySign(Floor(Abs(a)), a); }
NEOCOG_INLINE Vec Mantissa(Vec x, Vec* n) {
  const Bits bits = reinterpret_cast<Bits>(x);
  const Mask power = reinterpret_cast<Mask>(bits - kThreeQuarters) >> 23;
  *n = __builtin_convertvector(power, Vec);
  return reinterpret_cast<Vec>(bits - (reinterpret_cast<Bits>(power) << 23));
}
NEOCOG_INLINE Vec Pow2(Vec n) {
  return reinterpret_cast<Vec>((__builtin_convertvector(n, Mask) + 127) << 23);
}
constexpr int kPowerSteps = 1;
NEOCOG_INLINE Vec PowerOf(Vec t) {
  return reinterpret_cast<Vec>((reinterpret_cast<Mask>(t) << 23) + 0x3f800000);
}
NEOCOG_INLINE float ReduceAdd(Vec a) { return (a[0] + a[2]) + (a[1] + a[3]); }

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_SIMD_SCALAR_H_
