// Tables of pointers into an image, so that a convolution reads its windows
// where they lie: one pointer per output pixel and tap.
#ifndef NEOCOG_KERNELS_WINDOW_H_
#define NEOCOG_KERNELS_WINDOW_H_

#include <stdint.h>

#include "blocks.h"
#include "pack.h"

namespace neocog {
namespace {

// One axis of a sliding window: input cell = output * stride + offset.
struct Reach {
  int64_t begin, end;  // the outputs whose cell lies in [0, size)
};

NEOCOG_INLINE Reach ReachOf(int64_t offset, int64_t stride, int64_t size,
                            int64_t outputs) {
  Reach r;
  r.begin = offset >= 0 ? 0 : (stride - 1 - offset) / stride;
  r.end = offset >= size ? 0 : (size - 1 - offset) / stride + 1;
  r.begin = Smaller(r.begin, outputs);
  r.end = Larger(Smaller(r.end, outputs), r.begin);
  return r;
}

// Pixels [first, first + count) of one output row, all with the same tap:
// to[i] = row + ((first + i) * stride + offset) * c, where that cell is within
// [0, w), else `zeros`.
NEOCOG_INLINE void FillTap(const float* row, int64_t offset, int64_t stride,
                           int64_t c, const Reach& reach, int64_t first,
                           int64_t count, const float* zeros,
                           const float** to) {
  const int64_t begin = Smaller(Larger(reach.begin - first, 0), count);
  const int64_t end = Larger(Smaller(reach.end - first, count), begin);
  int64_t i = 0;
  for (; i < begin; ++i) to[i] = zeros;
  const int64_t step = stride * c;
  const float* from = row + (first + i) * step + offset * c;
  for (; i < end; ++i, from += step) to[i] = from;
  for (; i < count; ++i) to[i] = zeros;
}

// to[i] = row + i * step.
NEOCOG_INLINE void FillRun(const float* row, int64_t step, int64_t count,
                           const float** to) {
  int64_t i = 0;
  for (; i + 4 <= count; i += 4, row += 4 * step) {
    to[i] = row;
    to[i + 1] = row + step;
    to[i + 2] = row + 2 * step;
    to[i + 3] = row + 3 * step;
  }
  for (; i < count; ++i, row += step) to[i] = row;
}

// The floats [begin, end) of a row of `size` floats, with 0 for those outside.
// Writes up to a vector more than end - begin floats.
NEOCOG_INLINE void CopyPadded(const float* row, int64_t size, int64_t begin,
                              int64_t end, float* to) {
  const int64_t inside = Smaller(Larger(begin, 0), end);
  const int64_t outside = Larger(Smaller(end, size), inside);
  int64_t i = begin;
  for (; i < inside; i += kLanes) Store(to + (i - begin), Zero());
  for (i = inside; i + kLanes <= outside; i += kLanes) {
    Store(to + (i - begin), Load(row + i));
  }
  if (i < outside) {
    const int rest = static_cast<int>(outside - i);
    Store(to + (i - begin), LoadN(row + i, rest));
  }
  for (i = outside; i < end; i += kLanes) Store(to + (i - begin), Zero());
}

// The pixels [begin, end) of a row of `w` pixels, c floats each and `pitch`
// floats apart, one after the other, with 0 for those outside.
NEOCOG_INLINE void CopyPixels(const float* row, int64_t pitch, int64_t w,
                              int64_t c, int64_t begin, int64_t end,
                              float* to) {
  for (int64_t x = begin; x < end; ++x, to += c) {
    const bool inside = x >= 0 && x < w;
    for (int64_t i = 0; i < c; ++i) to[i] = inside ? row[x * pitch + i] : 0;
  }
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_WINDOW_H_
