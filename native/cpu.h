// What this CPU and operating system can run, and how a computing thread
// treats denormals. Compiled without ISA flags.
#ifndef NEOCOG_CPU_H_
#define NEOCOG_CPU_H_

#include <stdint.h>

#include "kernels.h"

namespace neocog {

struct Isa {
  const KernelTable* table;
  bool supported;
};

constexpr int kMaxIsas = 3;

struct IsaList {
  Isa items[kMaxIsas];
  int count;
};

// The instruction sets compiled in, best first. `supported` asks the CPU, and
// whether the operating system saves the registers.
const IsaList& Isas();

// While it lives, the thread computes in the default floating-point mode with
// denormals flushed to zero: they cost some 150 cycles each. The destructor
// gives the caller its own mode back, so that JavaScript sees no difference.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  uint64_t saved_;
};

// Which processor this thread runs on; -1 where nobody can tell.
int CurrentProcessor();

// Moves this thread to any other processor that it may use. Some schedulers
// leave two busy threads together for seconds while a processor is idle.
void LeaveProcessor(int processor);

// A pause between two looks at a memory location that another thread changes.
void SpinPause();

}  // namespace neocog

#endif  // NEOCOG_CPU_H_
