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
  const int64_t x_pitch = args.in_pitch[0], y_pitch = args.out_pitch[0];
  // Where rows lie apart, one of both sides knows how many there are.
  const int64_t rows = x_pitch != 0   ? args.in_stride[0] / x_pitch
                       : y_pitch != 0 ? args.out_stride[0] / y_pitch
                                      : 0;
  if (rows == 0) {
    return ActivateTo(g.act, g.alpha, g.beta, args.in[0] + from,
                      args.out[0] + from, to - from);
  }
  const int64_t width = g.size / rows;
  for (int64_t i = from; i < to;) {
    const int64_t row = i / width, column = i % width;
    const int64_t n = Smaller(width - column, to - i);
    ActivateTo(g.act, g.alpha, g.beta,
               args.in[0] + row * PitchOf(x_pitch, width) + column,
               args.out[0] + row * PitchOf(y_pitch, width) + column, n);
    i += n;
  }
}

constexpr OpKernel kUnaryKernel = {nullptr,   nullptr, nullptr, UnaryItems,
                                   UnaryCost, nullptr, RunUnary};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_UNARY_H_
