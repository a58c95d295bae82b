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
  struct Job {
    const OpKernel* kernel;
    const void* geometry;
    const float* weights;
    float* packed;
  } job = {&kernel, geometry, weights, packed};
  const int64_t items = kernel.pack_items(geometry);
  // About a cycle per float.
  const int64_t cost = packed_size / std::max<int64_t>(items, 1);
  ParallelFor(
      items, cost, threads,
      [](void* context, int, int64_t begin, int64_t end) {
        const Job& j = *static_cast<const Job*>(context);
        j.kernel->pack(j.geometry, j.weights, j.packed, begin, end);
      },
      &job);
}

void UnpackWeights(const OpKernel& kernel, const void* geometry,
                   const float* packed, float* weights, int64_t packed_size,
                   int threads) {
  struct Job {
    const OpKernel* kernel;
    const void* geometry;
    const float* packed;
    float* weights;
  } job = {&kernel, geometry, packed, weights};
  const int64_t items = kernel.unpack_items(geometry);
  ParallelFor(
      items, packed_size / std::max<int64_t>(items, 1), threads,
      [](void* context, int, int64_t begin, int64_t end) {
        const Job& j = *static_cast<const Job*>(context);
        j.kernel->unpack(j.geometry, j.packed, j.weights, begin, end);
      },
      &job);
}

}  // namespace neocog
