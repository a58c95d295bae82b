// Weights in panels: [panel][k][width of the panel], the last columns filled
// with 0 up to a whole vector.
#ifndef NEOCOG_KERNELS_PACK_H_
#define NEOCOG_KERNELS_PACK_H_

#include <stdint.h>

#include "tile.h"

namespace neocog {
namespace {

// How `n` columns are cut into panels of almost equal width.
struct Panels {
  int64_t columns;
  int64_t count;
  int64_t low;   // vectors of every panel ...
  int64_t high;  // ... and one more in the first `high` panels
};

NEOCOG_INLINE int64_t VecsOf(int64_t n) { return (n + kLanes - 1) / kLanes; }

NEOCOG_INLINE Panels PanelsOf(int64_t n, int64_t width = kTileVecs) {
  const int64_t vecs = VecsOf(n);
  // Where a wide tile exists, it takes the vector that remains.
  const int64_t count = kWideTileRows > 0 && vecs >= width
                            ? vecs / width
                            : (vecs + width - 1) / width;
  return {n, count, vecs / count, vecs % count};
}

NEOCOG_INLINE int64_t PanelVecs(const Panels& p, int64_t panel) {
  return p.low + (panel < p.high ? 1 : 0);
}

// The panel's first column: always a multiple of the lanes.
NEOCOG_INLINE int64_t PanelColumn(const Panels& p, int64_t panel) {
  return (panel * p.low + (panel < p.high ? panel : p.high)) * kLanes;
}

// Floats of the packed weights of a product with K = k.
NEOCOG_INLINE int64_t PanelFloats(const Panels& p, int64_t k) {
  return VecsOf(p.columns) * kLanes * k;
}

// `rows` rows of `columns` floats, `from_row` and `to_row` floats apart; what
// remains up to `width` becomes 0.
NEOCOG_INLINE void CopyRows(const float* from, int64_t from_row, int64_t rows,
                            int64_t columns, float* to, int64_t to_row,
                            int64_t width) {
  for (int64_t i = 0; i < rows; ++i, from += from_row, to += to_row) {
    int64_t j = 0;
    for (; j + kLanes <= columns; j += kLanes) Store(to + j, Load(from + j));
    for (; j < columns; ++j) to[j] = from[j];
    for (; j < width; ++j) to[j] = 0;
  }
}

typedef float Quad __attribute__((vector_size(16)));
typedef float UnalignedQuad
    __attribute__((vector_size(16), aligned(4), may_alias));

typedef int32_t QuadOrder __attribute__((vector_size(16)));
#if defined(__clang__)
#define NEOCOG_SHUFFLE(a, b, i, j, k, l) \
  __builtin_shufflevector(a, b, i, j, k, l)
#else
#define NEOCOG_SHUFFLE(a, b, i, j, k, l) \
  __builtin_shuffle(a, b, QuadOrder{i, j, k, l})
#endif

// to[0..3] are where the four columns of `from` go.
NEOCOG_INLINE void Transpose4(const float* from, int64_t from_row,
                              float* const* to) {
  Quad r[4];
  NEOCOG_UNROLL for (int i = 0; i < 4; ++i) {
    r[i] = *reinterpret_cast<const UnalignedQuad*>(from + i * from_row);
  }
  const Quad a = NEOCOG_SHUFFLE(r[0], r[1], 0, 4, 1, 5);
  const Quad b = NEOCOG_SHUFFLE(r[2], r[3], 0, 4, 1, 5);
  const Quad c = NEOCOG_SHUFFLE(r[0], r[1], 2, 6, 3, 7);
  const Quad d = NEOCOG_SHUFFLE(r[2], r[3], 2, 6, 3, 7);
  const Quad t[4] = {
      NEOCOG_SHUFFLE(a, b, 0, 1, 4, 5), NEOCOG_SHUFFLE(a, b, 2, 3, 6, 7),
      NEOCOG_SHUFFLE(c, d, 0, 1, 4, 5), NEOCOG_SHUFFLE(c, d, 2, 3, 6, 7)};
  NEOCOG_UNROLL for (int i = 0; i < 4; ++i) {
    *reinterpret_cast<UnalignedQuad*>(to[i]) = t[i];
  }
}

// to[2 i] = a[i] and to[2 i + 1] = b[i] for i < n.
NEOCOG_INLINE void Interleave(const float* a, const float* b, int64_t n,
                              float* to) {
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const Quad x = *reinterpret_cast<const UnalignedQuad*>(a + i);
    const Quad y = *reinterpret_cast<const UnalignedQuad*>(b + i);
    *reinterpret_cast<UnalignedQuad*>(to + 2 * i) =
        NEOCOG_SHUFFLE(x, y, 0, 4, 1, 5);
    *reinterpret_cast<UnalignedQuad*>(to + 2 * i + 4) =
        NEOCOG_SHUFFLE(x, y, 2, 6, 3, 7);
  }
  for (; i < n; ++i) {
    to[2 * i] = a[i];
    to[2 * i + 1] = b[i];
  }
}

// from[0, 2, 4, 6] and from[1, 3, 5, 7].
NEOCOG_INLINE void Deinterleave(const float* from, Quad* even, Quad* odd) {
  const Quad x = *reinterpret_cast<const UnalignedQuad*>(from);
  const Quad y = *reinterpret_cast<const UnalignedQuad*>(from + 4);
  *even = NEOCOG_SHUFFLE(x, y, 0, 2, 4, 6);
  *odd = NEOCOG_SHUFFLE(x, y, 1, 3, 5, 7);
}

// The larger; NaN if either is.
NEOCOG_INLINE Quad QuadMaxNan(Quad a, Quad b) {
  const QuadOrder first = (a > b) | (a != a);
  return reinterpret_cast<Quad>((reinterpret_cast<QuadOrder>(a) & first) |
                                (reinterpret_cast<QuadOrder>(b) & ~first));
}

// to[3 i] = a[i], to[3 i + 1] = b[i] and to[3 i + 2] = c[i] for i < n: planes
// of a picture to its pixels.
NEOCOG_INLINE void Interleave(const float* a, const float* b, const float* c,
                              int64_t n, float* to) {
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const Quad x = *reinterpret_cast<const UnalignedQuad*>(a + i);
    const Quad y = *reinterpret_cast<const UnalignedQuad*>(b + i);
    const Quad z = *reinterpret_cast<const UnalignedQuad*>(c + i);
    const Quad xy = NEOCOG_SHUFFLE(x, y, 0, 4, 1, 5);
    const Quad yz = NEOCOG_SHUFFLE(y, z, 1, 5, 2, 6);
    const Quad zx = NEOCOG_SHUFFLE(z, x, 2, 7, 3, 3);
    float* pixel = to + 3 * i;
    *reinterpret_cast<UnalignedQuad*>(pixel) =
        NEOCOG_SHUFFLE(xy, z, 0, 1, 4, 2);
    *reinterpret_cast<UnalignedQuad*>(pixel + 4) =
        NEOCOG_SHUFFLE(yz, x, 0, 1, 6, 2);
    *reinterpret_cast<UnalignedQuad*>(pixel + 8) =
        NEOCOG_SHUFFLE(zx, y, 0, 1, 7, 2);
  }
  for (; i < n; ++i) {
    to[3 * i] = a[i];
    to[3 * i + 1] = b[i];
    to[3 * i + 2] = c[i];
  }
}
#undef NEOCOG_SHUFFLE

// to[p(j)][i] = from[i][j] for i < rows, j < columns; to[p(j)][i] = 0 from
// there up to i < width. The columns are [columns / inner][inner], and p puts
// them in the order [inner][columns / inner]: with inner 1 it leaves them as
// they are.
NEOCOG_INLINE void Transpose(const float* from, int64_t from_row, int64_t rows,
                             int64_t columns, float* to, int64_t to_row,
                             int64_t width, int64_t inner = 1) {
  // One cache line of each row at a time: rows often lie 4 KiB apart, where
  // the first cache holds only a few of them.
  constexpr int64_t kLine = 16;
  const int64_t outer = columns / inner;
  int64_t across = 0, along = 0;  // of the next column
  for (int64_t begin = 0; begin < columns; begin += kLine) {
    const int64_t count = begin + kLine < columns ? kLine : columns - begin;
    float* line[kLine];
    for (int64_t j = 0; j < count; ++j) {
      line[j] = to + (along * outer + across) * to_row;
      if (++along < inner) continue;
      along = 0;
      ++across;
    }
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4) {
      const float* f = from + i * from_row + begin;
      int64_t j = 0;
      for (; j + 4 <= count; j += 4) {
        Transpose4(f + j, from_row, line + j);
        NEOCOG_UNROLL for (int l = 0; l < 4; ++l) line[j + l] += 4;
      }
      for (; j < count; ++j) {
        for (int l = 0; l < 4; ++l) *line[j]++ = f[l * from_row + j];
      }
    }
    for (int64_t j = 0; j < count; ++j) {
      int64_t l = i;
      for (; l < rows; ++l) *line[j]++ = from[l * from_row + begin + j];
      for (; l < width; ++l) *line[j]++ = 0;
    }
  }
}

// Packs k rows of one panel, from row `first` of `all` on. `b` is [k][n] with
// rows `b_row` floats apart, or, transposed, [n][k], where k lies as
// [k / inner][inner] and is packed as [inner][k / inner]. `to` is where the
// packed weights of the whole product begin.
void PackPanel(const Panels& p, int64_t panel, const float* b, int64_t b_row,
               bool transposed, int64_t first, int64_t k, int64_t all,
               float* to, int64_t inner = 1) {
  const int64_t column = PanelColumn(p, panel);
  const int64_t width = PanelVecs(p, panel) * kLanes;
  const int64_t left = p.columns - column;
  const int64_t columns = left < width ? left : width;
  to += column * all + first * width;
  if (transposed) {
    Transpose(b + column * b_row, b_row, columns, k, to, width, width, inner);
  } else {
    CopyRows(b + column, b_row, k, columns, to, width, width);
  }
}

// The way back from PackPanel of all k rows, with `inner` 1. `from` is where
// the packed weights of the whole product begin.
void UnpackPanel(const Panels& p, int64_t panel, const float* from,
                 int64_t b_row, bool transposed, int64_t k, float* b) {
  const int64_t column = PanelColumn(p, panel);
  const int64_t width = PanelVecs(p, panel) * kLanes;
  const int64_t left = p.columns - column;
  const int64_t columns = left < width ? left : width;
  from += column * k;
  if (transposed) {
    Transpose(from, width, k, columns, b + column * b_row, b_row, k);
  } else {
    CopyRows(from, width, k, columns, b + column, b_row, columns);
  }
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_PACK_H_
