// copy: out[to + sum jk * ok] = in[from + sum jk * ik] for every index (j0..j5)
// in d0..d5; with `fill` all other floats of the output become `value`.
#ifndef NEOCOG_KERNELS_COPY_H_
#define NEOCOG_KERNELS_COPY_H_

#include "../kernels.h"
#include "blocks.h"
#include "pack.h"
#include "runs.h"

namespace neocog {
namespace {

struct Box {
  int64_t dims[6], in[6], out[6];
  int64_t from, to;
};

NEOCOG_INLINE Box BoxOf(const Copy& g) {
  return {{g.d0, g.d1, g.d2, g.d3, g.d4, g.d5},
          {g.i0, g.i1, g.i2, g.i3, g.i4, g.i5},
          {g.o0, g.o1, g.o2, g.o3, g.o4, g.o5},
          g.from,
          g.to};
}

NEOCOG_INLINE int64_t BoxSize(const Box& box) {
  int64_t size = 1;
  for (int k = 0; k < 6; ++k) size *= box.dims[k];
  return size;
}

// The work is cut along one dimension. `slice` indices of it make an item,
// `axis` < 0 means that nothing can be cut.
struct Cut {
  int axis;
  int64_t slice;
};

NEOCOG_INLINE Cut CutAlong(const Box& box, int axis) {
  const int64_t per_index = BoxSize(box) / box.dims[axis];
  return {axis, Smaller(box.dims[axis], RowsPerItem(per_index))};
}

// Where everything else is filled, a slice fills what lies between its first
// float and the next slice's. That takes an axis whose indices own separate
// stretches of the output: the first one with more than one index, as a rule.
NEOCOG_INLINE Cut CutFilled(const Box& box) {
  int axis = 0;
  while (axis < 5 && box.dims[axis] == 1) ++axis;
  int64_t stretch = 0;
  for (int k = axis + 1; k < 6; ++k) {
    if (box.out[k] < 0) return {-1, 0};
    stretch += (box.dims[k] - 1) * box.out[k];
  }
  if (stretch >= box.out[axis]) return {-1, 0};
  return CutAlong(box, axis);
}

// The outermost dimension with enough indices, else the largest.
NEOCOG_INLINE Cut CutPlain(const Box& box) {
  int largest = 0;
  for (int k = 0; k < 6; ++k) {
    if (box.dims[k] >= 8) return CutAlong(box, k);
    if (box.dims[k] > box.dims[largest]) largest = k;
  }
  return CutAlong(box, largest);
}

NEOCOG_INLINE Cut CutOf(const Copy& g, const Box& box) {
  return g.fill ? CutFilled(box) : CutPlain(box);
}

NEOCOG_INLINE int64_t SlicesOf(const Box& box, Cut cut) {
  return cut.axis < 0 ? 1 : BlocksOf(box.dims[cut.axis], cut.slice);
}

// Rows of a transposition: 16 x 16 tiles, so that the cache lines of one side
// are still there for their other floats.
NEOCOG_INLINE void CopyTransposed(const float* in, int64_t in4, int64_t in5,
                                  float* out, int64_t out4, int64_t out5,
                                  int64_t d4, int64_t d5) {
  constexpr int64_t kSide = 16;
  const bool quads = in4 == 1 && out5 == 1;
  if (quads && d5 == 2 && out4 == 2) return Interleave(in, in + in5, d4, out);
  if (quads && d5 == 3 && out4 == 3) {
    return Interleave(in, in + in5, in + 2 * in5, d4, out);
  }
  for (int64_t j5 = 0; j5 < d5; j5 += kSide) {
    const int64_t n5 = Smaller(kSide, d5 - j5);
    int64_t j4 = 0;
    if (quads && n5 % 4 == 0) {
      for (; j4 + 4 <= d4; j4 += 4) {
        float* to[4];
        for (int l = 0; l < 4; ++l) to[l] = out + (j4 + l) * out4 + j5;
        for (int64_t j = 0; j < n5; j += 4) {
          Transpose4(in + j4 + (j5 + j) * in5, in5, to);
          for (int l = 0; l < 4; ++l) to[l] += 4;
        }
      }
    }
    for (; j4 < d4; ++j4) {
      const float* x = in + j4 * in4 + j5 * in5;
      float* y = out + j4 * out4 + j5 * out5;
      for (int64_t j = 0; j < n5; ++j) y[j * out5] = x[j * in5];
    }
  }
}

// The two innermost dimensions.
NEOCOG_INLINE void CopyPanel(const Box& box, const float* in, float* out) {
  const int64_t d4 = box.dims[4];
  const int64_t d5 = box.dims[5];
  if (box.out[5] == 1 && (box.in[5] == 1 || box.in[5] == 0)) {
    for (int64_t j = 0; j < d4; ++j) {
      const float* x = in + j * box.in[4];
      float* y = out + j * box.out[4];
      if (box.in[5] == 1) {
        CopyRun(x, y, d5);
      } else {
        FillRun(*x, y, d5);
      }
    }
    return;
  }
  CopyTransposed(in, box.in[4], box.in[5], out, box.out[4], box.out[5], d4, d5);
}

// Brings the dimension that the input runs along next to the innermost one,
// where that is another: the two make the tiles of a transposition. The outputs
// of different indices are different floats, so the order is free.
NEOCOG_INLINE void PairForTransposition(Box* box) {
  if (box->in[5] == 0 || box->in[5] == 1) return;
  for (int k = 0; k < 4; ++k) {
    if (box->in[k] != 1 || box->dims[k] == 1) continue;
    const int64_t dim = box->dims[k], in = box->in[k], out = box->out[k];
    box->dims[k] = box->dims[4], box->in[k] = box->in[4],
    box->out[k] = box->out[4];
    box->dims[4] = dim, box->in[4] = in, box->out[4] = out;
    return;
  }
}

void CopyBox(Box box, const float* in, float* out) {
  PairForTransposition(&box);
  in += box.from;
  out += box.to;
  const int64_t panels = box.dims[0] * box.dims[1] * box.dims[2] * box.dims[3];
  int64_t index[4] = {};
  for (int64_t panel = 0; panel < panels; ++panel) {
    CopyPanel(box, in, out);
    for (int k = 3; k >= 0; --k) {
      in += box.in[k];
      out += box.out[k];
      if (++index[k] < box.dims[k]) break;
      in -= box.dims[k] * box.in[k];
      out -= box.dims[k] * box.out[k];
      index[k] = 0;
    }
  }
}

int64_t CopyItems(const void* geometry, int64_t batch) {
  const Copy& g = *static_cast<const Copy*>(geometry);
  const Box box = BoxOf(g);
  return batch * SlicesOf(box, CutOf(g, box));
}

int64_t CopyCost(const void* geometry) {
  const Copy& g = *static_cast<const Copy*>(geometry);
  const Box box = BoxOf(g);
  return BoxSize(box) / SlicesOf(box, CutOf(g, box)) /
             (g.i5 == 1 && g.o5 == 1 ? 2 : 1) +
         20;
}

void RunCopy(const void* geometry, const StepArgs& args, int64_t begin,
             int64_t end, float*) {
  const Copy& g = *static_cast<const Copy*>(geometry);
  const Box whole = BoxOf(g);
  const Cut cut = CutOf(g, whole);
  const int64_t slices = SlicesOf(whole, cut);
  for (int64_t item = begin; item < end; ++item) {
    const int64_t sample = item / slices;
    const int64_t slice = item % slices;
    const float* in = args.in[0] + sample * args.in_stride[0];
    float* out = args.out[0] + sample * args.out_stride[0];
    Box box = whole;
    int64_t first = 0;
    int64_t last = args.out_size[0];
    if (cut.axis >= 0) {
      const int64_t at = slice * cut.slice;
      const int64_t stride = whole.out[cut.axis];
      box.dims[cut.axis] = Smaller(cut.slice, whole.dims[cut.axis] - at);
      box.from += at * whole.in[cut.axis];
      box.to += at * stride;
      if (slice > 0) first = box.to;
      if (slice + 1 < slices) last = box.to + cut.slice * stride;
    }
    if (g.fill) FillRun(g.value, out + first, last - first);
    CopyBox(box, in, out);
  }
}

constexpr OpKernel kCopyKernel = {nullptr,  nullptr, nullptr, CopyItems,
                                  CopyCost, nullptr, RunCopy};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_COPY_H_
