#include "packing.h"

#include <algorithm>

#include "pool.h"

namespace neocog {
namespace {

constexpr int64_t kItemFloats = 1 << 15;

// to[i] for begin <= i < end.
void CopyPart(const Constant& from, float* to, int64_t begin, int64_t end) {
  if (from.scale == nullptr) {
    std::copy(from.data + begin, from.data + end, to + begin);
    return;
  }
  int64_t channel = begin / from.inner % from.channels;
  if (from.inner == 1) {
    // Rows of one number for each channel.
    for (int64_t i = begin; i < end; channel = 0) {
      const int64_t run = std::min(from.channels - channel, end - i);
      const double* scale = from.scale + channel;
      for (int64_t j = 0; j < run; ++j) {
        to[i + j] = static_cast<float>(from.data[i + j] * scale[j]);
      }
      i += run;
    }
    return;
  }
  int64_t last = (begin / from.inner + 1) * from.inner;
  for (int64_t i = begin; i < end; last += from.inner) {
    const double scale = from.scale[channel];
    const int64_t run_end = std::min(last, end);
    for (; i < run_end; ++i) to[i] = static_cast<float>(from.data[i] * scale);
    if (++channel == from.channels) channel = 0;
  }
}

// Packing, or its undoing.
struct Turn {
  void (*part)(const void* g, const float* from, float* to, int64_t begin,
               int64_t end);
  const void* geometry;
  const float* from;
  float* to;
};

void InParts(Turn turn, int64_t items, int64_t packed_size, int threads) {
  // About a cycle per float.
  const int64_t cost = packed_size / std::max<int64_t>(items, 1);
  ParallelFor(
      items, cost, threads,
      [](void* context, int, int64_t begin, int64_t end) {
        const Turn& t = *static_cast<const Turn*>(context);
        t.part(t.geometry, t.from, t.to, begin, end);
      },
      &turn);
}

}  // namespace

void CopyConstant(const Constant& from, float* to, int threads) {
  struct Job {
    const Constant* from;
    float* to;
  } job = {&from, to};
  ParallelFor((from.size + kItemFloats - 1) / kItemFloats, kItemFloats, threads,
              [](void* context, int, int64_t begin, int64_t end) {
                const Job& j = *static_cast<const Job*>(context);
                CopyPart(*j.from, j.to, begin * kItemFloats,
                         std::min(end * kItemFloats, j.from->size));
              },
              &job);
}

void PackWeights(const OpKernel& kernel, const void* geometry,
                 const float* weights, float* packed, int64_t packed_size,
                 int threads) {
  InParts({kernel.pack, geometry, weights, packed}, kernel.pack_items(geometry),
          packed_size, threads);
}

void UnpackWeights(const OpKernel& kernel, const void* geometry,
                   const float* packed, float* weights, int64_t packed_size,
                   int threads) {
  InParts({kernel.unpack, geometry, packed, weights},
          kernel.unpack_items(geometry), packed_size, threads);
}

}  // namespace neocog
