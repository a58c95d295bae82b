// The face of the addon, see binding.d.ts. JavaScript is known here, in
// read_plan.cc and in async_run.cc, and nowhere else.
#include <napi.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
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

// What JavaScript calls: whatever C++ throws becomes an exception over there.
template <Napi::Value (*kFunction)(const Napi::CallbackInfo&)>
napi_value Entry(napi_env env, napi_callback_info raw) {
  try {
    const Napi::CallbackInfo info(env, raw);
    return kFunction(info);
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  } catch (const std::invalid_argument& misfit) {
    napi_throw_type_error(env, nullptr, misfit.what());
  } catch (const std::exception&) {  // bad_alloc, a vector's length_error
    napi_throw_error(env, kOutOfMemoryCode, kOutOfMemoryMessage);
  }
  return nullptr;
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
                  " to be a Float32Array of " + std::to_string(size) +
                  ", got " +
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

// NativeProgram. The engine itself refuses to call a method on anything else
// (the signature that napi_define_class gives methods); `bytes` is a plain
// property, because getters have no signature.
class Program {
 public:
  static napi_value Define(Napi::Env env) {
    const napi_property_descriptor methods[] = {
        Method<&Program::RunSync>("runSync"),
        Method<&Program::Run>("run"),
        Method<&Program::Profile>("profile"),
        Method<&Program::Cancel>("cancel"),
        Method<&Program::GiveBack>("giveBack"),
        Method<&Program::Unpack>("unpack"),
        Method<&Program::Dispose>("dispose")};
    napi_value constructor;
    const napi_status status =
        napi_define_class(env, "Program", NAPI_AUTO_LENGTH, Entry<Construct>,
                          nullptr, std::size(methods), methods, &constructor);
    if (status != napi_ok) throw Napi::Error::New(env);
    return constructor;
  }

  explicit Program(const Napi::CallbackInfo& info)
      : number_(Environment::Of(info.Env()).NextProgram()) {
    const Napi::Env env = info.Env();
    if (!info[0].IsObject()) ThrowTypeError(env, "expected a plan");
    const KernelTable& table = TableOf(env, info[1]);
    const int64_t threads = Whole(info[2], 1, INT32_MAX, "plan", "threads");
    plan_ = std::make_shared<Plan>(ReadPlan(info[0].As<Napi::Object>()), table,
                                   static_cast<int>(threads));
  }

 private:
  static Napi::Value Construct(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!info.IsConstructCall()) ThrowTypeError(env, "Program: expected new");
    auto program = std::make_unique<Program>(info);
    Napi::Object self = info.This().As<Napi::Object>();
    self.DefineProperty(Napi::PropertyDescriptor::Value(
        "bytes",
        Napi::Number::New(env, static_cast<double>(program->plan_->bytes())),
        napi_enumerable));
    const napi_status status =
        napi_wrap(env, self, program.get(), Finalize, nullptr, nullptr);
    if (status != napi_ok) throw Napi::Error::New(env);
    Program& owned = *program.release();
    owned.Report(env, owned.plan_->total_bytes());
    return self;
  }

  static void Finalize(napi_env env, void* data, void*) {
    const std::unique_ptr<Program> program(static_cast<Program*>(data));
    program->Report(env, 0);
  }

  using MethodType = Napi::Value (Program::*)(const Napi::CallbackInfo&);

  template <MethodType kMethod>
  static Napi::Value OnThis(const Napi::CallbackInfo& info) {
    void* program = nullptr;
    if (napi_unwrap(info.Env(), info.This(), &program) != napi_ok) {
      ThrowTypeError(info.Env(), "expected a Program as this");
    }
    return (static_cast<Program*>(program)->*kMethod)(info);
  }

  template <MethodType kMethod>
  static napi_property_descriptor Method(const char* name) {
    return {name,    nullptr, Entry<OnThis<kMethod>>, nullptr,
            nullptr, nullptr, napi_default_method,    nullptr};
  }

  // A copy of the pointer: JavaScript that runs while arguments are read may
  // dispose the program.
  std::shared_ptr<Plan> ThePlan(Napi::Env env) const {
    if (plan_ == nullptr) {
      throw CodedError(env, "ERR_DISPOSED", "the program was disposed");
    }
    return plan_;
  }

  Napi::Value RunSync(const Napi::CallbackInfo& info) {
    const std::shared_ptr<Plan> plan = ThePlan(info.Env());
    RunHere(info, *plan, nullptr);
    return info.Env().Undefined();
  }

  Napi::Value Profile(const Napi::CallbackInfo& info) {
    const std::shared_ptr<Plan> plan = ThePlan(info.Env());
    Napi::Float64Array times =
        Napi::Float64Array::New(info.Env(), plan->steps());
    RunHere(info, *plan, times.Data());
    return times;
  }

  // `plan` is held by the caller: reading the lists may run JavaScript.
  void RunHere(const Napi::CallbackInfo& info, Plan& plan, double* times) {
    const Napi::Env env = info.Env();
    const int64_t batch = ReadBatch(info[0]);
    Arrays inputs(env, info[1], "input", plan.inputs());
    Arrays outputs(env, info[2], "output", plan.outputs());
    float* const* in = inputs.TakePointers(batch);
    float* const* out = outputs.TakePointers(batch);
    if (plan.Run(batch, in, out, nullptr, times) == Status::kOutOfMemory) {
      throw std::bad_alloc();
    }
    ReportMemory(env);
  }

  Napi::Value Run(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Environment& environment = Environment::Of(env);
    const std::shared_ptr<Plan> plan = ThePlan(env);
    const int64_t batch = ReadBatch(info[0]);
    const RunKey key(number_, ReadId(info[2]));
    Pieces inputs(env, info[1], plan->inputs());
    if (environment.IsRunning(key)) {
      ThrowTypeError(env, "run: expected an id that no other run has");
    }
    auto run = std::make_unique<AsyncRun>(plan, batch, key, env);
    const Napi::Promise promise = run->promise();
    if (run->CopyInputs(inputs.Take(batch))) {
      environment.Start(env, std::move(run));
    } else {
      run->Settle(env, Status::kOutOfMemory);
    }
    ReportMemory(env);
    return promise;
  }

  Napi::Value Cancel(const Napi::CallbackInfo& info) {
    Environment::Of(info.Env())
        .Cancel(info.Env(), RunKey(number_, ReadId(info[0])));
    return info.Env().Undefined();
  }

  // The floats of the second argument, as many as the constant of the first
  // argument has; null where that cannot be unpacked.
  float* UnpackedArray(const Napi::CallbackInfo& info, const Plan& plan) {
    const int64_t constant =
        Whole(info[0], 0, INT32_MAX, "unpack", "the constant");
    const int64_t size = plan.UnpackedSize(constant);
    if (size < 0) return nullptr;
    Span span;
    if (!ReadFloats(info.Env(), info[1], &span) || span.size != size) {
      ThrowTypeError(info.Env(), "unpack: expected a Float32Array of " +
                                     std::to_string(size));
    }
    return span.data;
  }

  Napi::Value GiveBack(const Napi::CallbackInfo& info) {
    const std::shared_ptr<Plan> plan = ThePlan(info.Env());
    float* const floats = UnpackedArray(info, *plan);
    const bool given =
        floats != nullptr &&
        GiveBackPages(floats, plan->UnpackedSize(info[0].As<Napi::Number>()));
    return Napi::Boolean::New(info.Env(), given);
  }

  Napi::Value Unpack(const Napi::CallbackInfo& info) {
    const std::shared_ptr<Plan> plan = ThePlan(info.Env());
    float* const floats = UnpackedArray(info, *plan);
    if (floats == nullptr) {
      ThrowTypeError(info.Env(), "unpack: expected a constant that can be");
    }
    plan->Unpack(info[0].As<Napi::Number>(), floats);
    return info.Env().Undefined();
  }

  Napi::Value Dispose(const Napi::CallbackInfo& info) {
    plan_.reset();
    Report(info.Env(), 0);
    return info.Env().Undefined();
  }

  // Runs made the memory grow, or the program was disposed meanwhile.
  void ReportMemory(Napi::Env env) {
    if (plan_ != nullptr) Report(env, plan_->total_bytes());
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

template <Napi::Value (*kFunction)(const Napi::CallbackInfo&)>
Napi::Function Export(Napi::Env env, const char* name) {
  napi_value function;
  const napi_status status = napi_create_function(
      env, name, NAPI_AUTO_LENGTH, Entry<kFunction>, nullptr, &function);
  if (status != napi_ok) throw Napi::Error::New(env);
  return Napi::Function(env, function);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment(env));
  exports.Set("detach", Export<Detach>(env, "detach"));
  exports.Set("describe", Export<Describe>(env, "describe"));
  exports.Set("isas", Export<ListIsas>(env, "isas"));
  exports.Set("peak", Export<Peak>(env, "peak"));
  exports.Set("Program", Program::Define(env));
  return exports;
}

NODE_API_MODULE(neocog, Init)

}  // namespace
}  // namespace neocog
