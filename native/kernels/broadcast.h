// Several operands read along one output: each by strides of its own, 0 where
// it repeats.
#ifndef NEOCOG_KERNELS_BROADCAST_H_
#define NEOCOG_KERNELS_BROADCAST_H_

#include <stdint.h>

#include "../kernels.h"
#include "blocks.h"

namespace neocog {
namespace {

template <int kOperands>
struct Broadcast {
  int64_t dims[6];
  int64_t strides[kOperands][6];
};

// A flat position of one sample's output: its index along every dimension and
// all operands' offsets.
template <int kOperands>
struct Place {
  int64_t index[6];
  int64_t at[kOperands];
};

template <int kOperands>
NEOCOG_INLINE int64_t SizeOf(const Broadcast<kOperands>& shape) {
  int64_t size = 1;
  for (int k = 0; k < 6; ++k) size *= shape.dims[k];
  return size;
}

template <int kOperands>
NEOCOG_INLINE Place<kOperands> PlaceAt(const Broadcast<kOperands>& shape,
                                       int64_t position) {
  Place<kOperands> place = {};
  for (int k = 5; k >= 0; --k) {
    place.index[k] = position % shape.dims[k];
    position /= shape.dims[k];
    for (int i = 0; i < kOperands; ++i)
      place.at[i] += place.index[k] * shape.strides[i][k];
  }
  return place;
}

template <int kOperands>
NEOCOG_INLINE int64_t RestOfRow(const Broadcast<kOperands>& shape,
                                const Place<kOperands>& place) {
  return shape.dims[5] - place.index[5];
}

// On by `n` elements, at most to the end of the row, which is the beginning of
// the next one.
template <int kOperands>
NEOCOG_INLINE void Advance(const Broadcast<kOperands>& shape, int64_t n,
                           Place<kOperands>* place) {
  for (int i = 0; i < kOperands; ++i) place->at[i] += n * shape.strides[i][5];
  place->index[5] += n;
  for (int k = 5; k > 0 && place->index[k] == shape.dims[k]; --k) {
    for (int i = 0; i < kOperands; ++i) {
      place->at[i] +=
          shape.strides[i][k - 1] - shape.dims[k] * shape.strides[i][k];
    }
    place->index[k] = 0;
    ++place->index[k - 1];
  }
}

// Calls span(first operand memories, output, from, to) for each sample's part
// of items [begin, end) of kItemFloats.
template <int kOperands, typename Span>
NEOCOG_INLINE void ForSamples(const StepArgs& args, int64_t size, int64_t begin,
                              int64_t end, Span span) {
  const int64_t to = Smaller(end * kItemFloats, args.batch * size);
  for (int64_t i = begin * kItemFloats; i < to;) {
    const int64_t sample = i / size;
    const int64_t first = i - sample * size;
    const int64_t last = Smaller(size, first + to - i);
    const float* in[kOperands];
    for (int k = 0; k < kOperands; ++k)
      in[k] = args.in[k] + sample * args.in_stride[k];
    span(in, args.out[0] + sample * size, first, last);
    i += last - first;
  }
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_BROADCAST_H_
