#include "async_run.h"

#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "few.h"

namespace neocog {

// --- Channel ---

void Channel::Open(napi_threadsafe_function function) {
  std::lock_guard<std::mutex> lock(mutex_);
  function_ = function;
}

void Channel::Send(std::unique_ptr<AsyncRun> run) {
  // The function lives at least until the channel is closed.
  std::lock_guard<std::mutex> lock(mutex_);
  if (function_ == nullptr) return;
  const napi_status status = napi_call_threadsafe_function(
      function_, run.get(), napi_tsfn_nonblocking);
  if (status == napi_ok) static_cast<void>(run.release());
}

// --- Environment ---

Environment::Environment(Napi::Env env)
    : float32_array_(Napi::Persistent(
          env.Global().Get("Float32Array").As<Napi::Function>())),
      channel_(std::make_shared<Channel>()) {}

void Environment::Start(Napi::Env env, std::unique_ptr<AsyncRun> run) {
  if (function_ == nullptr) {
    const Napi::String name = Napi::String::New(env, "neocog");
    const napi_status status = napi_create_threadsafe_function(
        env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, OnMessage,
        &function_);
    if (status != napi_ok) throw Napi::Error::New(env);
    channel_->Open(function_);
    // Hooks run last in, first out: this one before the function's own.
    napi_add_env_cleanup_hook(env, OnExit, this);
  }
  run->set_channel(channel_);
  runs_.emplace(run->key(), run.get());
  if (runs_.size() == 1) napi_ref_threadsafe_function(env, function_);
  Submit(run.release());
}

void Environment::Forget(Napi::Env env, const RunKey& key) {
  runs_.erase(key);
  if (runs_.empty()) napi_unref_threadsafe_function(env, function_);
}

void Environment::Cancel(Napi::Env env, const RunKey& key) {
  const auto found = runs_.find(key);
  if (found == runs_.end()) return;
  AsyncRun* run = found->second;
  run->cancel();
  if (!Withdraw(run)) return;
  const std::unique_ptr<AsyncRun> owned(run);
  Forget(env, key);
  run->Settle(env, Status::kCancelled);
}

// Without an environment it has ended, and the run is only to be freed.
void Environment::OnMessage(napi_env raw_env, napi_value, void* context,
                            void* data) {
  const std::unique_ptr<AsyncRun> run(static_cast<AsyncRun*>(data));
  if (raw_env == nullptr) return;
  const Napi::Env env(raw_env);
  static_cast<Environment*>(context)->Forget(env, run->key());
  try {
    run->Settle(env);
  } catch (const std::exception&) {
    // A Napi::Error, only where the thread is being terminated: nobody waits
    // any more.
  }
}

void Environment::OnExit(void* environment) {
  Environment& self = *static_cast<Environment*>(environment);
  // As long as the channel is open every run that is not settled lives.
  for (const auto& [key, run] : self.runs_) {
    run->cancel();
    if (Withdraw(run)) delete run;
  }
  self.runs_.clear();
  self.channel_->Close();
}

// --- Pieces ---

namespace {

napi_value Item(Napi::Env env, napi_value list, uint32_t i) {
  napi_value item;
  if (napi_get_element(env, list, i, &item) != napi_ok) {
    throw Napi::Error::New(env);
  }
  return item;
}

// -1 where `value` is no array.
int64_t Length(Napi::Env env, napi_value value) {
  bool is_array = false;
  uint32_t length = 0;
  napi_is_array(env, value, &is_array);
  if (!is_array) return -1;
  napi_get_array_length(env, value, &length);
  return length;
}

}  // namespace

Pieces::Pieces(Napi::Env env, napi_value list, const std::vector<Port>& ports)
    : env_(env), ports_(ports) {
  if (Length(env, list) != static_cast<int64_t>(ports.size())) {
    ThrowTypeError(env, "run: expected an array of " +
                            std::to_string(ports.size()) + " inputs");
  }
  for (uint32_t i = 0; i < ports.size(); ++i) {
    const napi_value input = Item(env, list, i);
    const int64_t count = Length(env, input);
    if (count < 0) handles_.push_back(input);
    for (uint32_t j = 0; j < count; ++j) {
      handles_.push_back(Item(env, input, j));
    }
    ends_.push_back(handles_.size());
  }
}

const std::vector<Span>& Pieces::Take(int64_t batch) {
  size_t next = 0;
  for (size_t i = 0; i < ports_.size(); ++i) {
    const int64_t wanted = Plan::SizeOf(ports_[i], batch);
    int64_t size = 0;
    for (; next < ends_[i]; ++next) {
      Span span = {nullptr, 0};
      if (!ReadFloats(env_, handles_[next], &span)) size = -1;
      if (size < 0) break;
      size += span.size;
      spans_.push_back(span);
    }
    if (size == wanted) continue;
    ThrowTypeError(env_,
                   "run: expected input " + std::to_string(i) +
                       " to be a Float32Array of " + std::to_string(wanted) +
                       ", got " +
                       (size < 0 ? "something else" : std::to_string(size)));
  }
  return spans_;
}

// --- AsyncRun ---

AsyncRun::AsyncRun(std::shared_ptr<Plan> plan, int64_t batch, RunKey key,
                   Napi::Env env)
    : plan_(std::move(plan)),
      batch_(batch),
      key_(key),
      deferred_(Napi::Promise::Deferred::New(env)) {
  limit = plan_->threads();
  width = plan_->Width(batch);
}

AsyncRun::~AsyncRun() {
  if (copies_ != nullptr) plan_->copies().GiveBack(copies_);
}

Size AsyncRun::Total(const std::vector<Port>& ports) const {
  Size total;
  for (const Port& port : ports) {
    total = total + Size(Plan::SizeOf(port, batch_));
  }
  return total;
}

bool AsyncRun::CopyInputs(const std::vector<Span>& pieces) {
  const Size total = Total(plan_->inputs()) + Total(plan_->outputs());
  copies_ = plan_->copies().Borrow(total.value());
  if (copies_ == nullptr) return false;
  float* to = copies_->floats();
  for (const Span& piece : pieces) {
    std::memcpy(to, piece.data,
                static_cast<size_t>(piece.size) * sizeof(float));
    to += piece.size;
  }
  return true;
}

void AsyncRun::Execute() {
  status_ = Compute();
  // Once sent, the run may be gone at any moment; the channel must not be.
  const std::shared_ptr<Channel> channel = channel_;
  channel->Send(std::unique_ptr<AsyncRun>(this));
}

Status AsyncRun::Compute() {
  const std::vector<Port>& in = plan_->inputs();
  const std::vector<Port>& out = plan_->outputs();
  try {
    Few<const float*> inputs(in.size());
    Few<float*> outputs(out.size());
    float* next = copies_->floats();
    for (size_t i = 0; i < in.size(); ++i) {
      inputs[i] = next;
      next += Plan::SizeOf(in[i], batch_);
    }
    for (size_t i = 0; i < out.size(); ++i) {
      outputs[i] = next;
      next += Plan::SizeOf(out[i], batch_);
    }
    return plan_->Run(batch_, inputs.data(), outputs.data(), &cancelled_);
  } catch (const std::bad_alloc&) {
    return Status::kOutOfMemory;
  }
}

void AsyncRun::Settle(Napi::Env env, Status status) {
  if (status == Status::kOk) {
    Napi::Array arrays;
    try {
      arrays = CopyOutputs(env);
    } catch (const std::exception&) {  // or a RangeError of Float32Array
      return deferred_.Reject(OutOfMemory(env).Value());
    }
    return deferred_.Resolve(arrays);
  }
  const Napi::Error error =
      status == Status::kCancelled
          ? CodedError(env, "ERR_CANCELLED", "the run was cancelled")
          : OutOfMemory(env);
  deferred_.Reject(error.Value());
}

// JavaScript's own constructor answers a lack of memory with an exception,
// where napi_create_arraybuffer ends the process.
Napi::Array AsyncRun::CopyOutputs(Napi::Env env) const {
  const std::vector<Port>& ports = plan_->outputs();
  const Napi::FunctionReference& make = Environment::Of(env).float32_array();
  const Napi::Array arrays = Napi::Array::New(env, ports.size());
  const float* from = copies_->floats() + Total(plan_->inputs()).value();
  for (uint32_t i = 0; i < ports.size(); ++i) {
    const int64_t size = Plan::SizeOf(ports[i], batch_);
    const Napi::Object array =
        make.New({Napi::Number::New(env, static_cast<double>(size))});
    Span span;
    if (!ReadFloats(env, array, &span) || span.size != size) {
      throw OutOfMemory(env);
    }
    std::memcpy(span.data, from, static_cast<size_t>(size) * sizeof(float));
    from += size;
    arrays.Set(i, array);
  }
  return arrays;
}

}  // namespace neocog
