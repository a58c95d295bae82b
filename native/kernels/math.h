// Transcendental functions over Vec. Largest errors against float64 in units of
// the last place, measured over every 211th float32 and a grid on [-130, 130],
// with an FMA (avx2, avx512, neon) and without (scalar):
//   Exp 1.0, ExpM1NotPositive 1.6, Sigmoid 2.4, Softplus 2.0, Tanh 5.4
//   (scalar: 6.1), Swish 3.0 (avx512: 4.9);
//   Gelu 5.8 and 6.3, GeluTanh 5.8 and 8.0 (the largest ones in the negative
//   tail, where the result is a vanishing fraction of x).
// NaN stays NaN. Results below the smallest normal number are flushed to zero
// where the thread flushes denormals.
#ifndef NEOCOG_KERNELS_MATH_H_
#define NEOCOG_KERNELS_MATH_H_

#include "../simd.h"

namespace neocog {
namespace {

// value * scale, kept apart so that a factor can be taken in before the product
// leaves the normal numbers.
struct Scaled {
  Vec value, scale;
};

// e^r - 1 = r + r^2 q(r) for |r| <= ln(2)/2; q is a minimax polynomial,
// relative error 2^-32.
NEOCOG_INLINE Vec ExpM1Core(Vec r) {
  Vec q = Set1(0.00019845908f);
  q = MulAdd(q, r, Set1(0.0013941013f));
  q = MulAdd(q, r, Set1(0.008333391f));
  q = MulAdd(q, r, Set1(0.041666355f));
  q = MulAdd(q, r, Set1(0.16666666f));
  q = MulAdd(q, r, Set1(0.5f));
  return MulAdd(Mul(r, r), q, r);
}

// ln(2) in two parts: the upper has 9 bits, so that its product with a whole
// |n| < 2^15 is exact without an FMA too.
constexpr float kLn2Upper = 0.693359375f;
constexpr float kLn2Lower = -2.12194440e-4f;
constexpr float kLog2E = 1.44269504f;

// e^(x + rest) for x + rest in [-170, 89]; `rest` holds what does not fit into
// x.
NEOCOG_INLINE Scaled ExpScaled(Vec x, Vec rest) {
  const Vec n = Round(Mul(Add(x, rest), Set1(kLog2E)));
  const Vec upper = MulAdd(n, Set1(-kLn2Upper), x);
  const Vec r = Add(upper, MulAdd(n, Set1(-kLn2Lower), rest));
  const Vec half = Round(Mul(n, Set1(0.5f)));
  return {Mul(Add(Set1(1.0f), ExpM1Core(r)), Pow2(half)), Pow2(Sub(n, half))};
}

// e^x. Above 88.73 infinity, below -103.98 zero.
NEOCOG_INLINE Vec Exp(Vec x) {
  const Scaled e =
      ExpScaled(AtMost(AtLeast(x, Set1(-104.0f)), Set1(89.0f)), Zero());
  return Mul(e.value, e.scale);
}

// e^x - 1 for x <= 0, accurate near 0 as well.
NEOCOG_INLINE Vec ExpM1NotPositive(Vec x) {
  x = AtLeast(x, Set1(-30.0f));
  const Vec n = Round(Mul(x, Set1(kLog2E)));
  const Vec upper = MulAdd(n, Set1(-kLn2Upper), x);
  const Vec p = ExpM1Core(MulAdd(n, Set1(-kLn2Lower), upper));
  const Vec s = Pow2(n);
  return MulAdd(s, p, Sub(s, Set1(1.0f)));
}

// tanh(t) = t P(t^2) / Q(t^2) on [0, 9.02], minimax, relative error 2^-25.5;
// beyond, where tanh is one in float32, the quotient is larger than one.
NEOCOG_INLINE Vec Tanh(Vec x) {
  const Vec one = Set1(1.0f);
  const Vec t = AtMost(Abs(x), Set1(10.0f));
  const Vec z = Mul(t, t);
  Vec p = Set1(1.33190694e-08f);
  p = MulAdd(p, z, Set1(2.05834767e-05f));
  p = MulAdd(p, z, Set1(0.00349403499f));
  p = MulAdd(p, z, Set1(0.133797154f));
  p = MulAdd(p, z, one);
  Vec q = Set1(7.76201659e-07f);
  q = MulAdd(q, z, Set1(0.000328309281f));
  q = MulAdd(q, z, Set1(0.025871072f));
  q = MulAdd(q, z, Set1(0.467130303f));
  q = MulAdd(q, z, one);
  return CopySign(AtMost(Quotient(Mul(t, p), q), one), x);
}

// 1 / (1 + e^-x), as e^x / (1 + e^x) for negative x.
NEOCOG_INLINE Vec Sigmoid(Vec x) {
  const Vec one = Set1(1.0f);
  const Vec e = Exp(Sub(Zero(), Abs(x)));
  return Div(Select(Less(x, Zero()), e, one), Add(one, e));
}

// log(1 + e) for e in [0, 1], by s = e / (2 + e) and log(1 + e) = 2 atanh(s) =
// e - s (e - z R(z)) with z = s^2.
NEOCOG_INLINE Vec Log1pOfUnit(Vec e) {
  const Vec s = Div(e, Add(Set1(2.0f), e));
  const Vec z = Mul(s, s);
  Vec q = Set1(0.28024465f);
  q = MulAdd(q, z, Set1(0.2799914f));
  q = MulAdd(q, z, Set1(0.400217f));
  q = MulAdd(q, z, Set1(0.6666641f));
  return Sub(e, Mul(s, Sub(e, Mul(z, q))));
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|): never overflows.
NEOCOG_INLINE Vec Softplus(Vec x) {
  return Add(AtLeast(x, Zero()), Log1pOfUnit(Exp(Sub(Zero(), Abs(x)))));
}

// x where x is negative, not below -128, so that a product with a vanishing
// factor vanishes; but -infinity gives NaN, as the product -infinity * 0 in the
// definitions does (and as PyTorch answers).
NEOCOG_INLINE Vec NegativeFactor(Vec x) {
  return Add(AtLeast(x, Set1(-128.0f)), Sub(x, x));
}

// x / (1 + e^-z) given e = e^-|z|, where z has the sign of x.
NEOCOG_INLINE Vec Gate(Vec x, Scaled e) {
  const Vec one = Set1(1.0f);
  const Mask negative = Less(x, Zero());
  const Vec top = Select(negative, Mul(NegativeFactor(x), e.value), x);
  const Vec y = Div(top, MulAdd(e.value, e.scale, one));
  return Select(negative, Mul(y, e.scale), y);
}

// e^-r within half a step of PowerOf, minimax but for the 1, relative error
// 2^-24 with many steps and 2^-27 with one.
NEOCOG_INLINE Vec ExpOfStep(Vec r) {
  Vec p;
  if (kPowerSteps == 32) {
    p = MulAdd(Set1(0.5f), r, Set1(-1.0000147f));
  } else {
    p = Set1(0.00138143206f);
    p = MulAdd(p, r, Set1(-0.00836885069f));
    p = MulAdd(p, r, Set1(0.0416684002f));
    p = MulAdd(p, r, Set1(-0.166665196f));
    p = MulAdd(p, r, Set1(0.49999994f));
    p = MulAdd(p, r, Set1(-1.0f));
  }
  return MulAdd(p, r, Set1(1.0f));
}

// x sigmoid(x) = x / (1 + e^-x), both sides of the fraction 2^-24 times as
// large: for the smallest results e^-x would be infinite. From 70 on the
// sigmoid is one, so that what is above is added. -infinity gives NaN, as for
// Gate.
NEOCOG_INLINE Vec Swish(Vec x) {
  const Vec upper = AtMost(x, Set1(70.0f));
  const Vec z = AtLeast(upper, Set1(-104.0f));
  const Vec zero = Set1(kPowerZero - 24.0f);
  const Vec t = MulAdd(z, Set1(-kLog2E), zero);
  const Vec n = Sub(t, zero);
  const Vec r = MulAdd(n, Set1(kLn2Lower), MulAdd(n, Set1(kLn2Upper), z));
  const Vec unit = Set1(1.0f / 16777216.0f);
  const Vec y = Quotient(z, MulAdd(ExpOfStep(r), PowerOf(t), unit));
  return MulAdd(y, unit, Sub(x, upper));
}

// x P(x) with the normal distribution P, i.e. x (1 + erf(x / sqrt(2))) / 2.
// P(-t) = e^(-t^2/2) M(t): M (Mills' ratio but for a constant) is a minimax
// quotient of polynomials with positive coefficients on [0, 15], relative error
// 2^-27. t^2 needs more bits than a float has: t is split so that `upper` has
// 11 bits.
NEOCOG_INLINE Vec Gelu(Vec x) {
  const Vec t = AtMost(Abs(x), Set1(15.0f));
  const Vec upper = Mul(Round(Mul(t, Set1(128.0f))), Set1(1.0f / 128.0f));
  const Vec minus_half = Set1(-0.5f);
  const Vec rest = Mul(Mul(Sub(t, upper), Add(t, upper)), minus_half);
  const Scaled e = ExpScaled(Mul(Mul(upper, upper), minus_half), rest);
  Vec top = Set1(0.0041531986f);
  top = MulAdd(top, t, Set1(0.040880926f));
  top = MulAdd(top, t, Set1(0.1839686f));
  top = MulAdd(top, t, Set1(0.43928277f));
  top = MulAdd(top, t, Set1(0.5f));
  Vec bottom = Set1(0.010410413f);
  bottom = MulAdd(bottom, t, Set1(0.102479406f));
  bottom = MulAdd(bottom, t, Set1(0.47140723f));
  bottom = MulAdd(bottom, t, Set1(1.2055463f));
  bottom = MulAdd(bottom, t, Set1(1.6764505f));
  bottom = MulAdd(bottom, t, Set1(1.0f));
  const Vec tail = Mul(Div(top, bottom), e.value);
  const Vec negative = Mul(Mul(NegativeFactor(x), tail), e.scale);
  const Vec positive = Mul(x, Sub(Set1(1.0f), Mul(tail, e.scale)));
  return Select(Less(x, Zero()), negative, positive);
}

// x (1 + tanh(u)) / 2 = x sigmoid(2u) with u = sqrt(2/pi) (x + 0.044715 x^3),
// so 2u = a x + b x^3. In the negative tail an error of 2u is a relative error
// of the result. So a, b and t = |x| are split into parts: the products of the
// upper ones (a: 51/32, b: 9/128, t: 3 bits after the point) are exact.
NEOCOG_INLINE Vec GeluTanh(Vec x) {
  const Vec t = AtMost(Abs(x), Set1(11.0f));
  const Vec upper = Mul(Round(Mul(t, Set1(8.0f))), Set1(0.125f));
  const Vec lower = Sub(t, upper);
  const Vec square = Mul(upper, upper);
  const Vec exact =
      Mul(upper, MulAdd(square, Set1(-9.0f / 128.0f), Set1(-51.0f / 32.0f)));
  const Vec squares = MulAdd(t, Add(t, upper), square);
  const Vec slope = MulAdd(squares, Set1(-0.07135482f), Set1(-1.5957691f));
  const Vec missing =
      MulAdd(square, Set1(-0.00104231627f), Set1(-0.0020191216f));
  return Gate(x, ExpScaled(exact, MulAdd(lower, slope, Mul(upper, missing))));
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_MATH_H_
