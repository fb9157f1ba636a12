// How many cores the operations of one thread had, and when: what the dashboard draws a worker's
// bars by.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

namespace heddle {

// A time in which it was always the same.
struct CoreSpan {
  using Time = std::chrono::steady_clock::time_point;

  Time from{};
  Time to{};
  int cores = 0;  // 0: an operation waited for cores, and none ran
};

// The spans of a thread since they were last taken. The executor's lock guards it.
class CoreSpans {
 public:
  using Time = CoreSpan::Time;

  // As many are told apart; of more the last ones become one, with the most cores of them.
  static constexpr size_t kMost = 64;
  using Taken = std::array<CoreSpan, kMost>;

  // Those of the calling thread. An environment that ends drains what it has submitted, so that
  // they are there as long as any operation of the thread.
  static CoreSpans& here();

  // An operation begins to wait, or is given up before it has begun.
  void waits(Time now) { change(now, 0, 0, 1); }
  void given_up(Time now) { change(now, 0, 0, -1); }
  // One begins that did not wait, or that did; or ends.
  void starts(Time now, int cores, bool waited) { change(now, cores, 1, waited ? -1 : 0); }
  void ends(Time now, int cores) { change(now, -cores, -1, 0); }

  // Hands them over, that of now until now.
  size_t take(Time now, Taken& out);

 private:
  void change(Time now, int cores, int running, int waiting);
  void close(Time now);

  Taken spans_;
  size_t count_ = 0;
  Time since_{};  // of the span that goes on
  int cores_ = 0;
  int running_ = 0;  // operations
  int waiting_ = 0;
};

}  // namespace heddle
