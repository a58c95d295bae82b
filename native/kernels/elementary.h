// More functions over Vec, for graphs from elsewhere. Largest errors against
// float64 in units of the last place, measured as in math.h:
//   Log 0.9, Erf 1.0, Softsign 1.5, Mish 3.8; Sin, Cos and Power are the C
//   library's.
// NaN stays NaN. Numbers below the smallest normal one count as zero where the
// thread flushes denormals: there Log gives -infinity.
#ifndef NEOCOG_KERNELS_ELEMENTARY_H_
#define NEOCOG_KERNELS_ELEMENTARY_H_

#include "math.h"

namespace neocog {
namespace {

// f of every lane, for functions that no network spends its time in.
template <typename F>
NEOCOG_INLINE Vec PerLane(Vec x, F f) {
  alignas(64) float lanes[kLanes];
  Store(lanes, x);
  for (int i = 0; i < kLanes; ++i) lanes[i] = f(lanes[i]);
  return Load(lanes);
}

template <typename F>
NEOCOG_INLINE Vec PerLane(Vec x, Vec y, F f) {
  alignas(64) float left[kLanes];
  alignas(64) float right[kLanes];
  Store(left, x);
  Store(right, y);
  for (int i = 0; i < kLanes; ++i) left[i] = f(left[i], right[i]);
  return Load(left);
}

NEOCOG_INLINE Vec Sin(Vec x) {
  return PerLane(x, [](float lane) { return __builtin_sinf(lane); });
}

NEOCOG_INLINE Vec Cos(Vec x) {
  return PerLane(x, [](float lane) { return __builtin_cosf(lane); });
}

NEOCOG_INLINE Vec Power(Vec x, Vec y) {
  return PerLane(x, y, [](float a, float b) { return __builtin_powf(a, b); });
}

// The remainder with the sign of x.
NEOCOG_INLINE Vec Remainder(Vec x, Vec y) {
  return PerLane(x, y, [](float a, float b) { return __builtin_fmodf(a, b); });
}

// The remainder with the sign of y.
NEOCOG_INLINE Vec Modulo(Vec x, Vec y) {
  return PerLane(x, y, [](float a, float b) {
    const float rest = __builtin_fmodf(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  });
}

// log(m 2^n) = log(1 + f) + n ln(2) with f = m - 1 in [-0.25, 0.5) and
// log(1 + f) = f - f^2 / 2 + f^3 p(f), p minimax with relative error 2^-27.
NEOCOG_INLINE Vec Log(Vec x) {
  Vec n;
  const Vec f = Sub(Mantissa(x, &n), Set1(1.0f));
  Vec p = Set1(-0.0451212041f);
  p = MulAdd(p, f, Set1(0.104697376f));
  p = MulAdd(p, f, Set1(-0.131639972f));
  p = MulAdd(p, f, Set1(0.144782528f));
  p = MulAdd(p, f, Set1(-0.166469872f));
  p = MulAdd(p, f, Set1(0.199908212f));
  p = MulAdd(p, f, Set1(-0.250001043f));
  p = MulAdd(p, f, Set1(0.333334506f));
  p = MulAdd(p, f, Set1(-0.5f));
  const Vec rest = MulAdd(n, Set1(kLn2Lower), Mul(Mul(f, f), p));
  const Vec y = MulAdd(n, Set1(kLn2Upper), Add(f, rest));
  // Zero and what counts as it; negative numbers; infinity and NaN.
  const Vec infinity = Set1(__builtin_inff());
  const Vec below =
      Select(Less(x, Zero()), Set1(__builtin_nanf("")), Sub(Zero(), infinity));
  const Vec positive = Select(Less(x, Set1(1.17549435e-38f)), below, y);
  return Select(Less(x, infinity), positive, x);
}

// Up to 1, erf(x) = x + x p(x^2), relative error 2^-29; beyond, 1 - e^-q(|x|),
// q minimax on [1, 4], where erf ends in float32.
NEOCOG_INLINE Vec Erf(Vec x) {
  const Vec one = Set1(1.0f);
  const Vec t = AtMost(Abs(x), Set1(4.0f));
  const Vec z = Mul(t, t);
  Vec p = Set1(7.80690316e-05f);
  p = MulAdd(p, z, Set1(-0.00079978531f));
  p = MulAdd(p, z, Set1(0.0051871622f));
  p = MulAdd(p, z, Set1(-0.0268533472f));
  p = MulAdd(p, z, Set1(0.112835787f));
  p = MulAdd(p, z, Set1(-0.37612626f));
  p = MulAdd(p, z, Set1(0.128379166f));
  Vec q = Set1(-0.000186381381f);
  q = MulAdd(q, t, Set1(0.00294768182f));
  q = MulAdd(q, t, Set1(-0.0218381546f));
  q = MulAdd(q, t, Set1(0.103106923f));
  q = MulAdd(q, t, Set1(0.638144672f));
  q = MulAdd(q, t, Set1(1.12708926f));
  q = MulAdd(q, t, Set1(0.000341512583f));
  const Vec outer = Sub(one, Exp(Sub(Zero(), q)));
  const Vec y = Select(LessEqual(one, t), outer, MulAdd(t, p, t));
  return CopySign(y, x);
}

// x / (1 + |x|), which is one long before |x| becomes infinite.
NEOCOG_INLINE Vec Softsign(Vec x) {
  const Vec large = Set1(1073741824.0f);
  const Vec t = AtMost(AtLeast(x, Sub(Zero(), large)), large);
  return Div(t, Add(Set1(1.0f), Abs(t)));
}

// x tanh(log(1 + e^x)); with e = e^-|x| the tangent is (1 + 2e) / (1 + 2e +
// 2e^2) for positive x and e (e + 2) / (e (e + 2) + 2) for negative ones, where
// its factor e is taken in last.
NEOCOG_INLINE Vec Mish(Vec x) {
  const Vec one = Set1(1.0f);
  const Vec two = Set1(2.0f);
  const Scaled scaled =
      ExpScaled(AtLeast(Sub(Zero(), Abs(x)), Set1(-128.0f)), Zero());
  const Vec e = Mul(scaled.value, scaled.scale);
  const Mask negative = Less(x, Zero());
  const Vec plus = Add(e, two);
  const Vec twice = MulAdd(two, e, one);
  const Vec top = Select(
      negative, Mul(Mul(NegativeFactor(x), scaled.value), plus), Mul(x, twice));
  const Vec bottom =
      Select(negative, MulAdd(e, plus, two), MulAdd(Mul(two, e), e, twice));
  const Vec y = Div(top, bottom);
  return Select(negative, Mul(y, scaled.scale), y);
}

NEOCOG_INLINE Vec Sign(Vec x) {
  const Vec one = Set1(1.0f);
  return Select(Less(Zero(), x), one,
                Select(Less(x, Zero()), Sub(Zero(), one), x));
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_ELEMENTARY_H_
