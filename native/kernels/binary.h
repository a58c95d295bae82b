// binary: y[j0..j5] = act(a op b), y contiguous, a and b read by strides (0 =
// broadcast). y may be a or b where that one is read contiguously.
#ifndef NEOCOG_KERNELS_BINARY_H_
#define NEOCOG_KERNELS_BINARY_H_

#include "../kernels.h"
#include "binary_kinds.h"
#include "broadcast.h"

namespace neocog {
namespace {

// A run read with any strides: what is neither contiguous nor one float is
// gathered first.
void BinaryRun(const Binary& g, const float* a, const float* b, Clip clip,
               float* y, int64_t n) {
  constexpr int64_t kGather = 256;
  if (g.a5 == 1 && g.b5 == 1 && n < kLanes) {
    // Rows of a few channels: nothing but the partial vector.
    const int lanes = static_cast<int>(n);
    const Vec v = BinaryVec(g.kind, LoadN(a, lanes), LoadN(b, lanes));
    return StoreN(y, Clipped(v, clip), lanes);
  }
  float gathered_a[kGather], gathered_b[kGather];
  const bool one_b = g.b5 == 0 && g.a5 != 0;
  const bool one_a = g.a5 == 0 && !one_b;
  const bool gather_a = !one_a && g.a5 != 1;
  const bool gather_b = !one_b && g.b5 != 1;
  const int64_t step = gather_a || gather_b ? kGather : n;
  for (int64_t i = 0; i < n; i += step) {
    const int64_t count = Smaller(step, n - i);
    const float* from_a = a + i * g.a5;
    const float* from_b = b + i * g.b5;
    if (gather_a) {
      for (int64_t j = 0; j < count; ++j) gathered_a[j] = from_a[j * g.a5];
      from_a = gathered_a;
    }
    if (gather_b) {
      for (int64_t j = 0; j < count; ++j) gathered_b[j] = from_b[j * g.b5];
      from_b = gathered_b;
    }
    BinaryAny(g.kind, from_a, one_a, from_b, one_b, clip, y + i, count);
  }
}

NEOCOG_INLINE Broadcast<2> BroadcastOf(const Binary& g) {
  return {{g.d0, g.d1, g.d2, g.d3, g.d4, g.d5},
          {{g.a0, g.a1, g.a2, g.a3, g.a4, g.a5},
           {g.b0, g.b1, g.b2, g.b3, g.b4, g.b5}}};
}

// Elements [from, to) of one sample.
void BinarySpan(const Binary& g, const Broadcast<2>& shape,
                const float* const* in, float* y, int64_t from, int64_t to) {
  const Clip clip = ClipOf(g.act, g.alpha, g.beta);
  Place<2> place = PlaceAt(shape, from);
  // The activation sweeps over whole chunks, not over single rows, which may be
  // short.
  for (int64_t chunk = from; chunk < to; chunk += kChunkFloats) {
    const int64_t chunk_end = Smaller(chunk + kChunkFloats, to);
    for (int64_t i = chunk; i < chunk_end;) {
      const int64_t n = Smaller(RestOfRow(shape, place), chunk_end - i);
      BinaryRun(g, in[0] + place.at[0], in[1] + place.at[1], clip, y + i, n);
      i += n;
      Advance(shape, n, &place);
    }
    if (NeedsRun(g.act))
      ActivateRun(g.act, g.alpha, g.beta, y + chunk, chunk_end - chunk);
  }
}

int64_t BinaryItems(const void* geometry, int64_t batch) {
  const Binary& g = *static_cast<const Binary*>(geometry);
  return BlocksOf(batch * SizeOf(BroadcastOf(g)), kItemFloats);
}

int64_t BinaryCost(const void* geometry) {
  const Binary& g = *static_cast<const Binary*>(geometry);
  const int64_t rows = kItemFloats / g.d5;
  const int64_t cycles = BinaryCycles(g.kind) + ActivateCycles(g.act);
  return kItemFloats * cycles / kLanes + rows * 15;
}

void RunBinary(const void* geometry, const StepArgs& args, int64_t begin,
               int64_t end, float*) {
  const Binary& g = *static_cast<const Binary*>(geometry);
  const Broadcast<2> shape = BroadcastOf(g);
  ForSamples<2>(args, SizeOf(shape), begin, end,
                [&](const float* const* in, float* y, int64_t from,
                    int64_t to) { BinarySpan(g, shape, in, y, from, to); });
}

constexpr OpKernel kBinaryKernel = {nullptr,    nullptr, nullptr,  BinaryItems,
                                    BinaryCost, nullptr, RunBinary};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_BINARY_H_
