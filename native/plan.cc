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
  int64_t pointers, sample, shared, packing, scratch, total;
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
}

void Plan::AddStep(const PlanSpec& spec, const StepSpec& from,
                   const KernelTable& table) {
  const OpKernel& kernel = table.ops[from.op];
  Step step = {};
  step.kernel = &kernel;
  step.geometry = from.geometry;
  step.repeat = from.repeat;
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

int Plan::Width(int64_t batch) const {
  int width = 1;
  for (const Step& step : steps_) {
    const int64_t items = step.kernel->items(
        &step.geometry, step.per_sample ? batch * step.repeat : 1);
    width = std::max(width, UsefulThreads(items, step.item_cost, threads_));
  }
  return width;
}

Plan::Layout Plan::LayoutOf(int64_t batch) const {
  Layout layout;
  Size end;
  const auto place = [&](Size floats) {
    const int64_t begin = end.value();
    end = (end + floats).RoundedUp();
    return begin;
  };
  layout.pointers = place(Size(pointers_) * kFloatsPerPointer);
  layout.sample = place(Size(sample_arena_) * batch);
  layout.shared = place(Size(shared_arena_));
  layout.packing = place(Size(packing_));
  layout.scratch = place(Size(scratch_) * threads_);
  layout.total = end.value();
  return layout;
}

Status Plan::Run(int64_t batch, const float* const* inputs,
                 float* const* outputs, const std::atomic<bool>* cancelled,
                 double* times) {
  using Clock = std::chrono::steady_clock;
  const Layout layout = LayoutOf(batch);
  Lender::Block* memory = arenas_.Borrow(layout.total);
  if (memory == nullptr) return Status::kOutOfMemory;
  const FlushDenormals flush;
  Status status = Status::kOk;
  for (const Step& step : steps_) {
    if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) {
      status = Status::kCancelled;
      break;
    }
    Clock::time_point begin;
    if (times != nullptr) begin = Clock::now();
    Resolve(step, layout, batch, inputs, outputs, memory->floats());
    RunStep(step, layout, batch, memory->floats());
    if (times != nullptr) {
      *times++ =
          std::chrono::duration<double, std::milli>(Clock::now() - begin)
              .count();
    }
  }
  arenas_.GiveBack(memory);
  return status;
}

void Plan::Resolve(const Step& step, const Layout& layout, int64_t batch,
                   const float* const* inputs, float* const* outputs,
                   float* memory) const {
  float** const pointers = reinterpret_cast<float**>(memory + layout.pointers);
  const int32_t refs = step.in_count + step.out_count;
  for (int32_t i = 0; i < refs; ++i) {
    const Ref& ref = refs_[step.first_ref + i];
    switch (ref.space) {
      case Space::kInput:
        pointers[i] =
            const_cast<float*>(inputs[ref.index]) + ref.offset + ref.start;
        break;
      case Space::kOutput:
        pointers[i] = outputs[ref.index] + ref.offset + ref.start;
        break;
      case Space::kConstant: {
        float* constant = constants_[ref.index].get();
        pointers[i] =
            constant == nullptr ? nullptr : constant + ref.offset + ref.start;
        break;
      }
      case Space::kSample:
        pointers[i] = memory + layout.sample + batch * ref.offset + ref.start;
        break;
      case Space::kShared:
        pointers[i] = memory + layout.shared + ref.offset + ref.start;
    }
  }
}

void Plan::RunStep(const Step& step, const Layout& layout, int64_t batch,
                   float* memory) const {
  float** const pointers = reinterpret_cast<float**>(memory + layout.pointers);
  const int64_t* sizes = sizes_.data() + step.first_ref;
  const int64_t* strides = strides_.data() + step.first_ref;
  const int64_t* pitches = pitches_.data() + step.first_ref;
  const bool packs_now = step.packs >= 0 && step.packed == nullptr;
  // Where every sample has its own weights, samples are taken one by one.
  const bool own_weights = packs_now && strides[step.packs] != 0;
  const bool one_by_one = own_weights || step.apart;
  float* const packing = memory + layout.packing;
  const int64_t items = batch * step.repeat;
  const StepArgs args = {pointers,
                         sizes,
                         strides,
                         pitches,
                         step.in_count,
                         pointers + step.in_count,
                         sizes + step.in_count,
                         strides + step.in_count,
                         pitches + step.in_count,
                         step.out_count,
                         packs_now ? packing : step.packed,
                         step.per_sample && !one_by_one ? items : 1};
  Region region = {step.kernel, &step.geometry, &args, memory + layout.scratch,
                   scratch_};
  for (int64_t s = 0; s < (one_by_one ? items : 1); ++s) {
    if (packs_now && (s == 0 || own_weights)) {
      PackWeights(*step.kernel, &step.geometry, pointers[step.packs], packing,
                  step.packed_size, threads_);
    }
    ParallelFor(
        step.kernel->items(&step.geometry, args.batch), step.item_cost,
        threads_,
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

}  // namespace neocog
