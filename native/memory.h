// Memory for floats, aligned to cache lines.
#ifndef NEOCOG_MEMORY_H_
#define NEOCOG_MEMORY_H_

#include <stdint.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <new>

namespace neocog {

constexpr std::align_val_t kAlignment{64};
constexpr int64_t kAlignedFloats = 16;

struct FreeFloats {
  void operator()(float* floats) const {
    ::operator delete(floats, kAlignment);
  }
};
using Floats = std::unique_ptr<float[], FreeFloats>;

// Null where memory is short, or `count` is absurd.
inline Floats AllocateFloats(int64_t count) {
  constexpr int64_t kMost = INT64_MAX / 2 / static_cast<int64_t>(sizeof(float));
  if (count < 0 || count > kMost ||
      static_cast<uint64_t>(count) > SIZE_MAX / 2 / sizeof(float)) {
    return nullptr;
  }
  return Floats(static_cast<float*>(::operator new(
      static_cast<size_t>(count) * sizeof(float), kAlignment, std::nothrow)));
}

// Asks for pages of 2 MiB where the system has them: to touch 100 MB in pages
// of 4 KiB takes longer than to fill them.
void UseBigPages(float* floats, int64_t count);

// Gives the memory of these floats back to the system, all but parts of pages:
// they read as 0 until they are written again. False where that cannot be done
// and they are what they were.
bool GiveBackPages(float* floats, int64_t count);

// A sum of sizes that remembers whether it ever overflowed.
class Size {
 public:
  explicit Size(int64_t value = 0) : value_(value), valid_(value >= 0) {}
  Size operator+(Size other) const {
    Size sum;
    sum.valid_ = valid_ && other.valid_ &&
                 !__builtin_add_overflow(value_, other.value_, &sum.value_);
    return sum;
  }
  Size operator*(int64_t factor) const {
    Size product;
    product.valid_ = valid_ && factor >= 0 &&
                     !__builtin_mul_overflow(value_, factor, &product.value_);
    return product;
  }
  // To whole cache lines.
  Size RoundedUp() const {
    Size sum = *this + Size(kAlignedFloats - 1);
    sum.value_ -= sum.value_ % kAlignedFloats;
    return sum;
  }
  // -1 where it overflowed.
  int64_t value() const { return valid_ ? value_ : -1; }

 private:
  int64_t value_;
  bool valid_;
};

// Memory that is lent again and again: fresh memory costs a page fault for
// every 4 KiB, often more than the computation in it.
class Lender {
 public:
  struct alignas(64) Block {
    Block* next;
    int64_t capacity;  // in floats, without this head

    float* floats() { return reinterpret_cast<float*>(this + 1); }
  };

  // `kept` blocks wait here for their next borrower, or more of them as long as
  // they have `kept_bytes` together.
  explicit Lender(int kept, int64_t kept_bytes = 0)
      : kept_(kept), kept_bytes_(kept_bytes) {}
  ~Lender();
  Lender(const Lender&) = delete;
  Lender& operator=(const Lender&) = delete;

  // Null where memory is short, or `count` is negative.
  Block* Borrow(int64_t count);
  void GiveBack(Block* block);

  // Of all blocks, lent or not.
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static int64_t BytesOf(int64_t count) {
    return static_cast<int64_t>(sizeof(Block)) +
           count * static_cast<int64_t>(sizeof(float));
  }
  void Free(Block* block);

  std::mutex mutex_;
  Block* first_ = nullptr;
  const int kept_;
  const int64_t kept_bytes_;
  int waiting_ = 0;
  int64_t waiting_bytes_ = 0;
  std::atomic<int64_t> bytes_{0};
};

}  // namespace neocog

#endif  // NEOCOG_MEMORY_H_
