#include "segments.h"

#include <algorithm>
#include <limits>

namespace neocog {
namespace {

constexpr int64_t kFloatBytes = sizeof(float);

// What a group finds again in the cache of its thread.
constexpr double kCacheBytes = 1 << 20;
// Weights are fetched ahead of their use: a byte costs less than one of a
// value.
constexpr double kWeightCost = 0.5;
// Of a border between segments, in bytes: the threads meet.
constexpr double kBorderCost = 1 << 14;

// A value of the sample arena, from the step that writes it first to the one
// that touches it last.
struct Value {
  int64_t offset, stride;
  size_t first, last;
};

struct Values {
  std::vector<Value> all;
  std::vector<int64_t> of_ref;   // -1: none
  std::vector<int64_t> present;  // while steps are walked

  // Whoever reads a value names the same offset and stride as whoever wrote it,
  // since these place the samples of a batch. A part is written to the value
  // that is there, even if that is one which nobody needs any more.
  int64_t Touch(const Ref& ref, size_t step, bool written) {
    int64_t found = -1;
    size_t kept = 0;
    for (const int64_t id : present) {
      const Value& value = all[id];
      const bool same =
          value.offset == ref.offset && value.stride == ref.stride;
      const bool over = value.offset < ref.offset + ref.stride &&
                        ref.offset < value.offset + value.stride;
      if (written && over && (!same || ref.size == ref.stride)) continue;
      if (same) found = id;
      present[kept++] = id;
    }
    present.resize(kept);
    if (found < 0) {
      found = static_cast<int64_t>(all.size());
      // What nobody wrote is of no segment.
      all.push_back({ref.offset, ref.stride, written ? step : 0, step});
      present.push_back(found);
    }
    all[found].last = step;
    return found;
  }
};

Values ValuesOf(const std::vector<Footprint>& steps,
                const std::vector<Ref>& refs) {
  Values values;
  values.of_ref.assign(refs.size(), -1);
  for (size_t i = 0; i < steps.size(); ++i) {
    const size_t outputs = steps[i].first_ref + steps[i].in_count;
    const size_t end = outputs + steps[i].out_count;
    for (size_t r = steps[i].first_ref; r < end; ++r) {
      if (refs[r].space != Space::kSample) continue;
      values.of_ref[r] = values.Touch(refs[r], i, r >= outputs);
    }
  }
  return values;
}

// Bytes per sample that the step moves from and to outside its thread's cache,
// with groups of `samples`, or, where that is 0, the whole batch at once.
double CostOf(const Footprint& step, int64_t samples, int64_t batch) {
  const double bytes = static_cast<double>(step.sample_bytes);
  const double weights = static_cast<double>(step.weight_bytes) * kWeightCost;
  if (samples == 0) return bytes + weights / static_cast<double>(batch);
  if (step.together) return std::numeric_limits<double>::infinity();
  const double group = static_cast<double>(samples);
  const double missed = std::max(1 - kCacheBytes / (bytes * group + 1), 0.0);
  return bytes * missed + weights / group;
}

// The cheapest group size of each step: the way through a grid of steps and
// sizes, where a change of the size costs what lives across it.
std::vector<int64_t> Cheapest(const std::vector<Footprint>& steps,
                              const Values& values, int64_t most,
                              int64_t batch) {
  std::vector<int64_t> sizes = {0};
  for (int64_t size = 1; size <= most; size *= 2) sizes.push_back(size);
  std::vector<double> alive(steps.size() + 1);  // before the step
  for (const Value& value : values.all) {
    const double bytes = static_cast<double>(value.stride * kFloatBytes);
    alive[value.first + 1] += bytes;
    alive[value.last + 1] -= bytes;
  }
  std::vector<double> cost(sizes.size());
  std::vector<std::vector<size_t>> from(steps.size());
  double across = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    across += alive[i];
    const size_t best = static_cast<size_t>(
        std::min_element(cost.begin(), cost.end()) - cost.begin());
    const double changed = cost[best] + kBorderCost + 2 * across;
    for (size_t s = 0; s < sizes.size(); ++s) {
      const bool stays = cost[s] <= changed;
      from[i].push_back(stays ? s : best);
      cost[s] = (stays ? cost[s] : changed) + CostOf(steps[i], sizes[s], batch);
    }
  }
  std::vector<int64_t> chosen(steps.size());
  size_t s = static_cast<size_t>(std::min_element(cost.begin(), cost.end()) -
                                 cost.begin());
  for (size_t i = steps.size(); i-- > 0;) {
    chosen[i] = sizes[s];
    s = from[i][s];
  }
  return chosen;
}

}  // namespace

Partition PartitionOf(const std::vector<Footprint>& steps,
                      const std::vector<Ref>& refs, int64_t most,
                      int64_t batch) {
  const Values values = ValuesOf(steps, refs);
  const std::vector<int64_t> sizes = Cheapest(steps, values, most, batch);
  Partition partition;
  std::vector<size_t> segment_of(steps.size());
  for (size_t i = 0; i < steps.size(); ++i) {
    if (i == 0 || sizes[i] != sizes[i - 1]) {
      partition.segments.push_back({i, i, sizes[i], 0});
    }
    Segment& segment = partition.segments.back();
    segment.end = i + 1;
    segment.cycles += steps[i].cycles;
    segment_of[i] = partition.segments.size() - 1;
    partition.most = std::max(partition.most, sizes[i]);
  }
  partition.local.assign(refs.size(), false);
  for (size_t r = 0; r < refs.size(); ++r) {
    if (values.of_ref[r] < 0) continue;
    const Value& value = values.all[values.of_ref[r]];
    const size_t segment = segment_of[value.first];
    if (segment == segment_of[value.last] &&
        partition.segments[segment].samples > 0) {
      partition.local[r] = true;
    } else {
      partition.extent =
          std::max(partition.extent, value.offset + value.stride);
    }
  }
  return partition;
}

}  // namespace neocog
