#include "memory.h"

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace neocog {

void UseBigPages(float* floats, int64_t count) {
#if defined(__linux__)
  constexpr uintptr_t kPage = uintptr_t{1} << 21;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(floats);
  const uintptr_t end = begin + static_cast<uintptr_t>(count) * sizeof(float);
  const uintptr_t first = (begin + kPage - 1) / kPage * kPage;
  // A refusal costs time only.
  if (end > first) {
    (void)madvise(reinterpret_cast<void*>(first), (end - first) / kPage * kPage,
                  MADV_HUGEPAGE);
  }
#else
  (void)floats;
  (void)count;
#endif
}

bool GiveBackPages(float* floats, int64_t count) {
#if defined(__linux__)
  const long size = sysconf(_SC_PAGESIZE);
  if (size <= 0) return false;
  const uintptr_t page = static_cast<uintptr_t>(size);
  const uintptr_t begin = reinterpret_cast<uintptr_t>(floats);
  const uintptr_t end = begin + static_cast<uintptr_t>(count) * sizeof(float);
  const uintptr_t first = (begin + page - 1) / page * page;
  const uintptr_t last = end / page * page;
  return last > first && madvise(reinterpret_cast<void*>(first), last - first,
                                 MADV_DONTNEED) == 0;
#else
  // Elsewhere the advice means something else, or does not exist.
  (void)floats;
  (void)count;
  return false;
#endif
}

Lender::~Lender() {
  while (first_ != nullptr) {
    Block* block = first_;
    first_ = block->next;
    Free(block);
  }
}

Lender::Block* Lender::Borrow(int64_t count) {
  if (count < 0) return nullptr;
  Block* block;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    block = first_;
    if (block != nullptr) {
      first_ = block->next;
      --waiting_;
      waiting_bytes_ -= BytesOf(block->capacity);
    }
  }
  if (block != nullptr && block->capacity >= count) return block;
  if (block != nullptr) Free(block);
  constexpr int64_t kHead = sizeof(Block) / sizeof(float);
  Floats floats = AllocateFloats((Size(kHead) + Size(count)).value());
  if (floats == nullptr) return nullptr;
  bytes_ += BytesOf(count);
  return new (floats.release()) Block{nullptr, count};
}

void Lender::GiveBack(Block* block) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const int64_t bytes = waiting_bytes_ + BytesOf(block->capacity);
    if (waiting_ < kept_ || bytes <= kept_bytes_) {
      ++waiting_;
      waiting_bytes_ = bytes;
      block->next = first_;
      first_ = block;
      return;
    }
  }
  Free(block);
}

void Lender::Free(Block* block) {
  bytes_ -= BytesOf(block->capacity);
  ::operator delete(block, kAlignment);
}

}  // namespace neocog
