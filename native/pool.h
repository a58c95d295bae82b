// The computing threads of this process, shared by all programs and all
// JavaScript threads. They start when first needed and are never joined: they
// outlive every environment and touch nothing that exit() destroys.
#ifndef NEOCOG_POOL_H_
#define NEOCOG_POOL_H_

#include <stdint.h>

namespace neocog {

// Handles the items [begin, end); `worker` is below the thread limit and no two
// calls at the same time share one.
using RangeFn = void (*)(void* context, int worker, int64_t begin, int64_t end);

// More threads than this are never used.
constexpr int kMaxThreads = 256;

// While it lives, the work of this thread, and of those that help it, gives way
// to others if `given`: it is not what the process waits for most.
class Background {
 public:
  explicit Background(bool given);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

 private:
  const bool before_;
};

// Called between pieces of work. The kernel lets a thread that woke up wait for
// the next tick of its clock, 4 ms and more, where all cores compute: in the
// background a thread asks four times a millisecond whether somebody else wants
// its core, such as the event loop.
void GiveWay();

// How many of `threads` a region of `items` is worth, when all of them sleep.
int UsefulThreads(int64_t items, int64_t item_cost, int threads);

// Calls fn over all of [0, items) and returns when all is done. The caller is
// worker 0; up to threads - 1 others help. It works alone where the region is
// small (`item_cost` is in CPU cycles), no thread can be made, or another
// region has the pool. Who computes which items varies, so that items must not
// depend on each other.
void ParallelFor(int64_t items, int64_t item_cost, int threads, RangeFn fn,
                 void* context);

}  // namespace neocog

#endif  // NEOCOG_POOL_H_
