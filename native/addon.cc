// The face of the addon, see binding.d.ts. JavaScript is known here, in
// read_plan.cc and in async_run.cc, and nowhere else.
#include <napi.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "async_run.h"
#include "cpu.h"
#include "few.h"
#include "plan.h"
#include "read_plan.h"

namespace neocog {
namespace {

// Runs `body`; what C++ throws becomes an exception of JavaScript.
template <typename Body>
auto Guarded(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    throw OutOfMemory(env);
  } catch (const std::length_error&) {  // of a vector
    throw OutOfMemory(env);
  } catch (const std::invalid_argument& misfit) {
    throw Napi::TypeError::New(env, misfit.what());
  }
}

const KernelTable& TableOf(Napi::Env env, Napi::Value isa) {
  const std::string name =
      isa.IsString() ? isa.As<Napi::String>().Utf8Value() : std::string();
  const IsaList& isas = Isas();
  for (int i = 0; i < isas.count; ++i) {
    if (name != isas.items[i].table->isa) continue;
    if (isas.items[i].supported) return *isas.items[i].table;
    ThrowTypeError(env, "this machine cannot run " + name);
  }
  ThrowTypeError(env, "expected the name of an instruction set");
}

// The arrays that a run reads or writes.
class Arrays {
 public:
  // Reading the list may run JavaScript, reading its items does not: take the
  // pointers after all lists are read.
  Arrays(Napi::Env env, napi_value list, const char* what,
         const std::vector<Port>& ports)
      : env_(env),
        what_(what),
        ports_(ports),
        handles_(ports.size()),
        pointers_(ports.size()) {
    bool is_array = false;
    uint32_t length = 0;
    napi_is_array(env, list, &is_array);
    if (is_array) napi_get_array_length(env, list, &length);
    if (!is_array || length != ports.size()) {
      ThrowTypeError(env, std::string("run: expected an array of ") +
                              std::to_string(ports.size()) + " " + what + "s");
    }
    for (uint32_t i = 0; i < length; ++i) {
      if (napi_get_element(env, list, i, &handles_[i]) != napi_ok) {
        throw Napi::Error::New(env);
      }
    }
  }

  float* const* TakePointers(int64_t batch) {
    for (size_t i = 0; i < ports_.size(); ++i) {
      const int64_t size = Plan::SizeOf(ports_[i], batch);
      Span span = {nullptr, -1};
      if (!ReadFloats(env_, handles_[i], &span) || span.size != size) {
        Refuse(i, size, span.size);
      }
      pointers_[i] = span.data;
    }
    return pointers_.data();
  }

 private:
  [[noreturn]] void Refuse(size_t i, int64_t size, int64_t got) {
    ThrowTypeError(
        env_, std::string("run: expected ") + what_ + " " + std::to_string(i) +
                  " to be a Float32Array of " + std::to_string(size) + ", got " +
                  (got < 0 ? "something else" : std::to_string(got)));
  }

  const Napi::Env env_;
  const char* const what_;
  const std::vector<Port>& ports_;
  Few<napi_value> handles_;
  Few<float*> pointers_;
};

int64_t ReadBatch(Napi::Value value) {
  return Whole(value, 1, INT32_MAX, "run", "batch");
}

int64_t ReadId(Napi::Value value) {
  return Whole(value, 0, int64_t{1} << 53, "run", "id");
}

// NativeProgram. The engine checks that `this` is one before a method is called
// (the signature of napi_define_class); `bytes` is a plain property, because
// getters have no signature.
class Program : public Napi::ObjectWrap<Program> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Program",
                       {InstanceMethod<&Program::RunSync>("runSync"),
                        InstanceMethod<&Program::Run>("run"),
                        InstanceMethod<&Program::Cancel>("cancel"),
                        InstanceMethod<&Program::Dispose>("dispose")});
  }

  explicit Program(const Napi::CallbackInfo& info)
      : ObjectWrap(info), number_(Environment::Of(info.Env()).NextProgram()) {
    const Napi::Env env = info.Env();
    plan_ = Guarded(env, [&] {
      if (!info[0].IsObject()) ThrowTypeError(env, "expected a plan");
      const KernelTable& table = TableOf(env, info[1]);
      const int64_t threads = Whole(info[2], 1, INT32_MAX, "plan", "threads");
      return std::make_shared<Plan>(ReadPlan(info[0].As<Napi::Object>()), table,
                                    static_cast<int>(threads));
    });
    info.This().As<Napi::Object>().DefineProperty(
        Napi::PropertyDescriptor::Value(
            "bytes",
            Napi::Number::New(env, static_cast<double>(plan_->bytes())),
            napi_enumerable));
    Report(env, plan_->total_bytes());
  }

  void Finalize(Napi::Env env) override { Report(env, 0); }

 private:
  // A copy of the pointer: JavaScript that runs while arguments are read may
  // dispose the program.
  std::shared_ptr<Plan> ThePlan(Napi::Env env) const {
    if (plan_ == nullptr) {
      throw CodedError(env, "ERR_DISPOSED", "the program was disposed");
    }
    return plan_;
  }

  Napi::Value RunSync(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::shared_ptr<Plan> plan = ThePlan(env);
    const Status status = Guarded(env, [&] {
      const int64_t batch = ReadBatch(info[0]);
      Arrays inputs(env, info[1], "input", plan->inputs());
      Arrays outputs(env, info[2], "output", plan->outputs());
      float* const* in = inputs.TakePointers(batch);
      return plan->Run(batch, in, outputs.TakePointers(batch), nullptr);
    });
    if (status == Status::kOutOfMemory) throw OutOfMemory(env);
    if (plan_ != nullptr) Report(env, plan_->total_bytes());
    return env.Undefined();
  }

  Napi::Value Run(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Environment& environment = Environment::Of(env);
    const std::shared_ptr<Plan> plan = ThePlan(env);
    return Guarded(env, [&]() -> Napi::Value {
      const int64_t batch = ReadBatch(info[0]);
      const RunKey key(number_, ReadId(info[2]));
      Arrays inputs(env, info[1], "input", plan->inputs());
      if (environment.IsRunning(key)) {
        ThrowTypeError(env, "run: expected an id that no other run has");
      }
      auto run = std::make_unique<AsyncRun>(plan, batch, key, env);
      const Napi::Promise promise = run->promise();
      if (run->CopyInputs(inputs.TakePointers(batch))) {
        environment.Start(env, std::move(run));
      } else {
        run->Settle(env, Status::kOutOfMemory);
      }
      if (plan_ != nullptr) Report(env, plan_->total_bytes());
      return promise;
    });
  }

  Napi::Value Cancel(const Napi::CallbackInfo& info) {
    Environment::Of(info.Env())
        .Cancel(info.Env(), RunKey(number_, ReadId(info[0])));
    return info.Env().Undefined();
  }

  Napi::Value Dispose(const Napi::CallbackInfo& info) {
    plan_.reset();
    Report(info.Env(), 0);
    return info.Env().Undefined();
  }

  // Tells V8 how much memory this small object keeps, or nothing would make it
  // collect.
  void Report(Napi::Env env, int64_t bytes) {
    if (bytes == reported_) return;
    Napi::MemoryManagement::AdjustExternalMemory(env, bytes - reported_);
    reported_ = bytes;
  }

  const uint64_t number_;
  std::shared_ptr<Plan> plan_;
  int64_t reported_ = 0;
};

Napi::Array Names(Napi::Env env, const std::vector<const char*>& names) {
  Napi::Array array = Napi::Array::New(env, names.size());
  for (uint32_t i = 0; i < names.size(); ++i) {
    array.Set(i, Napi::String::New(env, names[i]));
  }
  return array;
}

Napi::Array Names(Napi::Env env, const char* const* names) {
  std::vector<const char*> list;
  for (; *names != nullptr; ++names) list.push_back(*names);
  return Names(env, list);
}

Napi::Value Describe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object ops = Napi::Object::New(env);
  for (const OpFields& op : kOpFields) {
    Napi::Object fields = Napi::Object::New(env);
    fields.Set("ints", Names(env, op.ints));
    fields.Set("floats", Names(env, op.floats));
    ops.Set(op.id, fields);
  }
#define NEOCOG_NAME(name) #name,
  Napi::Object all = Napi::Object::New(env);
  all.Set("ops", ops);
  all.Set("activations", Names(env, {NEOCOG_ACTIVATIONS(NEOCOG_NAME)}));
  all.Set("binaries", Names(env, {NEOCOG_BINARIES(NEOCOG_NAME)}));
  all.Set("reductions", Names(env, {NEOCOG_REDUCTIONS(NEOCOG_NAME)}));
#undef NEOCOG_NAME
  return all;
}

Napi::Value ListIsas(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const IsaList& isas = Isas();
  Napi::Array list = Napi::Array::New(env, isas.count);
  for (int i = 0; i < isas.count; ++i) {
    Napi::Object isa = Napi::Object::New(env);
    isa.Set("name", isas.items[i].table->isa);
    isa.Set("supported", isas.items[i].supported);
    list.Set(i, isa);
  }
  return list;
}

Napi::Value Peak(const Napi::CallbackInfo& info) {
  using Clock = std::chrono::steady_clock;
  const Napi::Env env = info.Env();
  const KernelTable& table = TableOf(env, info[0]);
  const int64_t limit = Whole(info[1], 1, 60'000, "peak", "milliseconds");
  const auto end = Clock::now() + std::chrono::milliseconds(limit);
  const FlushDenormals flush;
  // The best of many short bursts: other processes only ever slow one down.
  double best = 0;
  float sink = 0;
  do {
    const auto begin = Clock::now();
    const int64_t operations = table.peak(100'000, &sink);
    const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
    best = std::max(best, static_cast<double>(operations) / taken.count());
  } while (Clock::now() < end);
  return Napi::Number::New(env, best);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment(env));
  exports.Set("describe", Napi::Function::New<Describe>(env, "describe"));
  exports.Set("isas", Napi::Function::New<ListIsas>(env, "isas"));
  exports.Set("peak", Napi::Function::New<Peak>(env, "peak"));
  exports.Set("Program", Program::Define(env));
  return exports;
}

NODE_API_MODULE(neocog, Init)

}  // namespace
}  // namespace neocog
