// How a batch goes through the steps: sample by sample, in small groups, or all
// at once. A group of samples that takes many steps alone stays in the cache of
// its thread, and threads need not wait for each other at every step; but each
// group reads the weights again. Sizes alone decide.
#ifndef NEOCOG_SEGMENTS_H_
#define NEOCOG_SEGMENTS_H_

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "refs.h"

namespace neocog {

// A step, seen from its memory.
struct Footprint {
  size_t first_ref;  // its inputs, then its outputs
  int32_t in_count, out_count;
  int64_t sample_bytes;  // read and written for one sample
  int64_t weight_bytes;
  int64_t cycles;  // for one sample
  bool together;   // works on the whole batch, or on none of its samples
};

// Steps [begin, end).
struct Segment {
  size_t begin, end;
  int64_t samples;  // of a group; 0: all, step by step
  int64_t cycles;   // for one sample
};

struct Partition {
  std::vector<Segment> segments;
  // For each ref: a value of the sample arena that only one segment of groups
  // knows. Each group has memory of its own for it.
  std::vector<bool> local;
  int64_t most = 0;    // samples of the largest group; 0: no groups at all
  int64_t extent = 0;  // floats per sample of all that is not local
};

// The largest group that is ever worth it.
constexpr int64_t kMostSamples = 32;

// For groups of up to `most` samples out of `batch`.
Partition PartitionOf(const std::vector<Footprint>& steps,
                      const std::vector<Ref>& refs, int64_t most,
                      int64_t batch);

}  // namespace neocog

#endif  // NEOCOG_SEGMENTS_H_
