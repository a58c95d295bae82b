// An array that needs no heap as long as it is short.
#ifndef NEOCOG_FEW_H_
#define NEOCOG_FEW_H_

#include <stddef.h>

#include <memory>

namespace neocog {

template <typename T>
class Few {
 public:
  explicit Few(size_t count)
      : many_(count > kFew ? new T[count] : nullptr),
        items_(many_ ? many_.get() : few_) {}
  T& operator[](size_t i) { return items_[i]; }
  T* data() { return items_; }

 private:
  static constexpr size_t kFew = 8;
  T few_[kFew];
  std::unique_ptr<T[]> many_;
  T* items_;
};

}  // namespace neocog

#endif  // NEOCOG_FEW_H_
