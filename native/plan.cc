#include "plan.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "cpu.h"
#include "packing.h"
#include "pool.h"

namespace neocog {
namespace {

#define NEOCOG_PACKS(Struct, id, INTS, FLOATS, packs) packs,
constexpr int32_t kPacks[] = {NEOCOG_OPS(NEOCOG_PACKS)};
#undef NEOCOG_PACKS

constexpr int64_t kFloatBytes = sizeof(float);
constexpr int64_t kFloatsPerPointer = sizeof(float*) / kFloatBytes;

[[noreturn]] void Misfit(const StepSpec& step, const std::string& what) {
  throw std::invalid_argument("step \"" + step.name + "\": " + what);
}

// Throws unless the memory that `ref` names holds it.
void CheckRef(const PlanSpec& spec, const StepSpec& step, const Ref& ref,
              bool written) {
  const auto port = [&](const std::vector<Port>& ports) {
    const bool known =
        ref.index >= 0 && ref.index < static_cast<int64_t>(ports.size());
    if (!known || ports[ref.index].per_sample != ref.per_sample) {
      Misfit(step, "expected the number of an input or output of the plan");
    }
    return ports[ref.index].size;
  };
  int64_t available = 0;
  switch (ref.space) {
    case Space::kInput:
      available = port(spec.inputs);
      break;
    case Space::kOutput:
      available = port(spec.outputs);
      break;
    case Space::kConstant:
      if (ref.index < 0 ||
          ref.index >= static_cast<int64_t>(spec.constants.size()) ||
          ref.per_sample) {
        Misfit(step, "expected the number of a constant");
      }
      available = spec.constants[ref.index].size;
      break;
    case Space::kSample:
    case Space::kShared:
      if (ref.per_sample != (ref.space == Space::kSample)) {
        Misfit(step, "expected sample values in the sample arena only");
      }
      available = ref.per_sample ? spec.sample_arena : spec.shared_arena;
  }
  const bool read_only =
      ref.space == Space::kInput || ref.space == Space::kConstant;
  if (written && read_only) Misfit(step, "expected to write to other memory");
  // A sample value of a port lies in the whole sample.
  const bool whole = ref.per_sample && ref.space != Space::kSample;
  const Size extent =
      ref.per_sample ? Size(ref.stride) : Size(ref.start) + Size(ref.size);
  const int64_t end = (Size(ref.offset) + extent).value();
  if (ref.size < 1 || end > available || end < 0 ||
      (whole && ref.stride != available)) {
    Misfit(step, "expected " + std::to_string(ref.size) + " floats from " +
                     std::to_string(ref.offset) + " on to lie within " +
                     std::to_string(available));
  }
  if (!ref.per_sample) return;
  // Its rows, or items, have places of equal size.
  const int64_t parts = ref.pitch > 0 ? ref.stride / ref.pitch : step.repeat;
  if (parts < 1 || parts % step.repeat > 0 || ref.stride % parts > 0 ||
      ref.size % parts > 0 ||
      ref.start + ref.size / parts > ref.stride / parts) {
    Misfit(step, "expected samples of whole items, each within its place");
  }
}

Floats Allocated(int64_t count) {
  Floats floats = AllocateFloats(count);
  if (floats == nullptr) throw std::bad_alloc();
  return floats;
}

// A step on its way through the pool.
struct Region {
  const OpKernel* kernel;
  const void* geometry;
  const StepArgs* args;
  float* scratch;
  int64_t scratch_stride;
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
  int threads;
};

Plan::Plan(const PlanSpec& spec, const KernelTable& table, int threads)
    : threads_(std::clamp(threads, 1, kMaxThreads)),
      inputs_(spec.inputs),
      outputs_(spec.outputs),
      constants_(spec.constants.size()),
      sample_arena_(spec.sample_arena),
      shared_arena_(spec.shared_arena),
      arenas_(threads_ + 1),
      copies_(threads_ + 1) {
  steps_.reserve(spec.steps.size());
  for (const StepSpec& step : spec.steps) AddStep(spec, step, table);
  PackConstants(spec);
  KeepConstants(spec);
  if (steps_.size() > 1) Divide(spec);
  Join(spec);
}

void Plan::AddStep(const PlanSpec& spec, const StepSpec& from,
                   const KernelTable& table) {
  const OpKernel& kernel = table.ops[from.op];
  Step step = {};
  step.kernel = &kernel;
  step.geometry = from.geometry;
  step.repeat = from.repeat;
  step.together = from.together;
  step.strips = -1;
  step.item_cost = kernel.item_cost(&step.geometry);
  step.first_ref = refs_.size();
  step.in_count = static_cast<int32_t>(from.inputs.size());
  step.out_count = static_cast<int32_t>(from.outputs.size());
  for (const std::vector<Ref>* list : {&from.inputs, &from.outputs}) {
    for (const Ref& ref : *list) {
      CheckRef(spec, from, ref, list == &from.outputs);
      refs_.push_back(ref);
      const int64_t size = ref.per_sample ? ref.size / step.repeat : ref.size;
      const int64_t stride = ref.per_sample ? ref.stride / step.repeat : 0;
      sizes_.push_back(size);
      strides_.push_back(stride);
      pitches_.push_back(ref.pitch);
      step.per_sample |= ref.per_sample;
      step.apart |= ref.per_sample && stride != size && ref.pitch == 0;
    }
  }
  pointers_ = std::max<int64_t>(pointers_, step.in_count + step.out_count);
  if (kernel.scratch_size != nullptr) {
    const Size size(kernel.scratch_size(&step.geometry));
    const int64_t floats = size.RoundedUp().value();
    if (floats < 0) throw std::bad_alloc();
    scratch_ = std::max(scratch_, floats);
  }

  step.packs = -1;
  const int32_t packs = kPacks[from.op];
  if (packs >= 0 && kernel.packed_size != nullptr) {
    if (packs >= step.in_count) Misfit(from, "expected weights");
    step.packed_size = kernel.packed_size(&step.geometry);
  }
  if (step.packed_size > 0) {
    step.packs = packs;
    const Ref& weights = from.inputs[packs];
    if (weights.space != Space::kConstant) {
      packing_ = std::max(packing_, step.packed_size);
    }
  }
  steps_.push_back(step);
}

// Packs the constants that steps read packed, one step after the other, each on
// all threads, into one memory.
void Plan::PackConstants(const PlanSpec& spec) {
  const auto constant_of = [&](const Step& step) -> const Constant* {
    if (step.packs < 0) return nullptr;
    const Ref& ref = refs_[step.first_ref + step.packs];
    return ref.space == Space::kConstant ? &spec.constants[ref.index] : nullptr;
  };
  Size total, scaled_size;
  for (const Step& step : steps_) {
    const Constant* constant = constant_of(step);
    if (constant == nullptr) continue;
    total = (total + Size(step.packed_size)).RoundedUp();
    if (constant->scale != nullptr && constant->size > scaled_size.value()) {
      scaled_size = Size(constant->size);
    }
  }
  if (total.value() == 0) return;
  packed_ = Allocated(total.value());
  UseBigPages(packed_.get(), total.value());
  bytes_ += total.value() * kFloatBytes;
  const Floats scaled = Allocated(scaled_size.value());
  float* to = packed_.get();
  for (Step& step : steps_) {
    const Constant* constant = constant_of(step);
    if (constant == nullptr) continue;
    const float* weights = constant->data;
    if (constant->scale != nullptr) {
      CopyConstant(*constant, scaled.get(), threads_);
      weights = scaled.get();
    }
    const Ref& ref = refs_[step.first_ref + step.packs];
    PackWeights(*step.kernel, &step.geometry, weights + ref.offset + ref.start,
                to, step.packed_size, threads_);
    step.packed = to;
    to += Size(step.packed_size).RoundedUp().value();
  }
}

// Copies the constants that some step reads as they are.
void Plan::KeepConstants(const PlanSpec& spec) {
  for (const Step& step : steps_) {
    for (int32_t i = 0; i < step.in_count; ++i) {
      const Ref& ref = refs_[step.first_ref + i];
      if (ref.space != Space::kConstant || i == step.packs) continue;
      Floats& kept = constants_[ref.index];
      if (kept != nullptr) continue;
      const Constant& constant = spec.constants[ref.index];
      kept = Allocated(constant.size);
      CopyConstant(constant, kept.get(), threads_);
      bytes_ += constant.size * kFloatBytes;
    }
  }
}

// Weighs the steps, and decides how they take batches.
void Plan::Divide(const PlanSpec& spec) {
  std::vector<Footprint> footprints;
  for (const Step& step : steps_) {
    const int64_t items = step.kernel->items(&step.geometry, step.repeat);
    Footprint print = {step.first_ref,  step.in_count, step.out_count, 0, 0, 0,
                       !step.per_sample};
    print.cycles = (Size(step.item_cost) * items).value();
    if (step.packs >= 0 && step.packed == nullptr) print.together = true;
    for (int32_t i = 0; i < step.in_count + step.out_count; ++i) {
      const Ref& ref = refs_[step.first_ref + i];
      const int64_t bytes = ref.size * kFloatBytes;
      if (ref.per_sample) {
        print.sample_bytes += bytes;
      } else if (i >= step.in_count) {
        print.together = true;
      } else {
        print.weight_bytes += bytes;
      }
    }
    footprints.push_back(print);
  }
  for (int64_t most = 1; most <= kMostSamples; most *= 2) {
    partitions_.push_back(
        PartitionOf(footprints, refs_, most, most * threads_));
  }
}

void Plan::Join(const PlanSpec& spec) {
  for (size_t i = 0; i < steps_.size(); ++i) {
    const int64_t count = steps_[i].together;
    if (count < 2) continue;
    StripStep list[kMostTogether];
    bool fits = count <= kMostTogether && i + count <= steps_.size();
    int64_t refs = 0;
    for (int64_t k = 0; fits && k < count; ++k) {
      const Step& step = steps_[i + k];
      const OpIndex op = spec.steps[i + k].op;
      // What is packed in each run, or not in rows, is taken step by step.
      fits = (op == kConv2d || op == kDepthwise2d) && step.packed != nullptr &&
             step.per_sample && !step.apart && step.repeat == 1 &&
             step.in_count <= kMostStripInputs &&
             (k == 0 || Strips::Follows(&step.geometry, list[k - 1].geometry));
      list[k] = {step.kernel, &step.geometry, {}};
      refs += step.in_count + step.out_count;
    }
    if (!fits) continue;
    const Strips strips(list, static_cast<int>(count));
    if (strips.items() < 2) continue;
    const int64_t floats = Size(strips.scratch_size()).RoundedUp().value();
    if (floats < 0) continue;
    scratch_ = std::max(scratch_, floats);
    pointers_ = std::max(pointers_, refs);
    steps_[i].strips = static_cast<int64_t>(strips_.size());
    strips_.push_back(strips);
  }
}

const Partition* Plan::PartitionFor(int64_t batch) const {
  const int64_t most = std::min(batch / threads_, kMostSamples);
  if (batch < 2 || most < 1 || partitions_.empty()) return nullptr;
  size_t number = 0;
  while (int64_t{2} << number <= most) ++number;
  const Partition& found = partitions_[number];
  return found.most > 0 ? &found : nullptr;
}

int Plan::Width(int64_t batch) const {
  const Partition* partition = PartitionFor(batch);
  int width = 1;
  if (partition != nullptr) {
    for (const Segment& segment : partition->segments) {
      if (segment.samples == 0) continue;
      width = std::max(width, UsefulThreads(batch, segment.cycles, threads_));
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
  const Size group = partition == nullptr
                         ? Size(0)
                         : Size(sample_arena_ * partition->most).RoundedUp();
  layout.group = group.value();
  layout.groups = place(group * threads_);
  layout.shared = place(Size(shared_arena_));
  layout.packing = place(Size(packing_));
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
  const Frame whole = {
      0,
      batch,
      nullptr,
      reinterpret_cast<float**>(call.memory + call.layout.pointers),
      call.memory + call.layout.scratch,
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
    const int64_t together = steps_[i].together;
    if (steps_[i].strips >= 0 && i + together <= end) {
      RunTogether(i, call, frame);
      i += together - 1;
      continue;
    }
    Clock::time_point start;
    if (call.times != nullptr) start = Clock::now();
    Resolve(steps_[i], call, frame);
    RunStep(steps_[i], call, frame);
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
      region.groups,
      std::max<int64_t>(segment.cycles * samples / region.groups, 1), threads_,
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
      case Space::kSample:
        if (frame.arena != nullptr && call.partition->local[number]) {
          pointer = frame.arena + frame.count * ref.offset + ref.start;
        } else {
          pointer =
              call.memory + call.layout.sample + call.batch * ref.offset + at;
        }
        break;
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
          batch};
}

void Plan::RunStep(const Step& step, const Call& call,
                   const Frame& frame) const {
  float** const pointers = frame.pointers;
  const int64_t* strides = strides_.data() + step.first_ref;
  const bool packs_now = step.packs >= 0 && step.packed == nullptr;
  // Where every sample has its own weights, samples are taken one by one.
  const bool own_weights = packs_now && strides[step.packs] != 0;
  const bool one_by_one = own_weights || step.apart;
  float* const packing = call.memory + call.layout.packing;
  const int64_t items = frame.count * step.repeat;
  const StepArgs args = ArgsOf(step, pointers, packs_now ? packing : step.packed,
                               step.per_sample && !one_by_one ? items : 1);
  Region region = {step.kernel, &step.geometry, &args, frame.scratch, scratch_};
  for (int64_t s = 0; s < (one_by_one ? items : 1); ++s) {
    if (packs_now && (s == 0 || own_weights)) {
      PackWeights(*step.kernel, &step.geometry, pointers[step.packs], packing,
                  step.packed_size, frame.threads);
    }
    ParallelFor(
        step.kernel->items(&step.geometry, args.batch), step.item_cost,
        frame.threads,
        [](void* context, int worker, int64_t from, int64_t to) {
          const Region& r = *static_cast<const Region*>(context);
          r.kernel->run(r.geometry, *r.args, from, to,
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
  ParallelFor(
      frame.count * strips.items(), strips.item_cost(), frame.threads,
      [](void* context, int worker, int64_t from, int64_t to) {
        const Job& j = *static_cast<const Job*>(context);
        j.strips.Run(from, to, j.scratch + worker * j.scratch_stride,
                     j.times == nullptr
                         ? nullptr
                         : j.times + worker * j.strips.count());
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
