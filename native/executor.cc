#include "executor.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <thread>

#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace neocog {

class Executor {
 public:
  void Submit(Task* task);
  bool Withdraw(Task* task);

 private:
  void Work();
  bool Admissible() const;
  void Unlink(Task* task);
  void Kick();

  std::mutex mutex_;
  std::condition_variable wake_;
  // The queue: a linked list, so that any task can leave it at once.
  Task* first_ = nullptr;
  Task* last_ = nullptr;
  int busy_width_ = 0;  // of the tasks under way
  int idle_ = 0;
  int threads_ = 0;
};

bool Executor::Admissible() const {
  return first_ != nullptr &&
         (busy_width_ == 0 || busy_width_ + first_->width <= first_->limit);
}

void Executor::Unlink(Task* task) {
  (task->previous_ ? task->previous_->next_ : first_) = task->next_;
  (task->next_ ? task->next_->previous_ : last_) = task->previous_;
  task->queued_ = false;
}

// Finds a thread for the first task, where it may begin.
void Executor::Kick() {
  if (!Admissible()) return;
  if (idle_ > 0) {
    wake_.notify_one();
    return;
  }
  try {
    std::thread(&Executor::Work, this).detach();
    ++threads_;
  } catch (const std::exception&) {
    // The threads there are will come to it.
  }
}

void Executor::Submit(Task* task) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    task->previous_ = last_;
    task->next_ = nullptr;
    task->queued_ = true;
    (last_ ? last_->next_ : first_) = task;
    last_ = task;
    Kick();
    if (threads_ > 0) return;
    Unlink(task);
  }
  task->Execute();
}

bool Executor::Withdraw(Task* task) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!task->queued_) return false;
  Unlink(task);
  Kick();  // a wide task at the head may have held back narrow ones
  return true;
}

void Executor::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return Admissible(); });
    --idle_;
    Task* task = first_;
    Unlink(task);
    const int width = task->width;
    busy_width_ += width;
    Kick();
    lock.unlock();
    task->Execute();
    lock.lock();
    busy_width_ -= width;
  }
}

namespace {

std::atomic<Executor*> executor{nullptr};

#if !defined(_WIN32)
// A child of a bare fork() starts anew, see pool.cc.
[[maybe_unused]] const int at_fork =
    pthread_atfork(nullptr, nullptr, [] { executor.store(nullptr); });
#endif

Executor* TheExecutor() {
  Executor* found = executor.load(std::memory_order_acquire);
  if (found != nullptr) return found;
  Executor* made = new (std::nothrow) Executor;
  if (executor.compare_exchange_strong(found, made)) return made;
  delete made;
  return found;
}

}  // namespace

void Submit(Task* task) {
  Executor* found = TheExecutor();
  if (found != nullptr) {
    found->Submit(task);
  } else {
    task->Execute();
  }
}

bool Withdraw(Task* task) {
  Executor* found = TheExecutor();
  return found != nullptr && found->Withdraw(task);
}

}  // namespace neocog
