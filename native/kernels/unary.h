// unary: y[i] = act(x[i]) for `size` elements of every sample; y may be x.
#ifndef NEOCOG_KERNELS_UNARY_H_
#define NEOCOG_KERNELS_UNARY_H_

#include "../kernels.h"
#include "activate.h"
#include "blocks.h"

namespace neocog {
namespace {

int64_t UnaryItems(const void* g, int64_t batch) {
  return BlocksOf(batch * static_cast<const Unary*>(g)->size, kItemFloats);
}

// Clips and copies run at the speed of memory.
int64_t UnaryCost(const void* g) {
  const int64_t cycles = ActivateCycles(static_cast<const Unary*>(g)->act);
  return kItemFloats * Larger(cycles, 2) / kLanes;
}

void RunUnary(const void* geometry, const StepArgs& args, int64_t begin,
              int64_t end, float*) {
  const Unary& g = *static_cast<const Unary*>(geometry);
  const int64_t from = begin * kItemFloats;
  const int64_t to = Smaller(end * kItemFloats, args.batch * g.size);
  ActivateTo(g.act, g.alpha, g.beta, args.in[0] + from, args.out[0] + from,
             to - from);
}

constexpr OpKernel kUnaryKernel = {nullptr,   nullptr, nullptr, UnaryItems,
                                   UnaryCost, nullptr, RunUnary};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_UNARY_H_
