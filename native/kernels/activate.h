// Activations: on one Vec, on a run of floats, and as the clip that most
// epilogues get by with.
#ifndef NEOCOG_KERNELS_ACTIVATE_H_
#define NEOCOG_KERNELS_ACTIVATE_H_

#include <stdint.h>

#include "../ops.h"
#include "elementary.h"

namespace neocog {
namespace {

// NaN stays NaN in all of them. An infinite x gives the limit, except for the
// products x f(x) at -infinity (hardswish, swish, gelu, gelutanh, mish), where
// -infinity * 0 is NaN.
template <Act kAct>
NEOCOG_INLINE Vec Activate(Vec x, Vec alpha, Vec beta) {
  const Vec zero = Zero();
  const Vec one = Set1(1.0f);
  switch (kAct) {
    case Act::k_relu:
      return AtMost(AtLeast(x, zero), beta);
    case Act::k_leakyrelu:
      return Select(Less(x, zero), Mul(alpha, x), x);
    case Act::k_elu:
      return Select(Less(x, zero),
                    Mul(alpha, ExpM1NotPositive(AtMost(x, zero))), x);
    case Act::k_sigmoid:
      return Sigmoid(x);
    case Act::k_tanh:
      return Tanh(x);
    case Act::k_softplus:
      return Softplus(x);
    case Act::k_hardsigmoid:
      return AtMost(AtLeast(MulAdd(alpha, x, beta), zero), one);
    case Act::k_hardswish: {
      const Vec relu6 = AtMost(AtLeast(Add(x, Set1(3.0f)), zero), Set1(6.0f));
      // The sixth first: x * 6 could overflow.
      return Mul(x, Mul(relu6, Set1(1.0f / 6.0f)));
    }
    case Act::k_swish:
      return Swish(x);
    case Act::k_gelu:
      return Gelu(x);
    case Act::k_gelutanh:
      return GeluTanh(x);
    case Act::k_clip:
      return AtMost(AtLeast(x, alpha), beta);
    case Act::k_exp:
      return Exp(x);
    case Act::k_log:
      return Log(x);
    case Act::k_sqrt:
      return Sqrt(x);
    case Act::k_abs:
      return Abs(x);
    case Act::k_reciprocal:
      return Div(one, x);
    case Act::k_floor:
      return Floor(x);
    case Act::k_ceil:
      return Ceil(x);
    case Act::k_round:
      return Nearest(x);
    case Act::k_trunc:
      return Trunc(x);
    case Act::k_sign:
      return Sign(x);
    case Act::k_erf:
      return Erf(x);
    case Act::k_sin:
      return Sin(x);
    case Act::k_cos:
      return Cos(x);
    case Act::k_softsign:
      return Softsign(x);
    case Act::k_mish:
      return Mish(x);
    case Act::k_thresholdedrelu:
      return Select(LessEqual(x, alpha), zero, x);
    default:
      return x;
  }
}

// No activation, relu and clip are one clip, cheap enough for any epilogue's
// registers. The others follow as a second sweep (ActivateRun) over a run that
// is still in the first cache: a kernel stores Clipped(...) and, where
// `NeedsRun(act)`, calls ActivateRun on what it has just stored.
struct Clip {
  Vec low, high;
};

NEOCOG_INLINE Clip ClipOf(int32_t act, float alpha, float beta) {
  const bool relu = act == static_cast<int32_t>(Act::k_relu);
  const bool clip = act == static_cast<int32_t>(Act::k_clip);
  return {Set1(relu   ? 0.0f
               : clip ? alpha
                      : -__builtin_inff()),
          Set1(relu || clip ? beta : __builtin_inff())};
}

// Which bounds there are at all.
enum class Clips { kNone, kLow, kBoth };

NEOCOG_INLINE Clips ClipsOf(int32_t act, float beta) {
  if (act == static_cast<int32_t>(Act::k_clip)) return Clips::kBoth;
  if (act != static_cast<int32_t>(Act::k_relu)) return Clips::kNone;
  return beta < __builtin_inff() ? Clips::kBoth : Clips::kLow;
}

NEOCOG_INLINE Vec Clipped(Vec x, Clip clip) {
  return AtMost(AtLeast(x, clip.low), clip.high);
}

NEOCOG_INLINE bool NeedsRun(int32_t act) {
  return act > static_cast<int32_t>(Act::k_relu) &&
         act != static_cast<int32_t>(Act::k_clip);
}

// Rough CPU cycles that the second sweep takes for one vector: exponentials are
// some 20 instructions, a call of the C library as many for every lane.
NEOCOG_INLINE int64_t ActivateCycles(int32_t act) {
  const Act name = static_cast<Act>(act);
  if (!NeedsRun(act)) return 0;
  return name == Act::k_sin || name == Act::k_cos ? 24 * kLanes : 24;
}

template <Act kAct>
void ActivateLoop(float alpha, float beta, const float* x, float* y,
                  int64_t n) {
  const Vec a = Set1(alpha);
  const Vec b = Set1(beta);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    Store(y + i, Activate<kAct>(Load(x + i), a, b));
  const int rest = static_cast<int>(n - i);
  if (rest > 0) StoreN(y + i, Activate<kAct>(LoadN(x + i, rest), a, b), rest);
}

// y[i] = act(x[i]) for i < n; y may be x.
[[maybe_unused]] void ActivateTo(int32_t act, float alpha, float beta,
                                 const float* x, float* y, int64_t n) {
  switch (static_cast<Act>(act)) {
#define NEOCOG_ACTIVATE_CASE(name) \
  case Act::k_##name:              \
    return ActivateLoop<Act::k_##name>(alpha, beta, x, y, n);
    NEOCOG_ACTIVATIONS(NEOCOG_ACTIVATE_CASE)
#undef NEOCOG_ACTIVATE_CASE
    case Act::kCount:
      break;
  }
}

// p[0..n) in place.
[[maybe_unused]] void ActivateRun(int32_t act, float alpha, float beta,
                                  float* p, int64_t n) {
  ActivateTo(act, alpha, beta, p, p, n);
}

template <Act kAct>
void ActivateLinesLoop(float alpha, float beta, float* const* lines,
                       int64_t count, int64_t column, int64_t n) {
  const Vec a = Set1(alpha);
  const Vec b = Set1(beta);
  const int rest = static_cast<int>(n % kLanes);
  for (int64_t line = 0; line < count; ++line) {
    float* p = lines[line] + column;
    for (float* end = p + (n - rest); p != end; p += kLanes) {
      Store(p, Activate<kAct>(Load(p), a, b));
    }
    if (rest > 0) StoreN(p, Activate<kAct>(LoadN(p, rest), a, b), rest);
  }
}

// lines[i][column..column + n) in place for i < count: few floats of each, so
// that a call for every line would cost more than they do.
[[maybe_unused]] void ActivateLines(int32_t act, float alpha, float beta,
                                    float* const* lines, int64_t count,
                                    int64_t column, int64_t n) {
  switch (static_cast<Act>(act)) {
#define NEOCOG_ACTIVATE_CASE(name)                                             \
  case Act::k_##name:                                                          \
    return ActivateLinesLoop<Act::k_##name>(alpha, beta, lines, count, column, \
                                            n);
    NEOCOG_ACTIVATIONS(NEOCOG_ACTIVATE_CASE)
#undef NEOCOG_ACTIVATE_CASE
    case Act::kCount:
      break;
  }
}

// What a clip has left over, on rows of `width` floats that lie `pitch` apart.
[[maybe_unused]] void ActivateRows(int32_t act, float alpha, float beta,
                                   float* p, int64_t rows, int64_t width,
                                   int64_t pitch) {
  if (!NeedsRun(act)) return;
  if (pitch == width) return ActivateRun(act, alpha, beta, p, rows * width);
  for (int64_t row = 0; row < rows; ++row, p += pitch) {
    ActivateRun(act, alpha, beta, p, width);
  }
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_ACTIVATE_H_
