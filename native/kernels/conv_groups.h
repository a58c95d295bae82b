// Convolution in groups of fewer channels than a vector has lanes: whole
// vectors hold several groups, and each input channel of a group is spread over
// the group's lanes. A matrix product would leave most lanes empty.
#ifndef NEOCOG_KERNELS_CONV_GROUPS_H_
#define NEOCOG_KERNELS_CONV_GROUPS_H_

#include <stdint.h>

#include "../kernels.h"
#include "depthwise2d.h"

namespace neocog {
namespace {

NEOCOG_INLINE int64_t GroupChannels(const Conv2d& g) { return g.c / g.groups; }

NEOCOG_INLINE int64_t GroupTaps(const Conv2d& g) {
  return static_cast<int64_t>(g.kh) * g.kw * GroupChannels(g);
}

// One block of kLanes channels of a patch, as PatchBlock; weights
// [ky][channel of the group][kx][kLanes].
template <int kGroup, int kStride, int kCols, bool kGrid>
NEOCOG_INLINE void GroupBlock(const Patch& p, int64_t first,
                              const float* weights) {
  constexpr int kSize = 3;
  constexpr int kInRows = (kPatchRows - 1) * kStride + kSize;
  constexpr int kInCols = (kCols - 1) * kStride + kSize;
  const Vec bias = p.bias == nullptr ? Zero() : Load(p.bias + first);
  Vec sum[kPatchRows][kCols];
  NEOCOG_UNROLL for (int r = 0; r < kPatchRows; ++r) {
    NEOCOG_UNROLL for (int q = 0; q < kCols; ++q) sum[r][q] = bias;
  }
  NEOCOG_UNROLL for (int i = 0; i < kInRows; ++i) {
    for (int channel = 0; channel < kGroup; ++channel) {
      const Spreader spreader = SpreaderOf(kGroup, channel);
      const float* w = weights + channel * kSize * kLanes;
      NEOCOG_UNROLL for (int j = 0; j < kInCols; ++j) {
        const Vec x = Spread(
            Load((kGrid ? p.x + i * p.x_row + j * p.x_col : p.cell[i][j]) +
                 first),
            spreader);
        NEOCOG_UNROLL for (int r = 0; r < kPatchRows; ++r) {
          const int ky = i - r * kStride;
          NEOCOG_UNROLL for (int q = 0; q < kCols; ++q) {
            const int kx = j - q * kStride;
            if (ky >= 0 && ky < kSize && kx >= 0 && kx < kSize) {
              FmaInto(x, Load(w + (ky * kGroup * kSize + kx) * kLanes),
                      &sum[r][q]);
            }
          }
        }
      }
    }
  }
  NEOCOG_UNROLL for (int r = 0; r < kPatchRows; ++r) {
    NEOCOG_UNROLL for (int q = 0; q < kCols; ++q) {
      Store(p.y[r][q] + first, Clipped(sum[r][q], p.clip));
    }
  }
}

template <int kGroup, int kStride, int kCols, bool kGrid>
void GroupPatch(const Patch& p, int64_t channels) {
  const float* weights = p.weights;
  for (int64_t first = 0; first < channels; first += kLanes) {
    GroupBlock<kGroup, kStride, kCols, kGrid>(p, first, weights);
    weights += 9 * kGroup * kLanes;
  }
}

template <int kGroup, int kStride>
constexpr PatchKernels kGroupKernels = {
    {{GroupPatch<kGroup, kStride, 1, false>,
      GroupPatch<kGroup, kStride, 2, false>,
      GroupPatch<kGroup, kStride, 3, false>,
      GroupPatch<kGroup, kStride, 4, false>},
     {GroupPatch<kGroup, kStride, 1, false>,
      GroupPatch<kGroup, kStride, 2, false>,
      GroupPatch<kGroup, kStride, 3, true>,
      GroupPatch<kGroup, kStride, 4, true>}}};

template <int kGroup>
NEOCOG_INLINE const PatchKernels* GroupKernelsFor(const Conv2d& g) {
  if constexpr (kGroup <= kMostSpread) {
    return g.sh == 1 ? &kGroupKernels<kGroup, 1> : &kGroupKernels<kGroup, 2>;
  } else {
    return nullptr;
  }
}

// Null where the convolution is of another kind.
NEOCOG_INLINE const PatchKernels* GroupKernelsOf(const Conv2d& g) {
  if (g.groups < 2 || g.c != g.oc || g.c % kLanes != 0 || g.residual ||
      g.kh != 3 || g.kw != 3 || g.sh != g.sw || g.sh > 2 || g.dh != 1 ||
      g.dw != 1) {
    return nullptr;
  }
  switch (GroupChannels(g)) {
    case 2:
      return GroupKernelsFor<2>(g);
    case 4:
      return GroupKernelsFor<4>(g);
    case 8:
      return GroupKernelsFor<8>(g);
    default:
      return nullptr;
  }
}

// Weights: [blocks of channels][kh][channels of a group][kw][kLanes].
NEOCOG_INLINE void GroupsPack(const Conv2d& g, const float* kernel,
                              float* packed) {
  const int64_t group = GroupChannels(g);
  const int64_t taps = static_cast<int64_t>(g.kh) * g.kw;
  for (int64_t block = 0; block < g.oc; block += kLanes) {
    for (int64_t ky = 0; ky < g.kh; ++ky) {
      for (int64_t i = 0; i < group; ++i) {
        for (int64_t kx = 0; kx < g.kw; ++kx) {
          const int64_t tap = ky * g.kw + kx;
          for (int64_t l = 0; l < kLanes; ++l) {
            const int64_t o = block + l;
            *packed++ = g.oihw ? kernel[(o * group + i) * taps + tap]
                               : kernel[(tap * group + i) * g.oc + o];
          }
        }
      }
    }
  }
}

NEOCOG_INLINE int64_t GroupsRowCost(const Conv2d& g) {
  return GroupTaps(g) * g.ow * VecsOf(g.oc) + 1;
}
NEOCOG_INLINE int64_t GroupsRows(const Conv2d& g) {
  return Smaller(BlocksOf(kItemCycles / 4, GroupsRowCost(g) * 2) * 2, g.oh);
}
NEOCOG_INLINE int64_t GroupsItems(const Conv2d& g, int64_t batch) {
  return batch * BlocksOf(g.oh, GroupsRows(g));
}
NEOCOG_INLINE int64_t GroupsScratch(const Conv2d& g) {
  return 2 * Aligned(g.c);
}

NEOCOG_INLINE void GroupsRun(const Conv2d& g, const PatchKernels& kernels,
                             const StepArgs& args, int64_t begin, int64_t end,
                             float* scratch) {
  const float* bias = g.bias ? args.in[2] : nullptr;
  PatchesRun(g, kernels, bias, {GroupsRows(g), 1}, GroupTaps(g) * kLanes, args,
             begin, end, scratch);
}

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_CONV_GROUPS_H_
