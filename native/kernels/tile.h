// The register tile of all matrix products: a few rows of A against one panel
// of weights, summed over the whole of K in one order, whatever the tile.
#ifndef NEOCOG_KERNELS_TILE_H_
#define NEOCOG_KERNELS_TILE_H_

#include <stdint.h>

#include "../simd.h"
#include "activate.h"
#include "blocks.h"

namespace neocog {
namespace {

// The widest panel, in vectors.
constexpr int kMaxVecs = kTileVecs + (kWideTileRows > 0 ? 1 : 0);

// Rows of a tile whose pointers stay in general registers, and rows of two
// vectors where registers hold as many sums.
constexpr int kMaxPointers = 8;
constexpr int kNarrowTileRows = 12;

// A lone vector gets 8 rows: two multipliers with a latency of 4 cycles need 8
// independent sums.
constexpr int TileRows(int vecs) {
  return vecs == 1                     ? 8
         : vecs > kTileVecs            ? kWideTileRows
         : vecs == 2 && kTileVecs == 4 ? kNarrowTileRows
                                       : kTileRows;
}
constexpr int kMaxRows = 12;

// Steps of K in one round of the inner loop.
constexpr int kRoundSteps = 4;

// How the tiles of a panel fetch the next one from the third cache or from
// memory: not at all, or in streams abreast, of which few tiles need more. The
// second cache's own prefetcher follows each page for itself, some lines ahead:
// of several slow streams it has more lines on their way than of a fast one,
// and without it a core waits for its 16 line buffers.
enum Fetch { kNoFetch, kSparse, kDense };
constexpr int64_t FetchStreams(int vecs, Fetch fetch) {
  return fetch == kDense ? 4 : vecs * kLanes >= 32 ? 2 : 1;
}

// Lines that a round of the inner loop asks for in each stream.
constexpr int64_t FetchLines(int vecs, Fetch fetch) {
  return fetch == kDense && vecs * kLanes >= 64 ? 2 : 1;
}

constexpr int64_t kLineFloats = 16;
constexpr int64_t kPageFloats = 1024;

// What a tile fetches, all in floats.
struct Ahead {
  Fetch how;
  int64_t tiles;      // that fetch something
  const float* from;  // the first of them begins here,
  int64_t tile;       // the others so far from one another
  int64_t apart;      // from stream to stream
  int64_t step;       // in a round
};

// What the tiles of one panel have in common.
struct TileJob {
  const float* const* a;  // [taps][a_rows]: where a row's `run` floats begin
  int64_t a_rows;
  int64_t a_offset;  // floats to add to each of those pointers
  int64_t taps, run;
  const float* b;     // [taps * run][vecs * kLanes]
  const float* next;  // the panel that follows, or b
  float* const* c;    // [rows]: output rows
  // [rows]: added to the bias, null: 0. May be c: a tile reads it before it
  // writes.
  const float* const* residual;
  int64_t column;     // the panel's first column
  const float* bias;  // [columns of the panel], null: 0
  int last;           // lanes of the last vector, 1..kLanes
  bool resume;        // start from the sums that lie in c
  int32_t act;
  float alpha, beta;
};

template <int kRows, int kVecs>
NEOCOG_INLINE void LoadSums(const TileJob& job, int64_t row,
                            Vec (&sum)[kRows][kVecs]) {
  if (job.resume) {
    NEOCOG_UNROLL for (int i = 0; i < kRows; ++i) {
      const float* c = job.c[row + i] + job.column;
      NEOCOG_UNROLL for (int j = 0; j < kVecs - 1; ++j) {
        sum[i][j] = Load(c + j * kLanes);
      }
      sum[i][kVecs - 1] = LoadN(c + (kVecs - 1) * kLanes, job.last);
    }
    return;
  }
  Vec bias[kVecs];
  if (job.bias != nullptr) {
    NEOCOG_UNROLL for (int j = 0; j < kVecs - 1; ++j) {
      bias[j] = Load(job.bias + j * kLanes);
    }
    bias[kVecs - 1] = LoadN(job.bias + (kVecs - 1) * kLanes, job.last);
  } else {
    NEOCOG_UNROLL for (int j = 0; j < kVecs; ++j) bias[j] = Zero();
  }
  NEOCOG_UNROLL for (int i = 0; i < kRows; ++i) {
    NEOCOG_UNROLL for (int j = 0; j < kVecs; ++j) sum[i][j] = bias[j];
  }
  if (job.residual == nullptr) return;
  NEOCOG_UNROLL for (int i = 0; i < kRows; ++i) {
    const float* r = job.residual[row + i] + job.column;
    NEOCOG_UNROLL for (int j = 0; j < kVecs - 1; ++j) {
      sum[i][j] = Add(sum[i][j], Load(r + j * kLanes));
    }
    sum[i][kVecs - 1] =
        Add(sum[i][kVecs - 1], LoadN(r + (kVecs - 1) * kLanes, job.last));
  }
}

// One step of K: an outer product.
template <int kRows, int kVecs>
NEOCOG_INLINE void Step(const float* const (&a)[kRows], int64_t k,
                        const float* b, Vec (&sum)[kRows][kVecs]) {
  Vec w[kVecs];
  NEOCOG_UNROLL for (int j = 0; j < kVecs; ++j) w[j] = Load(b + j * kLanes);
  NEOCOG_UNROLL for (int i = 0; i < kRows; ++i) {
    const Vec x = Set1(a[i][k]);
    NEOCOG_UNROLL for (int j = 0; j < kVecs; ++j) {
      FmaInto(x, w[j], &sum[i][j]);
    }
  }
}

template <int kRows, int kVecs>
NEOCOG_INLINE void StoreSums(const TileJob& job, int64_t row,
                             Vec (&sum)[kRows][kVecs]) {
  const bool leaky = job.act == static_cast<int32_t>(Act::k_leakyrelu);
  if (leaky) {
    const Vec alpha = Set1(job.alpha);
    const Vec beta = Zero();
    NEOCOG_UNROLL for (int i = 0; i < kRows; ++i) {
      NEOCOG_UNROLL for (int j = 0; j < kVecs; ++j) {
        sum[i][j] = Activate<Act::k_leakyrelu>(sum[i][j], alpha, beta);
      }
    }
  }
  // Short sums end so often that a clip which does nothing is worth a branch.
  const Clip clip = ClipOf(job.act, job.alpha, job.beta);
  // GCC 12 finds no registers for that in the widest tile.
  const bool wide = kVecs > kTileVecs;
  const Clips clips = wide ? Clips::kNone : ClipsOf(job.act, job.beta);
  if (clips != Clips::kNone) {
    NEOCOG_UNROLL for (int i = 0; i < kRows; ++i) {
      NEOCOG_UNROLL for (int j = 0; j < kVecs; ++j) {
        sum[i][j] = AtLeast(sum[i][j], clip.low);
      }
    }
  }
  if (clips == Clips::kBoth) {
    NEOCOG_UNROLL for (int i = 0; i < kRows; ++i) {
      NEOCOG_UNROLL for (int j = 0; j < kVecs; ++j) {
        sum[i][j] = AtMost(sum[i][j], clip.high);
      }
    }
  }
  NEOCOG_UNROLL for (int i = 0; i < kRows; ++i) {
    float* c = job.c[row + i] + job.column;
    NEOCOG_UNROLL for (int j = 0; j < kVecs - 1; ++j) {
      Store(c + j * kLanes, wide ? Clipped(sum[i][j], clip) : sum[i][j]);
    }
    const Vec end = sum[i][kVecs - 1];
    StoreN(c + (kVecs - 1) * kLanes, wide ? Clipped(end, clip) : end, job.last);
  }
  if (NeedsRun(job.act) && !leaky) {
    ActivateLines(job.act, job.alpha, job.beta, job.c + row, kRows, job.column,
                  (kVecs - 1) * kLanes + job.last);
  }
}

// Two steps, row by row: more rows than there are general registers for their
// pointers.
template <int kRows, int kVecs>
NEOCOG_INLINE void TwoSteps(const float* const (&a)[kRows], int64_t k,
                            const float* b, Vec (&sum)[kRows][kVecs]) {
  Vec first[kVecs], second[kVecs];
  NEOCOG_UNROLL for (int j = 0; j < kVecs; ++j) {
    first[j] = Load(b + j * kLanes);
    second[j] = Load(b + (kVecs + j) * kLanes);
  }
  NEOCOG_UNROLL for (int i = 0; i < kRows; ++i) {
    const Vec x = Set1(a[i][k]);
    const Vec y = Set1(a[i][k + 1]);
    NEOCOG_UNROLL for (int j = 0; j < kVecs; ++j) {
      FmaInto(x, first[j], &sum[i][j]);
    }
    NEOCOG_UNROLL for (int j = 0; j < kVecs; ++j) {
      FmaInto(y, second[j], &sum[i][j]);
    }
  }
}

// The residual of the tile that follows: its first sums would wait for it.
template <int kRows, int kVecs>
NEOCOG_INLINE void FetchResidual(const TileJob& job, int64_t row) {
  NEOCOG_UNROLL for (int i = 0; i < kRows; ++i) {
    const float* r = job.residual[row + i] + job.column;
    NEOCOG_UNROLL for (int j = 0; j < kVecs * kLanes; j += 16) {
      __builtin_prefetch(r + j);
    }
  }
}

// `count` tiles from row `row` on; `done` tiles of this panel came before.
template <int kRows, int kVecs, Fetch kFetch>
void Tiles(const TileJob& job, const Ahead& fetch, int64_t row, int64_t count,
           int64_t done) {
  constexpr int64_t kStreams = FetchStreams(kVecs, kFetch);
  constexpr int64_t kLines = FetchLines(kVecs, kFetch);
  const int64_t apart = fetch.apart;
  const int64_t step = fetch.step;
  for (; count > 0; --count, ++done, row += kRows) {
    Vec sum[kRows][kVecs];
    LoadSums(job, row, sum);
    if (job.residual != nullptr && count > 1) {
      FetchResidual<kRows, kVecs>(job, row + kRows);
    }
    const float* b = job.b;
    const float* ahead = fetch.from + done * fetch.tile;
    for (int64_t tap = 0; tap < job.taps; ++tap) {
      const float* a[kRows];
      NEOCOG_UNROLL for (int i = 0; i < kRows; ++i) {
        a[i] = job.a[tap * job.a_rows + row + i] + job.a_offset;
      }
      int64_t k = 0;
      for (; k + kRoundSteps <= job.run; k += kRoundSteps) {
        if (kFetch != kNoFetch) {
          NEOCOG_UNROLL for (int64_t i = 0; i < kStreams; ++i) {
            NEOCOG_UNROLL for (int64_t j = 0; j < kLines; ++j) {
              __builtin_prefetch(ahead + i * apart + j * kLineFloats, 0, 2);
            }
          }
          ahead += step;
        }
        NEOCOG_UNROLL for (int i = 0; i < kRoundSteps; i += 2) {
          const float* at = b + i * kVecs * kLanes;
          if (kRows > kMaxPointers) {
            TwoSteps(a, k + i, at, sum);
          } else {
            Step(a, k + i, at, sum);
            Step(a, k + i + 1, at + kVecs * kLanes, sum);
          }
        }
        b += kRoundSteps * kVecs * kLanes;
      }
      for (; k < job.run; ++k, b += kVecs * kLanes) Step(a, k, b, sum);
    }
    StoreSums(job, row, sum);
  }
}

using TilesFn = void (*)(const TileJob&, const Ahead&, int64_t, int64_t,
                         int64_t);

template <int kRows, int kVecs, Fetch kFetch>
constexpr TilesFn TilesOf() {
  if constexpr (kVecs <= kMaxVecs && kRows <= TileRows(kVecs)) {
    return Tiles<kRows, kVecs, kFetch>;
  } else {
    return nullptr;
  }
}

#define NEOCOG_TILES(v, fetch)                                              \
  {                                                                         \
    TilesOf<1, v, fetch>(), TilesOf<2, v, fetch>(), TilesOf<3, v, fetch>(), \
        TilesOf<4, v, fetch>(), TilesOf<5, v, fetch>(),                     \
        TilesOf<6, v, fetch>(), TilesOf<7, v, fetch>(),                     \
        TilesOf<8, v, fetch>(), TilesOf<9, v, fetch>(),                     \
        TilesOf<10, v, fetch>(), TilesOf<11, v, fetch>(),                   \
        TilesOf<12, v, fetch>()                                             \
  }
#define NEOCOG_PANELS(fetch)                                                \
  {                                                                         \
    NEOCOG_TILES(1, fetch), NEOCOG_TILES(2, fetch), NEOCOG_TILES(3, fetch), \
        NEOCOG_TILES(4, fetch)                                              \
  }
// kTiles[fetch][vecs - 1][rows - 1]
constexpr TilesFn kTiles[3][4][kMaxRows] = {
    NEOCOG_PANELS(kNoFetch), NEOCOG_PANELS(kSparse), NEOCOG_PANELS(kDense)};
#undef NEOCOG_PANELS
#undef NEOCOG_TILES

// `count` tiles of `height` rows from row `row` on, after `done` others.
NEOCOG_INLINE void RunEqualTiles(const TileJob& job, int vecs,
                                 const Ahead& ahead, int64_t height,
                                 int64_t row, int64_t count, int64_t done) {
  int64_t fetching = ahead.tiles - done;
  // GCC 12 finds no registers for the widest tile where it fetches nothing.
  if (fetching > count || vecs > kTileVecs) fetching = count;
  if (fetching > 0) {
    kTiles[ahead.how][vecs - 1][height - 1](job, ahead, row, fetching, done);
    row += fetching * height;
    count -= fetching;
    done += fetching;
  }
  if (count > 0) {
    kTiles[kNoFetch][vecs - 1][height - 1](job, ahead, row, count, done);
  }
}

// What each of `tiles` tiles fetches of the next panel: the same in all of
// them, since what is fetched in bursts waits for the memory, and the sums with
// it. Of very many tiles only the first fetch, half a line in a round.
NEOCOG_INLINE Ahead AheadOf(const TileJob& job, int vecs, int64_t tiles) {
  if (job.next == job.b) return {kSparse, 0, job.b, 0, 0, 0};
  const int64_t floats = static_cast<int64_t>(vecs) * kLanes * kRoundSteps;
  const Fetch how = FetchStreams(vecs, kSparse) * kLineFloats * tiles < floats
                        ? kDense
                        : kSparse;
  const int64_t streams = FetchStreams(vecs, how);
  const int64_t most = kLineFloats * FetchLines(vecs, how);
  const int64_t sharing =
      how == kDense
          ? tiles
          : Smaller(tiles, BlocksOf(floats, streams * kLineFloats / 2));
  const int64_t step = Smaller(BlocksOf(floats, streams * sharing), most);
  const int64_t rounds = job.taps * (job.run / kRoundSteps);
  const int64_t stream = rounds * floats / streams;
  // A page and more to each stream, or line beside line.
  if (stream >= kPageFloats) {
    return {how, sharing, job.next, rounds * step, stream, step};
  }
  return {how,  sharing,       job.next, rounds * step * streams,
          step, step * streams};
}

// All rows of a job, in tiles that differ by at most one row: 49 rows are four
// times 6 and five times 5, never 1 at the end.
NEOCOG_INLINE void RunTiles(const TileJob& job, int vecs, int64_t rows) {
  if (rows == 0) return;
  const int64_t limit = TileRows(vecs);
  const int64_t tiles = (rows + limit - 1) / limit;
  const int64_t low = rows / tiles;
  const int64_t high = rows % tiles;
  const Ahead ahead = AheadOf(job, vecs, tiles);
  RunEqualTiles(job, vecs, ahead, low + 1, 0, high, 0);
  RunEqualTiles(job, vecs, ahead, low, high * (low + 1), tiles - high, high);
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_TILE_H_
