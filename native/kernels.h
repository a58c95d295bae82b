// The contract between the plan and the kernels. Each ISA's object exports one
// KernelTable and nothing else.
#ifndef NEOCOG_KERNELS_H_
#define NEOCOG_KERNELS_H_

#include <stdint.h>

#include "ops.h"

namespace neocog {

// Memory of one step. A sample value of sample s starts at in[i] + s *
// in_stride[i]; a shared one has stride 0. Where a pitch is not 0, the value is
// a part of a bigger one: its rows are so many floats apart, also from the last
// row of a sample to the first of the next. Only what the op in TypeScript
// names as `pitched` has one; all other samples lie together unless the batch
// is 1.
struct StepArgs {
  const float* const* in;
  const int64_t* in_size;    // floats per sample, or in all where shared
  const int64_t* in_stride;  // floats between samples, or 0 where shared
  const int64_t* in_pitch;
  int32_t in_count;
  float* const* out;
  const int64_t* out_size;
  const int64_t* out_stride;
  const int64_t* out_pitch;
  int32_t out_count;
  const float* packed;  // what `pack` wrote, aligned to 64 bytes
  int64_t batch;
  // A number of the calling thread for what its scratch still holds from its
  // last call within this step: -1 before the first. Null: nothing is held.
  int64_t* held;
};

// Everything the plan needs to know of one op. `g` points to the op's struct of
// ops.h. Entries may be null where nothing is to be done. No entry allocates,
// throws, or knows threads: the work of a step is `items` independent units, a
// function of shapes alone, which any thread may run in any order with the same
// bits as result.
struct OpKernel {
  int64_t (*packed_size)(const void* g);  // floats of packed weights
  int64_t (*pack_items)(const void* g);
  void (*pack)(const void* g, const float* weights, float* packed,
               int64_t begin, int64_t end);
  int64_t (*items)(const void* g, int64_t batch);
  int64_t (*item_cost)(const void* g);     // rough CPU cycles of one item
  int64_t (*scratch_size)(const void* g);  // floats per thread, aligned to 64
                                           // bytes, content undefined but
                                           // for what StepArgs.held says
  void (*run)(const void* g, const StepArgs& args, int64_t begin, int64_t end,
              float* scratch);
  // The way back: items of `unpack`, 0 where packing cannot be undone, and what
  // `pack` was given, bit for bit.
  int64_t (*unpack_items)(const void* g) = nullptr;
  void (*unpack)(const void* g, const float* packed, float* weights,
                 int64_t begin, int64_t end) = nullptr;
};

struct KernelTable {
  const char* isa;
  OpKernel ops[kOpCount];
  // Runs `rounds` rounds of independent fused multiply-adds in registers;
  // returns the floating-point operations. `sink` keeps the result alive.
  int64_t (*peak)(int64_t rounds, float* sink);
};

static_assert(sizeof(void*) == 8, "kernels are for 64-bit targets");

extern const KernelTable kScalarTable;
extern const KernelTable kNeonTable;
extern const KernelTable kAvx2Table;
extern const KernelTable kAvx512Table;

}  // namespace neocog

#endif  // NEOCOG_KERNELS_H_
