#include "plan.h"

#include <algorithm>
#include <stdexcept>

#include "packing.h"
#include "pool.h"

namespace neocog {
namespace {

#define NEOCOG_PACKS(Struct, id, INTS, FLOATS, packs) packs,
constexpr int32_t kPacks[] = {NEOCOG_OPS(NEOCOG_PACKS)};
#undef NEOCOG_PACKS

constexpr int64_t kFloatBytes = sizeof(float);
// For predictions that wait: the event loop copies their inputs, four times as
// long where the memory is fresh.
constexpr int64_t kKeptCopies = int64_t{16} << 20;

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
  if (!ref.per_sample) {
    if (ref.pitch != 0) Misfit(step, "expected rows apart in samples only");
    return;
  }
  // Its rows, or items, have places of equal size.
  const int64_t parts = ref.pitch > 0 ? ref.stride / ref.pitch : step.repeat;
  if (parts < 1 || parts % step.repeat > 0 || ref.stride % parts > 0 ||
      ref.size % parts > 0 ||
      ref.start + ref.size / parts > ref.stride / parts) {
    Misfit(step, "expected samples of whole items, each within its place");
  }
}

// Throws unless the convolution's algorithm is one that there is, for a window
// that it can take: the size of the packed weights follows from it.
void CheckAlgorithm(const StepSpec& step) {
  if (step.op != kConv2d || step.geometry.conv2d.winograd == 0) return;
  const Conv2d& g = step.geometry.conv2d;
  if ((g.winograd != 2 && g.winograd != 4) || g.kh != 3 || g.kw != 3 ||
      g.sh != 1 || g.sw != 1 || g.dh != 1 || g.dw != 1 || g.groups != 1) {
    Misfit(step, "expected winograd to be 0, or 2 or 4 with a window of 3x3");
  }
}

Floats Allocated(int64_t count) {
  Floats floats = AllocateFloats(count);
  if (floats == nullptr) throw std::bad_alloc();
  return floats;
}

}  // namespace

Plan::Plan(const PlanSpec& spec, const KernelTable& table, int threads)
    : threads_(std::clamp(threads, 1, kMaxThreads)),
      inputs_(spec.inputs),
      outputs_(spec.outputs),
      constants_(spec.constants.size()),
      sample_arena_(spec.sample_arena),
      shared_arena_(spec.shared_arena),
      arenas_(threads_ + 1),
      copies_(threads_ + 1, kKeptCopies) {
  steps_.reserve(spec.steps.size());
  for (const StepSpec& step : spec.steps) AddStep(spec, step, table);
  PackConstants(spec);
  KeepConstants(spec);
  Join(spec);
  if (steps_.size() > 1) Divide();
}

void Plan::AddStep(const PlanSpec& spec, const StepSpec& from,
                   const KernelTable& table) {
  CheckAlgorithm(from);
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
  step.undone = -1;
  const int32_t packs = kPacks[from.op];
  if (packs >= 0 && kernel.packed_size != nullptr) {
    if (packs >= step.in_count) Misfit(from, "expected weights");
    step.packed_size = kernel.packed_size(&step.geometry);
  }
  if (step.packed_size > 0) {
    step.packs = packs;
    const Ref& weights = from.inputs[packs];
    if (weights.space != Space::kConstant) {
      const int64_t floats = Size(step.packed_size).RoundedUp().value();
      if (floats < 0) throw std::bad_alloc();
      packing_ = std::max(packing_, floats);
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
    const bool whole = constant->scale == nullptr &&
                       ref.offset + ref.start == 0 &&
                       ref.size == constant->size && step.repeat == 1;
    const auto unpack_items = step.kernel->unpack_items;
    if (whole && unpack_items != nullptr && unpack_items(&step.geometry) > 0) {
      step.undone = ref.index;
    }
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
      const bool ready =
          op == kMaxPool2d ||
          ((op == kConv2d || op == kDepthwise2d) && step.packed != nullptr);
      fits = ready && step.per_sample && !step.apart && step.repeat == 1 &&
             step.in_count <= kMostStripInputs &&
             (k == 0 || Strips::Follows(&step.geometry, list[k - 1].geometry));
      list[k] = {step.kernel, &step.geometry, {}};
      refs += step.in_count + step.out_count;
    }
    if (!fits) continue;
    const Strips strips(list, static_cast<int>(count), threads_);
    if (strips.items() < 2) continue;
    const int64_t floats = Size(strips.scratch_size()).RoundedUp().value();
    if (floats < 0) continue;
    scratch_ = std::max(scratch_, floats);
    pointers_ = std::max(pointers_, refs);
    steps_[i].strips = static_cast<int64_t>(strips_.size());
    strips_.push_back(strips);
  }
}

const Plan::Step* Plan::Unpacker(int64_t constant) const {
  for (const Step& step : steps_) {
    if (step.undone == constant && constant >= 0) return &step;
  }
  return nullptr;
}

int64_t Plan::UnpackedSize(int64_t constant) const {
  const Step* step = Unpacker(constant);
  return step == nullptr ? -1 : refs_[step->first_ref + step->packs].size;
}

void Plan::Unpack(int64_t constant, float* to) const {
  const Step* step = Unpacker(constant);
  if (step == nullptr) return;
  UnpackWeights(*step->kernel, &step->geometry, step->packed, to,
                step->packed_size, threads_);
}

// Weighs the steps, and decides how they take batches.
void Plan::Divide() {
  std::vector<Footprint> footprints;
  for (const Step& step : steps_) {
    const int64_t items = step.kernel->items(&step.geometry, step.repeat);
    const size_t number = footprints.size();
    Footprint print = {
        step.first_ref, step.in_count,    step.out_count, 0,     0,
        Size(0),        !step.per_sample, number,         number};
    print.cycles = Size(step.item_cost) * items;
    if (step.packs >= 0 && step.packed == nullptr &&
        !refs_[step.first_ref + step.packs].per_sample) {
      print.together = true;
    }
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
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].strips < 0) continue;
    const size_t last = i + static_cast<size_t>(steps_[i].together) - 1;
    for (size_t k = i; k <= last; ++k) {
      footprints[k].first_beside = i;
      footprints[k].last_beside = last;
    }
  }
  for (int64_t most = 1; most <= kMostSamples; most *= 2) {
    partitions_.push_back(
        PartitionOf(footprints, refs_, most, most * threads_));
  }
}

}  // namespace neocog
