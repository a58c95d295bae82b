// The transforms of Winograd's minimal filtering in one dimension, F(m, 3): m
// outputs of 3 weights from m + 2 inputs, as y = A^T ((G g) * (B^T d)).
// F(2, 3) has the points 0, 1, -1 and infinity, F(4, 3) the points 0, a, -a, b,
// -b and infinity with a = sqrt(1/2) and b = sqrt(2): the condition of whole
// numbers in their place is ten times worse, and since (a b)^2 = 1 some
// products fall away. Source: Lavin, Gray: Fast algorithms for convolutional
// neural networks, arXiv 1509.09308; the points: Barabasz et al., arXiv
// 1803.10986.
#ifndef NEOCOG_KERNELS_WINOGRAD_LINES_H_
#define NEOCOG_KERNELS_WINOGRAD_LINES_H_

#include "../simd.h"

namespace neocog {
namespace {

constexpr double kPointA = 0.70710678118654752440;
constexpr double kPointB = 1.41421356237309504880;

// v = B^T d
NEOCOG_INLINE void InputLine(const Vec (&d)[4], Vec (&v)[4]) {
  v[0] = Sub(d[0], d[2]);
  v[1] = Add(d[1], d[2]);
  v[2] = Sub(d[2], d[1]);
  v[3] = Sub(d[3], d[1]);
}

// Row 0 is (1, 0, -5/2, 0, 1, 0), rows +-a (0, -+2a, -2, +-a, 1, 0), rows +-b
// (0, -+a, -1/2, +-2a, 1, 0), infinity (0, 1, 0, -5/2, 0, 1).
NEOCOG_INLINE void InputLine(const Vec (&d)[6], Vec (&v)[6]) {
  const Vec minus_sum = Set1(-2.5f);
  const Vec minus_two = Set1(-2.0f);
  const Vec minus_half = Set1(-0.5f);
  const Vec a = Set1(static_cast<float>(kPointA));
  const Vec minus_a = Set1(-static_cast<float>(kPointA));
  v[0] = MulAdd(minus_sum, d[2], Add(d[0], d[4]));
  v[5] = MulAdd(minus_sum, d[3], Add(d[1], d[5]));
  const Vec even_a = MulAdd(minus_two, d[2], d[4]);
  const Vec odd_a = MulAdd(minus_two, d[1], d[3]);
  v[1] = MulAdd(a, odd_a, even_a);
  v[2] = MulAdd(minus_a, odd_a, even_a);
  const Vec even_b = MulAdd(minus_half, d[2], d[4]);
  const Vec minus_odd_b = MulAdd(minus_two, d[3], d[1]);
  v[3] = MulAdd(minus_a, minus_odd_b, even_b);
  v[4] = MulAdd(a, minus_odd_b, even_b);
}

// y = A^T m
NEOCOG_INLINE void OutputLine(const Vec (&m)[4], Vec (&y)[2]) {
  y[0] = Add(m[0], Add(m[1], m[2]));
  y[1] = Add(m[3], Sub(m[1], m[2]));
}

// Row k is (k == 0, a^k, (-a)^k, b^k, (-b)^k, k == 3).
NEOCOG_INLINE void OutputLine(const Vec (&m)[6], Vec (&y)[4]) {
  const Vec two = Set1(2.0f);
  const Vec half = Set1(0.5f);
  const Vec a = Set1(static_cast<float>(kPointA));
  const Vec sum_a = Add(m[1], m[2]);
  const Vec sum_b = Add(m[3], m[4]);
  const Vec odd_a = Mul(a, Sub(m[1], m[2]));
  const Vec odd_b = Mul(a, Sub(m[3], m[4]));
  y[0] = Add(m[0], Add(sum_a, sum_b));
  y[1] = MulAdd(two, odd_b, odd_a);
  y[2] = MulAdd(two, sum_b, Mul(half, sum_a));
  y[3] = MulAdd(Set1(4.0f), odd_b, MulAdd(half, odd_a, m[5]));
}

// Weights are transformed in float64 and rounded once.
constexpr int kWideLanes = kLanes / 2;
typedef double Wide __attribute__((vector_size(8 * kWideLanes)));
typedef float Half __attribute__((vector_size(4 * kWideLanes)));
typedef float UnalignedHalf
    __attribute__((vector_size(4 * kWideLanes), aligned(4), may_alias));

// u = G g
NEOCOG_INLINE void WeightLine(const Wide (&g)[3], Wide (&u)[4]) {
  const Wide even = 0.5 * (g[0] + g[2]);
  const Wide odd = 0.5 * g[1];
  u[0] = g[0];
  u[1] = even + odd;
  u[2] = even - odd;
  u[3] = g[2];
}

// Row p is (1, p, p^2) / N with N = 1 for p = 0, -3/2 for +-a, 6 for +-b; the
// last row is (0, 0, 1).
NEOCOG_INLINE void WeightLine(const Wide (&g)[3], Wide (&u)[6]) {
  const Wide even_a = (g[0] + 0.5 * g[2]) / -1.5;
  const Wide odd_a = kPointA * g[1] / -1.5;
  const Wide even_b = (g[0] + 2.0 * g[2]) / 6.0;
  const Wide odd_b = kPointB * g[1] / 6.0;
  u[0] = g[0];
  u[1] = even_a + odd_a;
  u[2] = even_a - odd_a;
  u[3] = even_b + odd_b;
  u[4] = even_b - odd_b;
  u[5] = g[2];
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_WINOGRAD_LINES_H_
