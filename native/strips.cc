#include "strips.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>

#include "memory.h"
#include "plan.h"

namespace neocog {
namespace {

static_assert(offsetof(Conv2d, pl) == offsetof(Window, pl) &&
              offsetof(Depthwise2d, pl) == offsetof(Window, pl) &&
              offsetof(MaxPool2d, pl) == offsetof(Window, pl));

// Floats of all buffers: most of a second cache of 512 KiB.
constexpr int64_t kBufferFloats = 3 << 15;

Window WindowOf(const void* geometry) {
  Window window;
  std::memcpy(&window, geometry, sizeof(window));
  return window;
}

// The input rows that output rows need. Where they lie in the padding only, one
// row that they do not need.
Rows InputRows(const Window& w, Rows out) {
  const int64_t first = out.begin * w.sh - w.pt;
  const int64_t last =
      (out.end - 1) * w.sh - w.pt + static_cast<int64_t>(w.kh - 1) * w.dh;
  Rows in;
  in.begin = std::clamp<int64_t>(first, 0, w.h - 1);
  in.end = std::clamp<int64_t>(last, in.begin, w.h - 1) + 1;
  return in;
}

// What a thread has in its buffers: the first part of its scratch memory.
struct Held {
  int64_t next;  // the strip that goes on from here
  Rows rows[kMostTogether];
};
constexpr int64_t kHeldFloats = 64;
static_assert(sizeof(Held) <= kHeldFloats * sizeof(float));

int64_t RowFloats(const Window& w) { return static_cast<int64_t>(w.ow) * w.oc; }

// The geometry of `step` for some output rows.
Geometry GeometryOf(const StripStep& step, const Window& whole, Rows in,
                    Rows out) {
  Geometry geometry;
  std::memcpy(&geometry, step.geometry, sizeof(geometry));
  Window window = whole;
  window.h = static_cast<int32_t>(in.count());
  window.oh = static_cast<int32_t>(out.count());
  window.pt =
      static_cast<int32_t>(in.begin - (out.begin * whole.sh - whole.pt));
  std::memcpy(&geometry, &window, sizeof(window));
  return geometry;
}

}  // namespace

Strips::Strips(const StripStep* steps, int count, int threads) : count_(count) {
  for (int k = 0; k < count; ++k) {
    steps_[k] = steps[k];
    windows_[k] = WindowOf(steps[k].geometry);
  }
  const int64_t height = windows_[count - 1].oh;
  for (int64_t rows = height; rows >= 1; --rows) {
    int64_t floats = 0;
    int64_t needed = rows;
    for (int k = count - 1; k > 0; --k) {
      const Window& w = windows_[k];
      needed = std::min<int64_t>(
          (needed - 1) * w.sh + static_cast<int64_t>(w.kh - 1) * w.dh + 1, w.h);
      capacity_[k - 1] = needed;
      floats += needed * RowFloats(windows_[k - 1]);
    }
    rows_ = rows;
    if (floats <= kBufferFloats) break;
  }
  // Depthwise convolution takes two rows at a time. As many strips for each
  // thread, all about as high, share the image out evenly.
  pace_ = rows_ > 1 ? 2 : 1;
  const int64_t paces = (height + pace_ - 1) / pace_;
  const int64_t most = rows_ / pace_;
  const int64_t turns = ((paces + most - 1) / most + threads - 1) / threads;
  strips_ = std::min(turns * threads, paces);
  rows_ = std::min((paces + strips_ - 1) / strips_ * pace_, height);
}

Rows Strips::RowsOf(int64_t index) const {
  const int64_t height = windows_[count_ - 1].oh;
  const int64_t paces = (height + pace_ - 1) / pace_;
  return {index * paces / strips_ * pace_,
          std::min((index + 1) * paces / strips_ * pace_, height)};
}

bool Strips::Follows(const void* geometry, const void* before) {
  const Window w = WindowOf(geometry);
  const Window b = WindowOf(before);
  return w.h == b.oh && w.w == b.ow && w.c == b.oc;
}

int64_t Strips::item_cost() const {
  int64_t cost = 0;
  Rows out = {0, rows_};
  for (int k = count_ - 1; k >= 0; --k) {
    const Rows in = InputRows(windows_[k], out);
    const Geometry geometry = GeometryOf(steps_[k], windows_[k], in, out);
    cost += steps_[k].kernel->item_cost(&geometry) *
            steps_[k].kernel->items(&geometry, 1);
    out = in;
  }
  return cost;
}

int64_t Strips::scratch_size() const {
  Size buffers;
  int64_t most = 0;
  for (int k = 0; k < count_; ++k) {
    const OpKernel& kernel = *steps_[k].kernel;
    if (kernel.scratch_size != nullptr) {
      most = std::max(most, kernel.scratch_size(steps_[k].geometry));
    }
    if (k + 1 == count_) break;
    buffers =
        buffers + (Size(capacity_[k]) * RowFloats(windows_[k])).RoundedUp();
  }
  return (buffers + Size(kHeldFloats + most)).value();
}

void Strips::NeedsOf(int64_t index, Rows* needs) const {
  Rows out = RowsOf(index);
  for (int k = count_ - 1; k >= 0; --k) {
    needs[k] = out;
    out = InputRows(windows_[k], out);
  }
}

void Strips::Start(float* scratch) {
  const Held held = {-1, {}};
  std::memcpy(scratch, &held, sizeof(held));
}

void Strips::Run(int64_t begin, int64_t end, float* scratch,
                 double* times) const {
  using Clock = std::chrono::steady_clock;
  Held state;
  std::memcpy(&state, scratch, sizeof(state));
  Rows* held = state.rows;
  float* const place = scratch;
  scratch += kHeldFloats;
  float* buffers[kMostTogether] = {};
  for (int k = 0; k + 1 < count_; ++k) {
    buffers[k] = scratch;
    scratch +=
        (Size(capacity_[k]) * RowFloats(windows_[k])).RoundedUp().value();
  }
  for (int64_t item = begin; item < end; ++item) {
    const int64_t sample = item / strips_;
    if (item % strips_ == 0 || item != state.next) {
      std::fill(held, held + count_, Rows{});
    }
    state.next = item + 1;
    Rows needs[kMostTogether];
    NeedsOf(item % strips_, needs);
    for (int k = 0; k < count_; ++k) {
      Clock::time_point start;
      if (times != nullptr) start = Clock::now();
      Rows rows = needs[k];
      if (k + 1 < count_) {
        if (held[k].begin <= rows.begin && rows.begin < held[k].end) {
          const int64_t row = RowFloats(windows_[k]);
          std::memmove(buffers[k],
                       buffers[k] + (rows.begin - held[k].begin) * row,
                       static_cast<size_t>((held[k].end - rows.begin) * row) *
                           sizeof(float));
          rows.begin = std::min(held[k].end, rows.end);
        }
        held[k] = {needs[k].begin, std::max(rows.begin, needs[k].end)};
      }
      if (rows.count() > 0) RunRows(k, sample, rows, held, buffers, scratch);
      if (times != nullptr) {
        times[k] +=
            std::chrono::duration<double, std::milli>(Clock::now() - start)
                .count();
      }
    }
  }
  std::memcpy(place, &state, sizeof(state));
}

void Strips::RunRows(int k, int64_t sample, Rows rows, const Rows* held,
                     float* const* buffers, float* scratch) const {
  constexpr int kResidual = 3;
  const StripStep& step = steps_[k];
  const StepArgs& whole = step.args;
  const Window& w = windows_[k];
  const Rows in = InputRows(w, rows);
  const Geometry geometry = GeometryOf(step, w, in, rows);
  const auto pitch = [](int64_t given, int64_t channels) {
    return given == 0 ? channels : given;
  };

  const float* inputs[kMostStripInputs] = {};
  int64_t pitches[kMostStripInputs] = {};
  for (int32_t i = 0; i < whole.in_count; ++i) {
    inputs[i] = whole.in[i];
    pitches[i] = whole.in_pitch[i];
  }
  if (k == 0) {
    inputs[0] +=
        sample * whole.in_stride[0] + in.begin * w.w * pitch(pitches[0], w.c);
  } else {
    inputs[0] = buffers[k - 1] +
                (in.begin - held[k - 1].begin) * RowFloats(windows_[k - 1]);
    pitches[0] = 0;
  }
  if (whole.in_count > kResidual) {
    inputs[kResidual] += sample * whole.in_stride[kResidual] +
                         rows.begin * w.ow * pitch(pitches[kResidual], w.oc);
  }
  float* output;
  int64_t output_pitch = 0;
  if (k + 1 == count_) {
    output_pitch = whole.out_pitch[0];
    output = whole.out[0] + sample * whole.out_stride[0] +
             rows.begin * w.ow * pitch(output_pitch, w.oc);
  } else {
    output = buffers[k] + (rows.begin - held[k].begin) * RowFloats(w);
  }
  StepArgs args = whole;
  args.in = inputs;
  args.in_pitch = pitches;
  args.out = &output;
  args.out_pitch = &output_pitch;
  args.batch = 1;
  step.kernel->run(&geometry, args, 0, step.kernel->items(&geometry, 1),
                   scratch);
}

}  // namespace neocog
