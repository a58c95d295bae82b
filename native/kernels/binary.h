// binary: y[j0..j5] = act(a op b), y contiguous, a and b read by strides (0 =
// broadcast). y may be a or b where that one is read contiguously. prelu: a
// where a >= 0, else a * b.
#ifndef NEOCOG_KERNELS_BINARY_H_
#define NEOCOG_KERNELS_BINARY_H_

#include "../kernels.h"
#include "activate.h"
#include "blocks.h"

namespace neocog {
namespace {

template <BinaryKind kKind>
NEOCOG_INLINE Vec BinaryOf(Vec a, Vec b) {
  if (kKind == BinaryKind::k_add) return Add(a, b);
  if (kKind == BinaryKind::k_multiply) return Mul(a, b);
  return Select(Less(a, Zero()), Mul(a, b), a);
}

// A run of n results. kOneA, kOneB: the operand is one float for all of them.
template <BinaryKind kKind, bool kOneA, bool kOneB>
void BinaryLoop(const float* a, const float* b, Clip clip, float* y,
                int64_t n) {
  const Vec one_a = Set1(*a);
  const Vec one_b = Set1(*b);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Vec v = BinaryOf<kKind>(kOneA ? one_a : Load(a + i),
                                  kOneB ? one_b : Load(b + i));
    Store(y + i, Clipped(v, clip));
  }
  const int rest = static_cast<int>(n - i);
  if (rest == 0) return;
  const Vec v = BinaryOf<kKind>(kOneA ? one_a : LoadN(a + i, rest),
                                kOneB ? one_b : LoadN(b + i, rest));
  StoreN(y + i, Clipped(v, clip), rest);
}

template <BinaryKind kKind>
NEOCOG_INLINE void BinaryForm(const float* a, bool one_a, const float* b,
                              bool one_b, Clip clip, float* y, int64_t n) {
  if (one_b) return BinaryLoop<kKind, false, true>(a, b, clip, y, n);
  if (one_a) return BinaryLoop<kKind, true, false>(a, b, clip, y, n);
  BinaryLoop<kKind, false, false>(a, b, clip, y, n);
}

// A run read with any strides: what is neither contiguous nor one float is
// gathered first.
void BinaryRun(const Binary& g, const float* a, const float* b, Clip clip,
               float* y, int64_t n) {
  constexpr int64_t kGather = 256;
  if (g.a5 == 1 && g.b5 == 1 && n < kLanes) {
    // Rows of a few channels: nothing but the partial vector.
    const int lanes = static_cast<int>(n);
    const Vec va = LoadN(a, lanes);
    const Vec vb = LoadN(b, lanes);
    const BinaryKind kind = static_cast<BinaryKind>(g.kind);
    const Vec v = kind == BinaryKind::k_add
                      ? BinaryOf<BinaryKind::k_add>(va, vb)
                  : kind == BinaryKind::k_multiply
                      ? BinaryOf<BinaryKind::k_multiply>(va, vb)
                      : BinaryOf<BinaryKind::k_prelu>(va, vb);
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
    switch (static_cast<BinaryKind>(g.kind)) {
      case BinaryKind::k_add:
        BinaryForm<BinaryKind::k_add>(from_a, one_a, from_b, one_b, clip, y + i,
                                      count);
        break;
      case BinaryKind::k_multiply:
        BinaryForm<BinaryKind::k_multiply>(from_a, one_a, from_b, one_b, clip,
                                           y + i, count);
        break;
      default:
        BinaryForm<BinaryKind::k_prelu>(from_a, one_a, from_b, one_b, clip,
                                        y + i, count);
    }
  }
}

// Where a flat position of one sample's output lies: its index along every
// dimension and both operands' offsets.
struct BinaryPlace {
  int64_t index[6];
  int64_t a, b;
};

struct BinaryShape {
  int64_t dims[6], a[6], b[6];
};

NEOCOG_INLINE BinaryPlace BinaryAt(const BinaryShape& shape, int64_t position) {
  BinaryPlace place = {};
  for (int k = 5; k >= 0; --k) {
    place.index[k] = position % shape.dims[k];
    position /= shape.dims[k];
    place.a += place.index[k] * shape.a[k];
    place.b += place.index[k] * shape.b[k];
  }
  return place;
}

// On to the first element of the next row.
NEOCOG_INLINE void NextRow(const BinaryShape& shape, BinaryPlace* place) {
  place->a -= place->index[5] * shape.a[5];
  place->b -= place->index[5] * shape.b[5];
  place->index[5] = 0;
  for (int k = 4; k >= 0; --k) {
    place->a += shape.a[k];
    place->b += shape.b[k];
    if (++place->index[k] < shape.dims[k]) return;
    place->a -= shape.dims[k] * shape.a[k];
    place->b -= shape.dims[k] * shape.b[k];
    place->index[k] = 0;
  }
}

// Elements [from, to) of one sample.
void BinarySpan(const Binary& g, const BinaryShape& shape, const float* a,
                const float* b, float* y, int64_t from, int64_t to) {
  const Clip clip = ClipOf(g.act, g.beta);
  BinaryPlace place = BinaryAt(shape, from);
  // The activation sweeps over whole chunks, not over single rows, which may be
  // short.
  for (int64_t chunk = from; chunk < to; chunk += kChunkFloats) {
    const int64_t chunk_end = Smaller(chunk + kChunkFloats, to);
    for (int64_t i = chunk; i < chunk_end;) {
      const int64_t n = Smaller(g.d5 - place.index[5], chunk_end - i);
      BinaryRun(g, a + place.a, b + place.b, clip, y + i, n);
      i += n;
      place.index[5] += n;
      place.a += n * g.a5;
      place.b += n * g.b5;
      if (place.index[5] == g.d5) NextRow(shape, &place);
    }
    if (NeedsRun(g.act))
      ActivateRun(g.act, g.alpha, g.beta, y + chunk, chunk_end - chunk);
  }
}

NEOCOG_INLINE int64_t BinarySize(const Binary& g) {
  return static_cast<int64_t>(g.d0) * g.d1 * g.d2 * g.d3 * g.d4 * g.d5;
}

int64_t BinaryItems(const void* g, int64_t batch) {
  return BlocksOf(batch * BinarySize(*static_cast<const Binary*>(g)),
                  kItemFloats);
}

int64_t BinaryCost(const void* geometry) {
  const Binary& g = *static_cast<const Binary*>(geometry);
  const int64_t rows = kItemFloats / g.d5;
  return kItemFloats * (NeedsRun(g.act) ? 26 : 4) / kLanes + rows * 15;
}

void RunBinary(const void* geometry, const StepArgs& args, int64_t begin,
               int64_t end, float*) {
  const Binary& g = *static_cast<const Binary*>(geometry);
  const BinaryShape shape = {{g.d0, g.d1, g.d2, g.d3, g.d4, g.d5},
                             {g.a0, g.a1, g.a2, g.a3, g.a4, g.a5},
                             {g.b0, g.b1, g.b2, g.b3, g.b4, g.b5}};
  const int64_t size = BinarySize(g);
  const int64_t to = Smaller(end * kItemFloats, args.batch * size);
  for (int64_t i = begin * kItemFloats; i < to;) {
    const int64_t sample = i / size;
    const int64_t first = i - sample * size;
    const int64_t last = Smaller(size, first + to - i);
    BinarySpan(g, shape, args.in[0] + sample * args.in_stride[0],
               args.in[1] + sample * args.in_stride[1],
               args.out[0] + sample * size, first, last);
    i += last - first;
  }
}

constexpr OpKernel kBinaryKernel = {nullptr,    nullptr, nullptr,  BinaryItems,
                                    BinaryCost, nullptr, RunBinary};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_BINARY_H_
