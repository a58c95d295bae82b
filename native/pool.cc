#include "pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <thread>

#if !defined(_WIN32)
#include <pthread.h>
#endif

#include "cpu.h"

namespace neocog {
namespace {

// Waking a sleeping thread takes 10 to 35 us until it computes (40,000 to
// 140,000 cycles), reaching a spinning one about 1 us. Each helper must be
// worth that.
constexpr int64_t kAsleepCost = 50'000;
constexpr int64_t kAwakeCost = 8'000;
// Taking items must cost nothing beside computing them.
constexpr int64_t kGrainCost = 4'000;
// A thread that is interrupted must not keep others waiting for long.
constexpr int64_t kPieceCost = 1'000'000;
// Longer than the serial gaps inside a run, so that a run never sleeps.
constexpr auto kSpinTime = std::chrono::microseconds(50);

// A fraction of what people notice, and a thousand times what asking takes.
constexpr auto kTurn = std::chrono::microseconds(250);

thread_local bool in_background = false;

int HelpersWorth(int64_t items, int64_t item_cost, int threads,
                 int64_t per_thread) {
  int64_t cost;
  if (__builtin_mul_overflow(items, item_cost, &cost)) cost = INT64_MAX;
  const int64_t limit = std::min<int64_t>({threads, items, cost / per_thread});
  return static_cast<int>(std::max<int64_t>(limit, 1)) - 1;
}

// Spins until `done`, for at most kSpinTime; answers whether it was done.
template <typename Done>
bool SpinUntil(Done done) {
  const auto end = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      SpinPause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

class Pool {
 public:
  // Answers false, having done nothing, where the region should run alone.
  bool Run(int64_t items, int64_t item_cost, int threads, RangeFn fn,
           void* context);

 private:
  void Work(int number);
  void TakeItems(int worker, int home);
  bool Take(int part, bool home, uint64_t* begin, uint64_t* end);
  void Grow(int helpers);
  void WaitForHelpers(uint32_t helpers);

  // One region at a time. A helper may read its fields between joining it (an
  // acquiring exchange of gate_) and leaving it (a releasing add to left_).
  std::atomic<bool> busy_{false};
  RangeFn fn_ = nullptr;
  void* context_ = nullptr;
  int64_t items_ = 0;
  int64_t unit_ = 1;    // items that are taken together, so that 32 bits do
  uint64_t grain_ = 1;  // units of a piece, at least
  uint64_t most_ = 1;   // and at most
  int takers_ = 1;
  int processor_ = -1;  // of the caller
  bool background_ = false;

  // What is left of each part of the region: units, the end in the high half.
  struct alignas(64) Part {
    std::atomic<uint64_t> left{0};
  };
  Part parts_[kMaxThreads];

  // High half: number of the region, so that nobody joins a later one by
  // mistake. Low half: helpers that may still join.
  std::atomic<uint64_t> gate_{0};
  std::atomic<uint32_t> left_{0};

  // Sleeping.
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::atomic<int> sleepers_{0};
  std::atomic<bool> caller_sleeps_{false};

  // Changed by the caller that holds busy_.
  std::atomic<int> size_{0};
  bool full_ = false;  // the system refused a thread
};

constexpr uint64_t kPlaces = UINT32_MAX;

bool Pool::Run(int64_t items, int64_t item_cost, int threads, RangeFn fn,
               void* context) {
  const bool awake = size_.load(std::memory_order_relaxed) >
                     sleepers_.load(std::memory_order_relaxed);
  int helpers =
      HelpersWorth(items, item_cost, threads, awake ? kAwakeCost : kAsleepCost);
  if (helpers == 0 || busy_.exchange(true, std::memory_order_acquire)) {
    return false;
  }
  Grow(helpers);
  helpers = std::min(helpers, size_.load(std::memory_order_relaxed));
  if (helpers > 0) {
    fn_ = fn;
    context_ = context;
    items_ = items;
    unit_ = items / UINT32_MAX + 1;
    const int64_t cost = std::max<int64_t>(item_cost, 1);
    grain_ = static_cast<uint64_t>(std::max<int64_t>(kGrainCost / cost, 1));
    most_ = static_cast<uint64_t>(std::max<int64_t>(kPieceCost / cost, 1));
    takers_ = helpers + 1;
    processor_ = CurrentProcessor();
    background_ = in_background;
    const uint64_t units = static_cast<uint64_t>((items + unit_ - 1) / unit_);
    const uint64_t takers = static_cast<uint64_t>(takers_);
    for (uint64_t i = 0; i < takers; ++i) {
      parts_[i].left.store(units * (i + 1) / takers << 32 | units * i / takers,
                           std::memory_order_relaxed);
    }
    left_.store(0, std::memory_order_relaxed);
    const uint64_t region = (gate_.load(std::memory_order_relaxed) >> 32) + 1;
    gate_.store(region << 32 | static_cast<uint32_t>(helpers));
    // A worker counts itself as a sleeper before it looks at the gate for the
    // last time, and this looks at the count after opening the gate.
    const int sleepers = std::min(sleepers_.load(), helpers);
    if (sleepers > 0) {
      { std::lock_guard<std::mutex> lock(mutex_); }
      for (int i = 0; i < sleepers; ++i) wake_.notify_one();
    }
    TakeItems(0, 0);
    const uint64_t closed = gate_.fetch_and(~kPlaces);
    WaitForHelpers(helpers - static_cast<uint32_t>(closed & kPlaces));
  }
  busy_.store(false, std::memory_order_release);
  return helpers > 0;
}

void Pool::Grow(int helpers) {
  int size = size_.load(std::memory_order_relaxed);
  for (; size < helpers && !full_; ++size) {
    try {
      std::thread(&Pool::Work, this, size + 1).detach();
    } catch (const std::exception&) {  // no thread, or no memory for one
      full_ = true;
      break;
    }
    size_.store(size + 1, std::memory_order_relaxed);
  }
}

// Large pieces first, from the beginning of a part where a worker is at home,
// and from the end where it helps others.
bool Pool::Take(int part, bool home, uint64_t* begin, uint64_t* end) {
  std::atomic<uint64_t>& left = parts_[part].left;
  uint64_t now = left.load(std::memory_order_relaxed);
  for (;;) {
    *begin = now & UINT32_MAX;
    *end = now >> 32;
    const uint64_t units = *end - *begin;
    if (units == 0) return false;
    const uint64_t share = home ? units - units / 4 : units / 2;
    const uint64_t piece = std::min({std::max(share, grain_), units, most_});
    uint64_t rest;
    if (home) {
      *end = *begin + piece;
      rest = now >> 32 << 32 | *end;
    } else {
      *begin = *end - piece;
      rest = *begin << 32 | (now & UINT32_MAX);
    }
    if (left.compare_exchange_weak(now, rest, std::memory_order_relaxed)) {
      return true;
    }
  }
}

void Pool::TakeItems(int worker, int home) {
  for (int i = 0; i < takers_; ++i) {
    const int part = (home + i) % takers_;
    uint64_t begin, end;
    while (Take(part, i == 0, &begin, &end)) {
      fn_(context_, worker, static_cast<int64_t>(begin) * unit_,
          std::min(static_cast<int64_t>(end) * unit_, items_));
      GiveWay();
    }
  }
}

void Pool::WaitForHelpers(uint32_t helpers) {
  const auto done = [&] { return left_.load() == helpers; };
  if (SpinUntil(done)) return;
  std::unique_lock<std::mutex> lock(mutex_);
  caller_sleeps_.store(true);
  done_.wait(lock, done);
  caller_sleeps_.store(false);
}

void Pool::Work(int number) {
  const FlushDenormals flush;
  const auto open = [&] { return (gate_.load() & kPlaces) != 0; };
  for (;;) {
    uint64_t gate = gate_.load();
    while ((gate & kPlaces) != 0) {
      if (!gate_.compare_exchange_weak(gate, gate - 1)) continue;
      if (processor_ >= 0 && processor_ == CurrentProcessor()) {
        LeaveProcessor(processor_);
      }
      in_background = background_;
      // The same part in every region: the rows of an image that it wrote in
      // one step it reads in the next, from its own cache.
      const int worker = static_cast<int>(gate & kPlaces);
      TakeItems(worker, number < takers_ ? number : worker);
      left_.fetch_add(1);
      if (caller_sleeps_.load()) {
        { std::lock_guard<std::mutex> lock(mutex_); }
        done_.notify_one();
      }
      gate = gate_.load();
    }
    if (SpinUntil(open)) continue;
    std::unique_lock<std::mutex> lock(mutex_);
    sleepers_.fetch_add(1);
    // Woken too late for a region, it spins for the next.
    if (!open()) wake_.wait(lock);
    sleepers_.fetch_sub(1);
  }
}

std::atomic<Pool*> pool{nullptr};

#if !defined(_WIN32)
// A child of a bare fork() has none of the threads, and maybe a locked mutex:
// it starts anew.
[[maybe_unused]] const int at_fork =
    pthread_atfork(nullptr, nullptr, [] { pool.store(nullptr); });
#endif

Pool* ThePool() {
  Pool* found = pool.load(std::memory_order_acquire);
  if (found != nullptr) return found;
  Pool* made = new (std::nothrow) Pool;
  if (pool.compare_exchange_strong(found, made)) return made;
  delete made;
  return found;
}

}  // namespace

Background::Background(bool given) : before_(in_background) {
  in_background = given;
}

Background::~Background() { in_background = before_; }

void GiveWay() {
  thread_local std::chrono::steady_clock::time_point last;
  if (!in_background) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last < kTurn) return;
  std::this_thread::yield();
  last = now;
}

int UsefulThreads(int64_t items, int64_t item_cost, int threads) {
  return HelpersWorth(items, item_cost, threads, kAsleepCost) + 1;
}

void ParallelFor(int64_t items, int64_t item_cost, int threads, RangeFn fn,
                 void* context) {
  if (threads > 1 && items > 1) {
    Pool* found = ThePool();
    if (found != nullptr &&
        found->Run(items, item_cost, threads, fn, context)) {
      return;
    }
  }
  fn(context, 0, 0, items);
}

}  // namespace neocog
