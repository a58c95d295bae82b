// From JavaScript values to the structs of plan.h.
#ifndef NEOCOG_READ_PLAN_H_
#define NEOCOG_READ_PLAN_H_

#include <napi.h>
#include <stdint.h>

#include <string>

#include "plan.h"

namespace neocog {

constexpr const char* kOutOfMemoryCode = "ERR_OUT_OF_MEMORY";
constexpr const char* kOutOfMemoryMessage = "not enough memory";

Napi::Error CodedError(Napi::Env env, const char* code, const char* message);
Napi::Error OutOfMemory(Napi::Env env);
[[noreturn]] void ThrowTypeError(Napi::Env env, const std::string& message);

// A whole number in [low, high], or a TypeError.
int64_t Whole(Napi::Value value, int64_t low, int64_t high,
              const std::string& who, const char* name);

struct Span {
  float* data;
  int64_t size;
};

// The memory of a Float32Array; false where `value` is none. Detached arrays,
// and those that outgrow their buffer, have size 0.
bool ReadFloats(napi_env env, napi_value value, Span* span);

// Frees the memory of the ArrayBuffer `info[0]`, which then has length 0.
Napi::Value Detach(const Napi::CallbackInfo& info);

// The constants still lie in JavaScript's memory: they are valid until
// JavaScript runs again. Throws a TypeError that names what is missing.
PlanSpec ReadPlan(Napi::Object plan);

struct OpFields {
  const char* id;
  const char* const* ints;  // ends with null
  const char* const* floats;
};

// The fields of each op's struct, by OpIndex.
extern const OpFields kOpFields[kOpCount];

}  // namespace neocog

#endif  // NEOCOG_READ_PLAN_H_
