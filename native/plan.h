// A plan made ready: steps with their geometry, packed weights, memory for its
// runs. Knows no JavaScript.
#ifndef NEOCOG_PLAN_H_
#define NEOCOG_PLAN_H_

#include <stdint.h>

#include <atomic>
#include <string>
#include <vector>

#include "kernels.h"
#include "memory.h"
#include "packing.h"
#include "refs.h"
#include "segments.h"
#include "strips.h"

namespace neocog {

#define NEOCOG_GEOMETRY_MEMBER(Struct, id, INTS, FLOATS, packs) Struct id;
union Geometry {
  NEOCOG_OPS(NEOCOG_GEOMETRY_MEMBER)
};
#undef NEOCOG_GEOMETRY_MEMBER

struct StepSpec {
  OpIndex op;
  std::string name;  // for messages
  Geometry geometry;
  int64_t repeat = 1;    // items per sample; refs hold all of them
  int64_t together = 1;  // steps from this one on that may share strips
  std::vector<Ref> inputs;
  std::vector<Ref> outputs;
};

struct Port {
  int64_t size;
  bool per_sample;
};

struct PlanSpec {
  std::vector<StepSpec> steps;
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  std::vector<Constant> constants;
  int64_t sample_arena = 0;
  int64_t shared_arena = 0;
};

enum class Status { kOk, kCancelled, kOutOfMemory };

// Immutable once made; any number of threads may run it at the same time.
class Plan {
 public:
  // Reads the constants and keeps no pointer to them. Throws std::bad_alloc,
  // and std::invalid_argument where a step reaches outside its memory.
  Plan(const PlanSpec& spec, const KernelTable& table, int threads);
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  const std::vector<Port>& inputs() const { return inputs_; }
  const std::vector<Port>& outputs() const { return outputs_; }
  int threads() const { return threads_; }

  // Floats of a port for a batch, or -1 on overflow.
  static int64_t SizeOf(const Port& port, int64_t batch) {
    return (Size(port.size) * (port.per_sample ? batch : 1)).value();
  }

  // Writes nothing to the outputs where memory is short. `cancelled`, which may
  // be null, is looked at before each step. `times`, which may be null, gets
  // the milliseconds of each step.
  Status Run(int64_t batch, const float* const* inputs, float* const* outputs,
             const std::atomic<bool>* cancelled, double* times = nullptr);

  size_t steps() const { return steps_.size(); }

  // Floats of a constant that can be unpacked, or -1 where no step has it whole
  // in a packed form that can be undone.
  int64_t UnpackedSize(int64_t constant) const;
  // Writes the numbers of such a constant, bit for bit those that it had.
  void Unpack(int64_t constant, float* to) const;

  // How many threads a run keeps busy where it is widest.
  int Width(int64_t batch) const;

  // Bytes of packed weights and constants, and those with the memory of runs.
  int64_t bytes() const { return bytes_; }
  int64_t total_bytes() const {
    return bytes_ + arenas_.bytes() + copies_.bytes();
  }

  // Where callers keep copies of inputs and outputs.
  Lender& copies() { return copies_; }

 private:
  struct Step {
    const OpKernel* kernel;
    Geometry geometry;
    int64_t repeat;    // items per sample
    int64_t together;  // steps from this one on that may run in strips
    int64_t strips;    // number of those that begin here, or -1
    int64_t item_cost;
    size_t first_ref;  // its inputs, then its outputs
    int32_t in_count;
    int32_t out_count;
    bool per_sample;  // has any sample value
    // Its samples are taken one by one: a kernel expects them to lie together,
    // and some value is a part of a bigger one.
    bool apart;
    int32_t packs;  // the input that is packed, or -1
    int64_t packed_size;
    // The packed constant; null where there is none, or each run packs.
    const float* packed;
    // Its number, where packing it can be undone, or -1.
    int64_t undone;
  };
  struct Layout;
  struct Call;
  struct Frame;

  void AddStep(const PlanSpec& spec, const StepSpec& step,
               const KernelTable& table);
  void PackConstants(const PlanSpec& spec);
  void KeepConstants(const PlanSpec& spec);
  // Plans strips.
  void Join(const PlanSpec& spec);
  void Divide();
  const Step* Unpacker(int64_t constant) const;
  // How the steps take a batch; null: step by step.
  const Partition* PartitionFor(int64_t batch) const;
  Layout LayoutOf(int64_t batch, const Partition* partition) const;
  // Writes where the step's inputs and outputs lie.
  void Resolve(const Step& step, const Call& call, const Frame& frame) const;
  StepArgs ArgsOf(const Step& step, float* const* pointers, const float* packed,
                  int64_t batch) const;
  void RunStep(const Step& step, const Frame& frame) const;
  // Steps from `first` on, in strips.
  void RunTogether(size_t first, const Call& call, const Frame& frame) const;
  void RunSteps(size_t begin, size_t end, const Call& call,
                const Frame& frame) const;
  // Groups of samples, each on one thread.
  void RunGroups(const Segment& segment, const Call& call) const;

  int threads_;
  std::vector<Step> steps_;
  std::vector<Strips> strips_;
  // One entry for each input and output of each step.
  std::vector<Ref> refs_;
  std::vector<int64_t> sizes_;
  std::vector<int64_t> strides_;
  std::vector<int64_t> pitches_;
  std::vector<Port> inputs_;
  std::vector<Port> outputs_;
  // For groups of up to 1, 2, 4, ... samples.
  std::vector<Partition> partitions_;
  std::vector<Floats> constants_;  // null where only packed ones are read
  Floats packed_;                  // of all steps
  int64_t bytes_ = 0;

  int64_t sample_arena_;
  int64_t shared_arena_;
  int64_t scratch_ = 0;   // of one thread
  int64_t packing_ = 0;   // of weights that are packed in a run
  int64_t pointers_ = 0;  // of the step with the most

  Lender arenas_;
  Lender copies_;
};

}  // namespace neocog

#endif  // NEOCOG_PLAN_H_
