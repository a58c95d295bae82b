// Where steps read and write: the types of lib/graph/plan.ts.
#ifndef NEOCOG_REFS_H_
#define NEOCOG_REFS_H_

#include <stdint.h>

namespace neocog {

enum class Space { kInput, kOutput, kConstant, kSample, kShared };

struct Ref {
  Space space;
  int64_t index;
  int64_t offset;
  int64_t start;
  int64_t size;
  int64_t stride;
  int64_t pitch;
  bool per_sample;
};

}  // namespace neocog

#endif  // NEOCOG_REFS_H_
