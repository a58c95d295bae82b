// Runs whole tasks off the event loop, on threads of our own: libuv's four are
// for files, names and crypto. First come, first served.
#ifndef NEOCOG_EXECUTOR_H_
#define NEOCOG_EXECUTOR_H_

namespace neocog {

class Task {
 public:
  virtual ~Task() = default;
  // Called once, on some thread, and may delete the task. Does not throw.
  virtual void Execute() = 0;

  // The task computes on about `width` threads at once, and waits while it and
  // the tasks under way would need more than `limit`.
  int width = 1;
  int limit = 1;

 private:
  friend class Executor;
  Task* previous_ = nullptr;
  Task* next_ = nullptr;
  bool queued_ = false;
};

// The task must live until it has been executed or withdrawn. Where no thread
// can be made, it is executed before this returns.
void Submit(Task* task);

// Takes a task back that has not begun; answers whether that worked.
bool Withdraw(Task* task);

}  // namespace neocog

#endif  // NEOCOG_EXECUTOR_H_
