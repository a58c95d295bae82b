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
  for (Value& value : values.all) {
    value.first = steps[value.first].first_beside;
    value.last = steps[value.last].last_beside;
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

// A value in the memory of all samples, from one step to another.
struct Placed {
  size_t id, first, last;
  int64_t size, offset;
};

// The biggest value first, each into the first gap between those that live at
// the same time. Answers the size of the memory.
int64_t Place(std::vector<Placed>* values) {
  std::sort(values->begin(), values->end(),
            [](const Placed& a, const Placed& b) {
              return a.size != b.size ? a.size > b.size : a.id < b.id;
            });
  int64_t extent = 0;
  std::vector<const Placed*> beside;  // by offset
  for (size_t i = 0; i < values->size(); ++i) {
    Placed& value = (*values)[i];
    beside.clear();
    for (size_t j = 0; j < i; ++j) {
      const Placed& other = (*values)[j];
      if (other.first <= value.last && value.first <= other.last) {
        beside.push_back(&other);
      }
    }
    std::sort(
        beside.begin(), beside.end(),
        [](const Placed* a, const Placed* b) { return a->offset < b->offset; });
    for (const Placed* other : beside) {
      if (value.offset + value.size <= other->offset) break;
      value.offset = std::max(value.offset, other->offset + other->size);
    }
    extent = std::max(extent, value.offset + value.size);
  }
  return extent;
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
      partition.segments.push_back({i, i, sizes[i], Size(0), 0});
    }
    Segment& segment = partition.segments.back();
    segment.end = i + 1;
    segment.cycles = segment.cycles + steps[i].cycles;
    segment_of[i] = partition.segments.size() - 1;
    partition.grouped |= sizes[i] > 0;
  }
  if (!partition.grouped) return partition;

  std::vector<bool> local;
  std::vector<int64_t> offsets;
  std::vector<Placed> placed;
  for (size_t id = 0; id < values.all.size(); ++id) {
    const Value& value = values.all[id];
    Segment& from = partition.segments[segment_of[value.first]];
    const Segment& to = partition.segments[segment_of[value.last]];
    local.push_back(&from == &to && from.samples > 0);
    offsets.push_back(value.offset);
    if (local.back()) {
      from.extent = std::max(from.extent, value.offset + value.stride);
      continue;
    }
    // While one group is at the end of a segment, another is at its beginning.
    placed.push_back({id, from.samples > 0 ? from.begin : value.first,
                      to.samples > 0 ? to.end - 1 : value.last,
                      Size(value.stride).RoundedUp().value(), 0});
  }
  partition.extent = Place(&placed);
  for (const Placed& value : placed) offsets[value.id] = value.offset;
  for (const int64_t id : values.of_ref) {
    partition.local.push_back(id >= 0 && local[id]);
    partition.offsets.push_back(id < 0 ? 0 : offsets[id]);
  }
  for (const Segment& segment : partition.segments) {
    partition.group =
        std::max(partition.group, segment.samples * segment.extent);
  }
  return partition;
}

}  // namespace neocog
