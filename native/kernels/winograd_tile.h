// One tile of a Winograd convolution, m x m output pixels: its input, its
// output and the weights of a few channels, transformed in both dimensions.
// Lanes are channels.
#ifndef NEOCOG_KERNELS_WINOGRAD_TILE_H_
#define NEOCOG_KERNELS_WINOGRAD_TILE_H_

#include <stdint.h>

#include "blocks.h"
#include "pack.h"
#include "winograd_lines.h"

namespace neocog {
namespace {

// Points of a line and of a tile.
constexpr int LinePoints(int m) { return m + 2; }
constexpr int TilePoints(int m) { return LinePoints(m) * LinePoints(m); }

// v[i][j] = (B^T d B)[i][j] of one vector of channels. cells: where the
// channels of d[i][j] begin; the points of v are `point` floats apart.
template <int kM, bool kWhole>
NEOCOG_INLINE void InputVector(const float* const* cells, int64_t at, int lanes,
                               float* v, int64_t point) {
  constexpr int kN = LinePoints(kM);
  Vec column[kN][kN];
  NEOCOG_UNROLL for (int j = 0; j < kN; ++j) {
    Vec d[kN];
    NEOCOG_UNROLL for (int i = 0; i < kN; ++i) {
      const float* p = cells[i * kN + j] + at;
      d[i] = kWhole ? Load(p) : LoadN(p, lanes);
    }
    InputLine(d, column[j]);
  }
  NEOCOG_UNROLL for (int i = 0; i < kN; ++i, v += kN * point) {
    Vec d[kN], line[kN];
    NEOCOG_UNROLL for (int j = 0; j < kN; ++j) d[j] = column[j][i];
    InputLine(d, line);
    NEOCOG_UNROLL for (int j = 0; j < kN; ++j) Store(v + j * point, line[j]);
  }
}

// All c channels; v has room for whole vectors.
template <int kM>
void InputTile(const float* const* cells, int64_t c, float* v, int64_t point) {
  int64_t at = 0;
  for (; at + kLanes <= c; at += kLanes) {
    InputVector<kM, true>(cells, at, kLanes, v + at, point);
  }
  if (at < c) {
    const int rest = static_cast<int>(c - at);
    InputVector<kM, false>(cells, at, rest, v + at, point);
  }
}

// What becomes of the sums of a few columns: y = act(A^T m A + bias +
// residual).
struct Finish {
  int64_t columns, width;  // width: whole vectors
  const float* bias;       // [columns] or null
  bool residual;
  Clip clip;
};

template <int kM, bool kWhole>
NEOCOG_INLINE void OutputVector(const Finish& finish, const float* m,
                                int64_t at, int lanes, float* const* y,
                                const float* const* residual) {
  constexpr int kN = LinePoints(kM);
  Vec column[kN][kM];
  NEOCOG_UNROLL for (int j = 0; j < kN; ++j) {
    Vec d[kN];
    NEOCOG_UNROLL for (int i = 0; i < kN; ++i) {
      d[i] = Load(m + (i * kN + j) * finish.width + at);
    }
    OutputLine(d, column[j]);
  }
  Vec bias = Zero();
  if (finish.bias != nullptr) {
    const float* p = finish.bias + at;
    bias = kWhole ? Load(p) : LoadN(p, lanes);
  }
  NEOCOG_UNROLL for (int i = 0; i < kM; ++i) {
    Vec d[kN], line[kM];
    NEOCOG_UNROLL for (int j = 0; j < kN; ++j) d[j] = column[j][i];
    OutputLine(d, line);
    NEOCOG_UNROLL for (int j = 0; j < kM; ++j) {
      Vec sum = Add(line[j], bias);
      if (finish.residual) {
        const float* p = residual[i * kM + j] + at;
        sum = Add(sum, kWhole ? Load(p) : LoadN(p, lanes));
      }
      sum = Clipped(sum, finish.clip);
      float* to = y[i * kM + j] + at;
      if (kWhole) {
        Store(to, sum);
      } else {
        StoreN(to, sum, lanes);
      }
    }
  }
}

// m: [points][width]; y and residual: where the columns of each pixel begin.
// A pixel may be written over its own residual.
template <int kM>
void OutputTile(const Finish& finish, const float* m, float* const* y,
                const float* const* residual) {
  int64_t at = 0;
  for (; at + kLanes <= finish.columns; at += kLanes) {
    OutputVector<kM, true>(finish, m, at, kLanes, y, residual);
  }
  if (at < finish.columns) {
    const int rest = static_cast<int>(finish.columns - at);
    OutputVector<kM, false>(finish, m, at, rest, y, residual);
  }
}

// The weights g [9][channels][width] of some input channels and the columns of
// one panel: u[point][channel][width] = (G g G^T), `apart` floats between the
// points.
template <int kM>
void WeightTile(const float* g, int64_t channels, int64_t width, float* u,
                int64_t apart) {
  constexpr int kN = LinePoints(kM);
  const int64_t floats = channels * width;
  for (int64_t at = 0; at < floats; at += kWideLanes) {
    Wide column[3][kN];
    NEOCOG_UNROLL for (int j = 0; j < 3; ++j) {
      Wide d[3];
      NEOCOG_UNROLL for (int i = 0; i < 3; ++i) {
        const float* p = g + (i * 3 + j) * floats + at;
        const Half half = *reinterpret_cast<const UnalignedHalf*>(p);
        d[i] = __builtin_convertvector(half, Wide);
      }
      WeightLine(d, column[j]);
    }
    NEOCOG_UNROLL for (int i = 0; i < kN; ++i) {
      const Wide d[3] = {column[0][i], column[1][i], column[2][i]};
      Wide line[kN];
      WeightLine(d, line);
      NEOCOG_UNROLL for (int j = 0; j < kN; ++j) {
        float* p = u + (i * kN + j) * apart + at;
        *reinterpret_cast<UnalignedHalf*>(p) =
            __builtin_convertvector(line[j], Half);
      }
    }
  }
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_WINOGRAD_TILE_H_
