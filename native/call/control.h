// What the threads of one operation have in common: when to stop, and how far they are.
#pragma once

#include <atomic>
#include <cstdint>

#include "executor/executor.h"

namespace heddle::call {

class Control {
 public:
  // `progress`: null, or two numbers in shared memory: steps done, and all steps.
  Control(const Grant& grant, int32_t* progress, int64_t steps)
      : grant_(grant), progress_(progress) {
    if (progress_ == nullptr) return;
    // Steps are counted in units of which there are few enough for 32 bits.
    while (steps / unit_ > (int64_t{1} << 30)) unit_ *= 2;
    __atomic_store_n(&progress_[1], static_cast<int32_t>(steps / unit_), __ATOMIC_RELAXED);
  }

  // Called between steps: whether to go on.
  bool go_on() const { return !stop_.load(std::memory_order_relaxed) && !grant_.is_cancelled(); }

  void step() {
    if (progress_ == nullptr) return;
    const int64_t done = done_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (done % unit_ == 0) __atomic_add_fetch(&progress_[0], 1, __ATOMIC_RELAXED);
  }

  // Lets all threads end at their next step.
  void stop() { stop_.store(true); }

  // Runs one thread's part; what it throws ends the others' too.
  template <typename Body>
  void guard(Body&& body) {
    try {
      body();
    } catch (...) {
      stop();
      throw;
    }
  }

 private:
  const Grant& grant_;
  int32_t* progress_;
  int64_t unit_ = 1;
  std::atomic<int64_t> done_{0};
  std::atomic<bool> stop_{false};
};

}  // namespace heddle::call
