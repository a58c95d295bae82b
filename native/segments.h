// How a batch goes through the steps: sample by sample, in small groups, or all
// at once. A group of samples that takes many steps alone stays in the cache of
// its thread, and threads need not wait for each other at every step; but each
// group reads the weights again. Sizes alone decide.
#ifndef NEOCOG_SEGMENTS_H_
#define NEOCOG_SEGMENTS_H_

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "memory.h"
#include "refs.h"

namespace neocog {

// A step, seen from its memory.
struct Footprint {
  size_t first_ref;  // its inputs, then its outputs
  int32_t in_count, out_count;
  int64_t sample_bytes;  // read and written for one sample
  int64_t weight_bytes;
  Size cycles;    // for one sample
  bool together;  // works on the whole batch, or on none of its samples
  // Steps that run at the same time, this one among them.
  size_t first_beside, last_beside;
};

// Steps [begin, end).
struct Segment {
  size_t begin, end;
  int64_t samples;  // of a group; 0: all, step by step
  Size cycles;      // for one sample
  // Floats per sample of the memory that a group has of its own, for values
  // that nobody else knows.
  int64_t extent;
};

struct Partition {
  std::vector<Segment> segments;
  // For each ref to the sample arena: whether the value is in the memory of a
  // group, and its offset there or in the memory of all samples.
  std::vector<bool> local;
  std::vector<int64_t> offsets;
  int64_t extent = 0;    // floats per sample of the memory of all samples
  bool grouped = false;  // some segment has groups
  int64_t group = 0;     // floats of the memory of a group, at most
};

// The largest group that is ever worth it.
constexpr int64_t kMostSamples = 32;

// For groups of up to `most` samples out of `batch`.
Partition PartitionOf(const std::vector<Footprint>& steps,
                      const std::vector<Ref>& refs, int64_t most,
                      int64_t batch);

}  // namespace neocog

#endif  // NEOCOG_SEGMENTS_H_
