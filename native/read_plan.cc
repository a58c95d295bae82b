#include "read_plan.h"

#include <cmath>
#include <cstring>
#include <vector>

namespace neocog {
namespace {

#define NEOCOG_STRING(name) #name,
#define NEOCOG_FIELD_NAMES(Struct, id, INTS, FLOATS, packs)                \
  constexpr const char* k##Struct##Ints[] = {INTS(NEOCOG_STRING) nullptr}; \
  constexpr const char* k##Struct##Floats[] = {FLOATS(NEOCOG_STRING) nullptr};
NEOCOG_OPS(NEOCOG_FIELD_NAMES)

}  // namespace

#define NEOCOG_OP_FIELDS(Struct, id, INTS, FLOATS, packs) \
  {#id, k##Struct##Ints, k##Struct##Floats},
const OpFields kOpFields[kOpCount] = {NEOCOG_OPS(NEOCOG_OP_FIELDS)};

Napi::Error CodedError(Napi::Env env, const char* code, const char* message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", code);
  return error;
}

Napi::Error OutOfMemory(Napi::Env env) {
  return CodedError(env, kOutOfMemoryCode, kOutOfMemoryMessage);
}

[[noreturn]] void ThrowTypeError(Napi::Env env, const std::string& message) {
  throw Napi::TypeError::New(env, message);
}

int64_t Whole(Napi::Value value, int64_t low, int64_t high,
              const std::string& who, const char* name) {
  const double number =
      value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(number >= static_cast<double>(low) &&
        number <= static_cast<double>(high)) ||
      number != std::floor(number)) {
    ThrowTypeError(value.Env(),
                   who + ": expected " + name + " to be a whole number from " +
                       std::to_string(low) + " to " + std::to_string(high));
  }
  return static_cast<int64_t>(number);
}

bool ReadFloats(napi_env env, napi_value value, Span* span) {
  napi_typedarray_type type;
  size_t length;
  void* data;
  const napi_status status = napi_get_typedarray_info(
      env, value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_float32_array) return false;
  *span = {static_cast<float*>(data), static_cast<int64_t>(length)};
  return true;
}

Napi::Value Detach(const Napi::CallbackInfo& info) {
  const Napi::Value undefined = info.Env().Undefined();
  if (info[0].IsArrayBuffer()) info[0].As<Napi::ArrayBuffer>().Detach();
  return undefined;
}

namespace {

Napi::Value Field(Napi::Object object, const char* name,
                  const std::string& who) {
  const Napi::Value value = object.Get(name);
  if (value.IsUndefined()) {
    ThrowTypeError(object.Env(), who + ": no field \"" + name + "\"");
  }
  return value;
}

constexpr int64_t kMaxSafeInteger = (int64_t{1} << 53) - 1;

int64_t SizeField(Napi::Object object, const char* name,
                  const std::string& who) {
  return Whole(Field(object, name, who), 0, kMaxSafeInteger, who, name);
}

bool BoolField(Napi::Object object, const char* name, const std::string& who) {
  return Field(object, name, who).ToBoolean();
}

std::string StringField(Napi::Object object, const char* name,
                        const std::string& who) {
  return Field(object, name, who).ToString();
}

Napi::Array ArrayField(Napi::Object object, const char* name,
                       const std::string& who) {
  const Napi::Value value = Field(object, name, who);
  if (!value.IsArray()) {
    ThrowTypeError(value.Env(), who + ": expected an array as " + name);
  }
  return value.As<Napi::Array>();
}

Napi::Object Item(Napi::Array array, uint32_t i, const std::string& who) {
  const Napi::Value value = array.Get(i);
  if (!value.IsObject()) {
    ThrowTypeError(array.Env(), who + ": expected objects only");
  }
  return value.As<Napi::Object>();
}

OpIndex OpField(Napi::Object step, const std::string& who) {
  const std::string id = StringField(step, "op", who);
  for (int32_t op = 0; op < kOpCount; ++op) {
    if (id == kOpFields[op].id) return static_cast<OpIndex>(op);
  }
  ThrowTypeError(step.Env(), who + ": unknown op \"" + id + "\"");
}

// Every struct of ops.h is a row of 32-bit numbers, ints first.
Geometry ReadGeometry(Napi::Object from, OpIndex op) {
  const OpFields& fields = kOpFields[op];
  const std::string who = fields.id;
  Geometry geometry = {};
  char* to = reinterpret_cast<char*>(&geometry);
  for (const char* const* name = fields.ints; *name != nullptr; ++name) {
    const int32_t number = static_cast<int32_t>(
        Whole(Field(from, *name, who), INT32_MIN, INT32_MAX, who, *name));
    std::memcpy(to, &number, sizeof(number));
    to += sizeof(number);
  }
  for (const char* const* name = fields.floats; *name != nullptr; ++name) {
    const Napi::Value value = Field(from, *name, who);
    if (!value.IsNumber()) {
      ThrowTypeError(value.Env(),
                     who + ": expected " + *name + " to be a number");
    }
    const float number = value.As<Napi::Number>().FloatValue();
    std::memcpy(to, &number, sizeof(number));
    to += sizeof(number);
  }
  return geometry;
}

Space SpaceField(Napi::Object ref, const std::string& who) {
  static constexpr const char* kNames[] = {"input", "output", "constant",
                                           "sample", "shared"};
  const std::string name = StringField(ref, "space", who);
  for (int i = 0; i < 5; ++i) {
    if (name == kNames[i]) return static_cast<Space>(i);
  }
  ThrowTypeError(ref.Env(), who + ": unknown space \"" + name + "\"");
}

std::vector<Ref> ReadRefs(Napi::Object step, const char* field,
                          const std::string& who) {
  const Napi::Array array = ArrayField(step, field, who);
  std::vector<Ref> refs(array.Length());
  for (uint32_t i = 0; i < refs.size(); ++i) {
    const Napi::Object from = Item(array, i, who);
    refs[i] = {
        SpaceField(from, who),          SizeField(from, "index", who),
        SizeField(from, "offset", who), SizeField(from, "start", who),
        SizeField(from, "size", who),   SizeField(from, "stride", who),
        SizeField(from, "pitch", who),  BoolField(from, "perSample", who)};
  }
  return refs;
}

std::vector<Port> ReadPorts(Napi::Object plan, const char* field) {
  const Napi::Array array = ArrayField(plan, field, "plan");
  std::vector<Port> ports(array.Length());
  for (uint32_t i = 0; i < ports.size(); ++i) {
    const Napi::Object from = Item(array, i, "plan");
    ports[i] = {SizeField(from, "size", "plan"),
                BoolField(from, "perSample", "plan")};
  }
  return ports;
}

// The factors of a constant; false where they are no Float64Array.
bool ReadFactors(napi_env env, napi_value value, int64_t inner,
                 Constant* constant) {
  napi_typedarray_type type;
  size_t length;
  void* data;
  const napi_status status = napi_get_typedarray_info(
      env, value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_float64_array || length < 1 ||
      inner < 1) {
    return false;
  }
  constant->scale = static_cast<const double*>(data);
  constant->channels = static_cast<int64_t>(length);
  constant->inner = inner;
  return true;
}

}  // namespace

PlanSpec ReadPlan(Napi::Object from) {
  const Napi::Env env = from.Env();
  PlanSpec plan;
  plan.inputs = ReadPorts(from, "inputs");
  plan.outputs = ReadPorts(from, "outputs");
  plan.sample_arena = SizeField(from, "sampleArena", "plan");
  plan.shared_arena = SizeField(from, "sharedArena", "plan");
  const Napi::Array steps = ArrayField(from, "steps", "plan");
  plan.steps.resize(steps.Length());
  for (uint32_t i = 0; i < plan.steps.size(); ++i) {
    const Napi::HandleScope scope(env);
    const Napi::Object step = Item(steps, i, "plan");
    StepSpec& to = plan.steps[i];
    to.op = OpField(step, "plan");
    to.name = StringField(step, "name", "plan");
    const Napi::Value geometry = Field(step, "geometry", "plan");
    if (!geometry.IsObject()) ThrowTypeError(env, "plan: expected a geometry");
    to.geometry = ReadGeometry(geometry.As<Napi::Object>(), to.op);
    to.repeat = SizeField(step, "repeat", to.name);
    if (to.repeat < 1) ThrowTypeError(env, to.name + ": expected a repeat");
    to.together = SizeField(step, "together", to.name);
    to.inputs = ReadRefs(step, "inputs", to.name);
    to.outputs = ReadRefs(step, "outputs", to.name);
  }
  // Last, and the pointers after all the arrays: no JavaScript may run between
  // taking a pointer and using it.
  const Napi::Array constants = ArrayField(from, "constants", "plan");
  struct Source {
    napi_value data, scale;
    int64_t inner;
  };
  std::vector<Source> sources(constants.Length());
  for (uint32_t i = 0; i < sources.size(); ++i) {
    const Napi::Value constant = constants.Get(i);
    sources[i] = {constant, nullptr, 1};
    if (constant.IsTypedArray() || !constant.IsObject()) continue;
    const Napi::Object scaled = constant.As<Napi::Object>();
    sources[i] = {Field(scaled, "data", "constant"),
                  Field(scaled, "scale", "constant"),
                  SizeField(scaled, "inner", "constant")};
  }
  for (const Source& source : sources) {
    Span span;
    Constant constant = {};
    if (!ReadFloats(env, source.data, &span) ||
        (source.scale != nullptr &&
         !ReadFactors(env, source.scale, source.inner, &constant))) {
      ThrowTypeError(env, "plan: expected Float32Arrays as constants");
    }
    constant.data = span.data;
    constant.size = span.size;
    plan.constants.push_back(constant);
  }
  return plan;
}

}  // namespace neocog
