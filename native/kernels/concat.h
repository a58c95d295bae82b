// concat: inputs [outer, in_size[i] / outer] side by side in the rows of y
// [outer, out_size / outer].
#ifndef NEOCOG_KERNELS_CONCAT_H_
#define NEOCOG_KERNELS_CONCAT_H_

#include "../kernels.h"
#include "blocks.h"
#include "runs.h"

namespace neocog {
namespace {

// Rows of an item; their width is known to `run` alone.
constexpr int64_t kConcatRows = 64;

int64_t ConcatItems(const void* g, int64_t batch) {
  return batch * BlocksOf(static_cast<const Concat*>(g)->outer, kConcatRows);
}

// With rows of 128 floats, a guess.
int64_t ConcatCost(const void* g) {
  return Smaller(static_cast<const Concat*>(g)->outer, kConcatRows) * 128;
}

void RunConcat(const void* geometry, const StepArgs& args, int64_t begin,
               int64_t end, float*) {
  const int64_t outer = static_cast<const Concat*>(geometry)->outer;
  const int64_t blocks = BlocksOf(outer, kConcatRows);
  const int64_t width = PitchOf(args.out_pitch[0], args.out_size[0] / outer);
  for (int64_t item = begin; item < end; ++item) {
    const int64_t sample = item / blocks;
    const int64_t first = item % blocks * kConcatRows;
    const int64_t last = Smaller(first + kConcatRows, outer);
    float* y = args.out[0] + sample * args.out_stride[0];
    for (int32_t i = 0; i < args.in_count; ++i) {
      const float* x = args.in[i] + sample * args.in_stride[i];
      const int64_t size = args.in_size[i] / outer;
      const int64_t pitch = PitchOf(args.in_pitch[i], size);
      for (int64_t row = first; row < last; ++row)
        CopyRun(x + row * pitch, y + row * width, size);
      y += size;
    }
  }
}

constexpr OpKernel kConcatKernel = {nullptr,    nullptr, nullptr,  ConcatItems,
                                    ConcatCost, nullptr, RunConcat};

}  // namespace
}  // namespace neocog

#endif  // NEOCOG_KERNELS_CONCAT_H_
