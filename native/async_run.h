// Runs off the event loop: inputs are copied, the executor computes, the result
// comes back to the thread of JavaScript and settles the promise.
#ifndef NEOCOG_ASYNC_RUN_H_
#define NEOCOG_ASYNC_RUN_H_

#include <napi.h>
#include <stdint.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "executor.h"
#include "plan.h"
#include "read_plan.h"

namespace neocog {

class AsyncRun;

// The way back to one environment's thread. A run that ends later than its
// environment finds it closed.
class Channel {
 public:
  void Open(napi_threadsafe_function function);
  void Close() { Open(nullptr); }
  void Send(std::unique_ptr<AsyncRun> run);

 private:
  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;
};

// Number of the program, and the id its user gave the run.
using RunKey = std::pair<uint64_t, int64_t>;

// What one environment (the main thread, a worker) knows; there may be many in
// a process, so that nothing of this is static.
class Environment {
 public:
  explicit Environment(Napi::Env env);

  static Environment& Of(Napi::Env env) {
    return *env.GetInstanceData<Environment>();
  }
  uint64_t NextProgram() { return programs_++; }
  bool IsRunning(const RunKey& key) const { return runs_.count(key) != 0; }
  // Keeps the process alive until the run is settled.
  void Start(Napi::Env env, std::unique_ptr<AsyncRun> run);
  void Cancel(Napi::Env env, const RunKey& key);
  const Napi::FunctionReference& float32_array() const {
    return float32_array_;
  }

 private:
  static void OnMessage(napi_env env, napi_value, void* context, void* data);
  static void OnExit(void* environment);
  void Forget(Napi::Env env, const RunKey& key);

  Napi::FunctionReference float32_array_;
  std::shared_ptr<Channel> channel_;
  napi_threadsafe_function function_ = nullptr;
  std::map<RunKey, AsyncRun*> runs_;  // not settled yet
  uint64_t programs_ = 0;
};

// The inputs of a run: for each port a Float32Array, or a list of those whose
// numbers follow one another.
class Pieces {
 public:
  // Reading lists may run JavaScript, reading the arrays does not: take the
  // spans after that.
  Pieces(Napi::Env env, napi_value list, const std::vector<Port>& ports);

  // In the order of the ports, whose sizes they have.
  const std::vector<Span>& Take(int64_t batch);

 private:
  const Napi::Env env_;
  const std::vector<Port>& ports_;
  std::vector<napi_value> handles_;
  std::vector<size_t> ends_;  // of each port, among the handles
  std::vector<Span> spans_;
};

class AsyncRun : public Task {
 public:
  AsyncRun(std::shared_ptr<Plan> plan, int64_t batch, RunKey key,
           Napi::Env env);
  ~AsyncRun() override;

  // False where memory is short.
  bool CopyInputs(const std::vector<Span>& pieces);
  void Execute() override;
  // On the thread of JavaScript.
  void Settle(Napi::Env env, Status status);
  void Settle(Napi::Env env) { Settle(env, status_); }

  const RunKey& key() const { return key_; }
  Napi::Promise promise() const { return deferred_.Promise(); }
  void set_channel(std::shared_ptr<Channel> channel) {
    channel_ = std::move(channel);
  }
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }

 private:
  // Floats of ports that lie one after the other.
  Size Total(const std::vector<Port>& ports) const;
  Status Compute();
  Napi::Array CopyOutputs(Napi::Env env) const;

  const std::shared_ptr<Plan> plan_;
  const int64_t batch_;
  const RunKey key_;
  const Napi::Promise::Deferred deferred_;
  std::shared_ptr<Channel> channel_;
  std::atomic<bool> cancelled_{false};
  Status status_ = Status::kOk;
  Lender::Block* copies_ = nullptr;  // inputs, then outputs
};

}  // namespace neocog

#endif  // NEOCOG_ASYNC_RUN_H_
