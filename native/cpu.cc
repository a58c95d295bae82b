#include "cpu.h"

#if defined(__linux__)
#include <sched.h>
#endif

#if defined(__x86_64__) || defined(_M_X64)
#define NEOCOG_X86 1
#include <cpuid.h>
#include <xmmintrin.h>
#elif defined(__aarch64__) || defined(_M_ARM64)
#define NEOCOG_ARM64 1
#endif

namespace neocog {
namespace {

#if defined(NEOCOG_X86)

// The registers that the operating system saves on a context switch: XCR0.
uint64_t SavedState() {
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

struct Features {
  bool avx2;
  bool avx512;
};

Features Detect() {
  constexpr uint32_t kFma = 1u << 12, kOsxsave = 1u << 27, kF16c = 1u << 29;
  constexpr uint32_t kAvx2 = 1u << 5, kAvx512f = 1u << 16;
  constexpr uint64_t kYmmState = 0x06, kZmmState = 0xe6;
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & kOsxsave)) return {};
  const bool fma = (c & kFma) && (c & kF16c);
  const uint64_t saved = SavedState();
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return {};
  const bool avx2 = fma && (b & kAvx2) && (saved & kYmmState) == kYmmState;
  // The AVX-512 object also holds AVX2 and FMA instructions.
  return {avx2, avx2 && (b & kAvx512f) && (saved & kZmmState) == kZmmState};
}

IsaList List() {
  const Features has = Detect();
  return {{{&kAvx512Table, has.avx512},
           {&kAvx2Table, has.avx2},
           {&kScalarTable, true}},
          3};
}

#elif defined(NEOCOG_ARM64)

IsaList List() { return {{{&kNeonTable, true}, {&kScalarTable, true}}, 2}; }

#else

IsaList List() { return {{{&kScalarTable, true}}, 1}; }

#endif

}  // namespace

const IsaList& Isas() {
  static const IsaList list = List();
  return list;
}

#if defined(__linux__)

int CurrentProcessor() { return sched_getcpu(); }

void LeaveProcessor(int processor) {
  cpu_set_t allowed;
  if (processor < 0 || processor >= CPU_SETSIZE ||
      sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
    return;  // or the machine is larger than the set
  }
  cpu_set_t others = allowed;
  CPU_CLR(processor, &others);
  if (CPU_COUNT(&others) == 0) return;
  // The first call moves the thread, the second lets it go where it likes.
  sched_setaffinity(0, sizeof(others), &others);
  sched_setaffinity(0, sizeof(allowed), &allowed);
}

#else

int CurrentProcessor() { return -1; }

void LeaveProcessor(int) {}

#endif

#if defined(NEOCOG_X86)

FlushDenormals::FlushDenormals() : saved_(_mm_getcsr()) {
  // All exceptions masked, rounding to nearest, FTZ (bit 15), DAZ (bit 6).
  _mm_setcsr(0x1f80 | 0x8040);
}

FlushDenormals::~FlushDenormals() { _mm_setcsr(static_cast<uint32_t>(saved_)); }

void SpinPause() { _mm_pause(); }

#elif defined(NEOCOG_ARM64)

FlushDenormals::FlushDenormals() {
  asm volatile("mrs %0, fpcr" : "=r"(saved_));
  asm volatile("msr fpcr, %0" : : "r"(uint64_t{1} << 24));  // FZ alone
}

FlushDenormals::~FlushDenormals() {
  asm volatile("msr fpcr, %0" : : "r"(saved_));
}

void SpinPause() { asm volatile("yield"); }

#else

FlushDenormals::FlushDenormals() : saved_(0) {}

FlushDenormals::~FlushDenormals() { static_cast<void>(saved_); }

void SpinPause() {}

#endif

}  // namespace neocog
