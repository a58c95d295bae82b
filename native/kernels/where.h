// where: y[j0..j5] = cond != 0 ? a : b, y contiguous, the operands read by
// strides (0 = broadcast). y may be cond where that is read contiguously.
#ifndef NEOCOG_KERNELS_WHERE_H_
#define NEOCOG_KERNELS_WHERE_H_

#include "../kernels.h"
#include "broadcast.h"

namespace neocog {
namespace {

// Results at a time, a multiple of kLanes.
constexpr int64_t kWhereRun = 256;

// An operand's next n floats, gathered where they are not contiguous. One float
// for all of them is written out too: its loads are nothing beside the stores.
NEOCOG_INLINE const float* Contiguous(const float* x, int64_t step, int64_t n,
                                      float* gathered) {
  if (step == 1) return x;
  if (step == 0) {
    const Vec v = Set1(*x);
    for (int64_t j = 0; j < n; j += kLanes) Store(gathered + j, v);
  } else {
    for (int64_t j = 0; j < n; ++j) gathered[j] = x[j * step];
  }
  return gathered;
}

// NaN is not zero.
NEOCOG_INLINE Vec Chosen(Vec cond, Vec a, Vec b) {
  return Select(LessEqual(Abs(cond), Zero()), b, a);
}

void ChooseRun(const float* cond, const float* a, const float* b, float* y,
               int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    Store(y + i, Chosen(Load(cond + i), Load(a + i), Load(b + i)));
  const int rest = static_cast<int>(n - i);
  if (rest == 0) return;
  StoreN(y + i,
         Chosen(LoadN(cond + i, rest), LoadN(a + i, rest), LoadN(b + i, rest)),
         rest);
}

NEOCOG_INLINE Broadcast<3> BroadcastOf(const Where& g) {
  return {{g.d0, g.d1, g.d2, g.d3, g.d4, g.d5},
          {{g.c0, g.c1, g.c2, g.c3, g.c4, g.c5},
           {g.a0, g.a1, g.a2, g.a3, g.a4, g.a5},
           {g.b0, g.b1, g.b2, g.b3, g.b4, g.b5}}};
}

// Elements [from, to) of one sample.
void WhereSpan(const Broadcast<3>& shape, const float* const* in, float* y,
               int64_t from, int64_t to) {
  alignas(64) float gathered[3][kWhereRun];
  Place<3> place = PlaceAt(shape, from);
  for (int64_t i = from; i < to;) {
    const int64_t n =
        Smaller(kWhereRun, Smaller(RestOfRow(shape, place), to - i));
    const float* x[3];
    for (int k = 0; k < 3; ++k)
      x[k] =
          Contiguous(in[k] + place.at[k], shape.strides[k][5], n, gathered[k]);
    ChooseRun(x[0], x[1], x[2], y + i, n);
    i += n;
    Advance(shape, n, &place);
  }
}

int64_t WhereItems(const void* geometry, int64_t batch) {
  const Where& g = *static_cast<const Where*>(geometry);
  return BlocksOf(batch * SizeOf(BroadcastOf(g)), kItemFloats);
}

int64_t WhereCost(const void* geometry) {
  const Where& g = *static_cast<const Where*>(geometry);
  return kItemFloats * 6 / kLanes + kItemFloats / g.d5 * 20;
}

void RunWhere(const void* geometry, const StepArgs& args, int64_t begin,
              int64_t end, float*) {
  const Broadcast<3> shape = BroadcastOf(*static_cast<const Where*>(geometry));
  ForSamples<3>(args, SizeOf(shape), begin, end,
                [&](const float* const* in, float* y, int64_t from,
                    int64_t to) { WhereSpan(shape, in, y, from, to); });
}

constexpr OpKernel kWhereKernel = {nullptr,   nullptr, nullptr, WhereItems,
                                   WhereCost, nullptr, RunWhere};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_WHERE_H_
