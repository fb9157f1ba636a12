#include "executor/core_spans.h"

#include <algorithm>

namespace heddle {

namespace {

// Operations that follow each other without a longer pause have one span.
constexpr std::chrono::microseconds kPause(100);

}  // namespace

CoreSpans& CoreSpans::here() {
  static thread_local CoreSpans spans;
  return spans;
}

size_t CoreSpans::take(Time now, Taken& out) {
  close(now);
  since_ = now;
  const size_t count = count_;
  std::copy_n(spans_.begin(), count, out.begin());
  count_ = 0;
  return count;
}

void CoreSpans::change(Time now, int cores, int running, int waiting) {
  close(now);
  since_ = now;
  cores_ += cores;
  running_ += running;
  waiting_ += waiting;
}

void CoreSpans::close(Time now) {
  if (running_ == 0 && waiting_ == 0) return;
  if (now <= since_) return;
  if (count_ > 0) {
    CoreSpan& last = spans_[count_ - 1];
    const bool same = last.cores == cores_ && since_ - last.to < kPause;
    if (same || count_ == kMost) {
      last.to = now;
      last.cores = std::max(last.cores, cores_);
      return;
    }
  }
  spans_[count_++] = {since_, now, cores_};
}

}  // namespace heddle
