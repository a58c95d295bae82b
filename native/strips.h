// Steps that go through an image together, a few rows at a time: what one makes
// for the next stays in the thread's cache and never reaches the arena. Rows
// that the next strip needs as well are kept; only the first strip of a thread
// computes those again that another thread has.
#ifndef NEOCOG_STRIPS_H_
#define NEOCOG_STRIPS_H_

#include <stdint.h>

#include "kernels.h"

namespace neocog {

// More steps are never taken together.
constexpr int kMostTogether = 4;

// Inputs of a step: x, weights, bias, residual.
constexpr int kMostStripInputs = 4;

// The fields that convolutions and max pooling begin with.
struct Window {
#define NEOCOG_WINDOW_FIELD(name) int32_t name;
  NEOCOG_WINDOW(NEOCOG_WINDOW_FIELD)
#undef NEOCOG_WINDOW_FIELD
};

// A step over whole images. `args` is known in a run only.
struct StripStep {
  const OpKernel* kernel;
  const void* geometry;  // a Geometry, which must stay
  StepArgs args;
};

struct Rows {
  int64_t begin, end;
  int64_t count() const { return end - begin; }
};

class Strips {
 public:
  // Plans strips for `count` steps, each of which reads as its first input what
  // the one before makes, to be shared out to `threads`.
  Strips(const StripStep* steps, int count, int threads);

  // Does a step with this geometry read what one with `before` makes?
  static bool Follows(const void* geometry, const void* before);

  int count() const { return count_; }
  int64_t items() const { return strips_; }  // of one sample
  int64_t item_cost() const;                 // CPU cycles
  int64_t scratch_size() const;              // floats
  StepArgs& args(int step) { return steps_[step].args; }

  // Readies the scratch memory of a thread for the strips of one run.
  static void Start(float* scratch);

  // Runs the strips [begin, end) of all samples of the first step's input.
  // `times`, which may be null, gets the milliseconds of each step added.
  void Run(int64_t begin, int64_t end, float* scratch, double* times) const;

 private:
  // The rows that the last step makes in the strip `index`.
  Rows RowsOf(int64_t index) const;
  // The rows that each step makes for it.
  void NeedsOf(int64_t index, Rows* needs) const;
  void RunRows(int step, int64_t sample, Rows rows, const Rows* held,
               float* const* buffers, float* scratch) const;

  StripStep steps_[kMostTogether];
  int count_;
  Window windows_[kMostTogether];
  int64_t capacity_[kMostTogether] = {};  // rows of each buffer
  int64_t rows_ = 1;                      // that the last step makes, at most
  int64_t pace_ = 1;  // all strips but the last have a multiple of these
  int64_t strips_ = 1;
};

}  // namespace neocog

#endif  // NEOCOG_STRIPS_H_
