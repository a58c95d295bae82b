// Makes the whole process believe that its CPU ends at AVX2, so that engines
// which ask the CPU itself can be compared there. Linux on x86-64 lets a thread
// trap `cpuid` (arch_prctl(2), ARCH_CPUID); threads made later inherit that.
// The trap's handler executes the instruction and clears the bits of AVX-512,
// AMX and the AVX forms that came with them.
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { kArchSetCpuid = 0x1012 };

static struct sigaction before;

static long allow_cpuid(int allowed) {
  return syscall(SYS_arch_prctl, kArchSetCpuid, allowed);
}

static void on_trap(int signal, siginfo_t* info, void* context) {
  greg_t* registers = ((ucontext_t*)context)->uc_mcontext.gregs;
  const unsigned char* code = (const unsigned char*)registers[REG_RIP];
  if (code[0] != 0x0f || code[1] != 0xa2) {
    // A true fault: it happens again, under the handler that was there before.
    sigaction(signal, &before, 0);
    return;
  }
  unsigned a = registers[REG_RAX], b, c = registers[REG_RCX], d;
  const unsigned leaf = a, subleaf = c;
  allow_cpuid(1);
  __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  allow_cpuid(0);
  if (leaf == 7 && subleaf == 0) {
    b &= ~(1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 |
           1u << 30 | 1u << 31);
    c &= ~(1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14);
    d &= ~(1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 |
           1u << 25);
  }
  if (leaf == 7 && subleaf == 1) a &= ~(1u << 4 | 1u << 5);
  registers[REG_RAX] = a;
  registers[REG_RBX] = b;
  registers[REG_RCX] = c;
  registers[REG_RDX] = d;
  registers[REG_RIP] += 2;
}

// Node asks a file that it opens as an addon for this name; there is nothing to
// give.
void* napi_register_module_v1(void* env, void* exports) { return exports; }

__attribute__((constructor)) static void start(void) {
  struct sigaction action = {0};
  action.sa_sigaction = on_trap;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &action, &before);
  if (allow_cpuid(0) != 0) sigaction(SIGSEGV, &before, 0);
}
