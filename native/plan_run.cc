// Runs of a plan, see plan.h.
#include <algorithm>
#include <chrono>

#include "cpu.h"
#include "packing.h"
#include "plan.h"
#include "pool.h"

namespace neocog {
namespace {

constexpr int64_t kFloatsPerPointer = sizeof(float*) / sizeof(float);

int64_t CostOf(Size cycles) {
  return cycles.value() < 0 ? INT64_MAX : cycles.value();
}

// A step on its way through the pool.
struct Region {
  const OpKernel* kernel;
  const void* geometry;
  const StepArgs* args;
  float* scratch;
  int64_t scratch_stride;
  int64_t held[kMaxThreads];  // StepArgs.held of each thread
};

}  // namespace

// Where the parts of a run's memory begin, in floats; -1 as total where they
// are too many to count.
struct Plan::Layout {
  int64_t pointers, sample, groups, shared, packing, scratch, total;
  int64_t group;  // floats of the arena of one group
};

// What all steps of a run have in common.
struct Plan::Call {
  int64_t batch;
  const float* const* inputs;
  float* const* outputs;
  const std::atomic<bool>* cancelled;
  double* times;
  const Partition* partition;
  Layout layout;
  float* memory;

  bool Cancelled() const {
    return cancelled != nullptr && cancelled->load(std::memory_order_relaxed);
  }
};

// The samples that a step works on, and on how many threads.
struct Plan::Frame {
  int64_t first, count;
  float* arena;  // of these samples, for values that are local; or null
  float** pointers;
  float* scratch;
  float* packing;
  int threads;
};

const Partition* Plan::PartitionFor(int64_t batch) const {
  const int64_t most = std::min(batch / threads_, kMostSamples);
  if (batch < 2 || most < 1 || partitions_.empty()) return nullptr;
  size_t number = 0;
  while (int64_t{2} << number <= most) ++number;
  const Partition& found = partitions_[number];
  return found.grouped ? &found : nullptr;
}

int Plan::Width(int64_t batch) const {
  const Partition* partition = PartitionFor(batch);
  int width = 1;
  if (partition != nullptr) {
    for (const Segment& segment : partition->segments) {
      if (segment.samples == 0) continue;
      width = std::max(width,
                       UsefulThreads(batch, CostOf(segment.cycles), threads_));
    }
  }
  for (const Step& step : steps_) {
    const int64_t items = step.kernel->items(
        &step.geometry, step.per_sample ? batch * step.repeat : 1);
    width = std::max(width, UsefulThreads(items, step.item_cost, threads_));
  }
  return width;
}

Plan::Layout Plan::LayoutOf(int64_t batch, const Partition* partition) const {
  Layout layout;
  Size end;
  const auto place = [&](Size floats) {
    const int64_t begin = end.value();
    end = (end + floats).RoundedUp();
    return begin;
  };
  const int64_t groups = partition == nullptr ? 1 : threads_;
  layout.pointers = place(Size(pointers_) * kFloatsPerPointer * groups);
  layout.sample = place(
      Size(partition == nullptr ? sample_arena_ : partition->extent) * batch);
  const Size group =
      Size(partition == nullptr ? 0 : partition->group).RoundedUp();
  layout.group = group.value();
  layout.groups = place(group * threads_);
  layout.shared = place(Size(shared_arena_));
  layout.packing = place(Size(packing_) * groups);
  layout.scratch = place(Size(scratch_) * threads_);
  layout.total = end.value();
  return layout;
}

Status Plan::Run(int64_t batch, const float* const* inputs,
                 float* const* outputs, const std::atomic<bool>* cancelled,
                 double* times) {
  Call call = {batch, inputs,  outputs,  cancelled,
               times, nullptr, Layout{}, nullptr};
  if (times == nullptr) call.partition = PartitionFor(batch);
  call.layout = LayoutOf(batch, call.partition);
  Lender::Block* memory = arenas_.Borrow(call.layout.total);
  if (memory == nullptr) return Status::kOutOfMemory;
  call.memory = memory->floats();
  const FlushDenormals flush;
  // Only a run beside the event loop can be cancelled.
  const Background background(cancelled != nullptr);
  const Frame whole = {
      0,
      batch,
      nullptr,
      reinterpret_cast<float**>(call.memory + call.layout.pointers),
      call.memory + call.layout.scratch,
      call.memory + call.layout.packing,
      threads_};
  if (call.partition == nullptr) {
    RunSteps(0, steps_.size(), call, whole);
  } else {
    for (const Segment& segment : call.partition->segments) {
      if (segment.samples == 0) {
        RunSteps(segment.begin, segment.end, call, whole);
      } else {
        RunGroups(segment, call);
      }
    }
  }
  arenas_.GiveBack(memory);
  return call.Cancelled() ? Status::kCancelled : Status::kOk;
}

void Plan::RunSteps(size_t begin, size_t end, const Call& call,
                    const Frame& frame) const {
  using Clock = std::chrono::steady_clock;
  for (size_t i = begin; i < end && !call.Cancelled(); ++i) {
    const size_t together = static_cast<size_t>(steps_[i].together);
    if (steps_[i].strips >= 0 && i + together <= end) {
      RunTogether(i, call, frame);
      i += together - 1;
      continue;
    }
    Clock::time_point start;
    if (call.times != nullptr) start = Clock::now();
    Resolve(steps_[i], call, frame);
    RunStep(steps_[i], frame);
    GiveWay();
    if (call.times != nullptr) {
      call.times[i] =
          std::chrono::duration<double, std::milli>(Clock::now() - start)
              .count();
    }
  }
}

void Plan::RunGroups(const Segment& segment, const Call& call) const {
  struct Region {
    const Plan& plan;
    const Segment& segment;
    const Call& call;
    int64_t samples, groups;
  };
  // As many groups for each thread; samples that are too few for another round
  // of groups go step by step.
  const int64_t samples = call.batch / threads_ * threads_;
  const int64_t rounds =
      (samples / threads_ + segment.samples - 1) / segment.samples;
  Region region = {*this, segment, call, samples, rounds * threads_};
  ParallelFor(
      region.groups, CostOf(segment.cycles * samples) / region.groups, threads_,
      [](void* context, int worker, int64_t begin, int64_t end) {
        const Region& r = *static_cast<const Region*>(context);
        const Plan& plan = r.plan;
        const Layout& layout = r.call.layout;
        float* const memory = r.call.memory;
        for (int64_t group = begin; group < end; ++group) {
          const int64_t first = r.samples * group / r.groups;
          const int64_t next = r.samples * (group + 1) / r.groups;
          const Frame frame = {
              first,
              next - first,
              memory + layout.groups + worker * layout.group,
              reinterpret_cast<float**>(memory + layout.pointers) +
                  worker * plan.pointers_,
              memory + layout.scratch + worker * plan.scratch_,
              memory + layout.packing + worker * plan.packing_,
              1};
          plan.RunSteps(r.segment.begin, r.segment.end, r.call, frame);
        }
      },
      &region);
  if (samples == call.batch) return;
  // Fewer than there are threads, whose memory they can have.
  const Frame rest = {
      samples,
      call.batch - samples,
      call.memory + call.layout.groups,
      reinterpret_cast<float**>(call.memory + call.layout.pointers),
      call.memory + call.layout.scratch,
      call.memory + call.layout.packing,
      threads_};
  RunSteps(segment.begin, segment.end, call, rest);
}

void Plan::Resolve(const Step& step, const Call& call,
                   const Frame& frame) const {
  const int32_t refs = step.in_count + step.out_count;
  for (int32_t i = 0; i < refs; ++i) {
    const size_t number = step.first_ref + static_cast<size_t>(i);
    const Ref& ref = refs_[number];
    const int64_t at =
        ref.start + (ref.per_sample ? frame.first * ref.stride : 0);
    float*& pointer = frame.pointers[i];
    switch (ref.space) {
      case Space::kInput:
        pointer = const_cast<float*>(call.inputs[ref.index]) + ref.offset + at;
        break;
      case Space::kOutput:
        pointer = call.outputs[ref.index] + ref.offset + at;
        break;
      case Space::kConstant: {
        float* constant = constants_[ref.index].get();
        pointer = constant == nullptr ? nullptr : constant + ref.offset + at;
        break;
      }
      case Space::kSample: {
        const int64_t offset = call.partition == nullptr
                                   ? ref.offset
                                   : call.partition->offsets[number];
        if (frame.arena != nullptr && call.partition->local[number]) {
          pointer = frame.arena + frame.count * offset + ref.start;
        } else {
          pointer = call.memory + call.layout.sample + call.batch * offset + at;
        }
        break;
      }
      case Space::kShared:
        pointer = call.memory + call.layout.shared + ref.offset + at;
    }
  }
}

StepArgs Plan::ArgsOf(const Step& step, float* const* pointers,
                      const float* packed, int64_t batch) const {
  const int64_t* sizes = sizes_.data() + step.first_ref;
  const int64_t* strides = strides_.data() + step.first_ref;
  const int64_t* pitches = pitches_.data() + step.first_ref;
  return {pointers,
          sizes,
          strides,
          pitches,
          step.in_count,
          pointers + step.in_count,
          sizes + step.in_count,
          strides + step.in_count,
          pitches + step.in_count,
          step.out_count,
          packed,
          batch,
          nullptr};
}

void Plan::RunStep(const Step& step, const Frame& frame) const {
  float** const pointers = frame.pointers;
  const int64_t* strides = strides_.data() + step.first_ref;
  const bool packs_now = step.packs >= 0 && step.packed == nullptr;
  // Where every sample has its own weights, samples are taken one by one.
  const bool own_weights = packs_now && strides[step.packs] != 0;
  const bool one_by_one = own_weights || step.apart;
  const int64_t items = frame.count * step.repeat;
  const StepArgs args =
      ArgsOf(step, pointers, packs_now ? frame.packing : step.packed,
             step.per_sample && !one_by_one ? items : 1);
  Region region;
  region.kernel = step.kernel;
  region.geometry = &step.geometry;
  region.args = &args;
  region.scratch = frame.scratch;
  region.scratch_stride = scratch_;
  for (int64_t s = 0; s < (one_by_one ? items : 1); ++s) {
    if (packs_now && (s == 0 || own_weights)) {
      PackWeights(*step.kernel, &step.geometry, pointers[step.packs],
                  frame.packing, step.packed_size, frame.threads);
    }
    std::fill_n(region.held, frame.threads, -1);
    ParallelFor(
        step.kernel->items(&step.geometry, args.batch), step.item_cost,
        frame.threads,
        [](void* context, int worker, int64_t from, int64_t to) {
          Region& r = *static_cast<Region*>(context);
          StepArgs mine = *r.args;
          mine.held = r.held + worker;
          r.kernel->run(r.geometry, mine, from, to,
                        r.scratch + worker * r.scratch_stride);
        },
        &region);
    for (int32_t i = 0; i < step.in_count + step.out_count; ++i) {
      pointers[i] += strides[i];
    }
  }
}

void Plan::RunTogether(size_t first, const Call& call,
                       const Frame& frame) const {
  struct Job {
    const Strips& strips;
    float* scratch;
    int64_t scratch_stride;
    double* times;  // [worker][step], or null
  };
  using Clock = std::chrono::steady_clock;
  Strips strips = strips_[steps_[first].strips];
  const size_t count = static_cast<size_t>(strips.count());
  Frame part = frame;
  for (size_t k = 0; k < count; ++k) {
    const Step& step = steps_[first + k];
    Resolve(step, call, part);
    strips.args(static_cast<int>(k)) =
        ArgsOf(step, part.pointers, step.packed, frame.count);
    part.pointers += step.in_count + step.out_count;
  }
  std::vector<double> times;
  if (call.times != nullptr) times.resize(frame.threads * count);
  const Clock::time_point start = Clock::now();
  Job job = {strips, frame.scratch, scratch_,
             times.empty() ? nullptr : times.data()};
  for (int worker = 0; worker < frame.threads; ++worker) {
    Strips::Start(job.scratch + worker * job.scratch_stride);
  }
  ParallelFor(
      frame.count * strips.items(), strips.item_cost(), frame.threads,
      [](void* context, int worker, int64_t from, int64_t to) {
        const Job& j = *static_cast<const Job*>(context);
        j.strips.Run(
            from, to, j.scratch + worker * j.scratch_stride,
            j.times == nullptr ? nullptr : j.times + worker * j.strips.count());
      },
      &job);
  if (call.times == nullptr) return;
  // The time of all, in proportion to what each took on all threads.
  const double all =
      std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  double sum = 0;
  for (const double time : times) sum += time;
  for (size_t k = 0; k < count; ++k) {
    double own = 0;
    for (size_t i = k; i < times.size(); i += count) own += times[i];
    call.times[first + k] = all * own / std::max(sum, 1e-9);
  }
}

}  // namespace neocog
