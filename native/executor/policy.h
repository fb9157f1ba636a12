// How wide an operation runs, and whether it should start now: pure functions of what is known.
// They know nothing of threads, queues or locks.
#pragma once

#include "executor/demand.h"

namespace heddle::policy {

// A synchronous operation smaller than this (tens of microseconds) takes no core from the budget:
// waiting for one would cost more, and the thread that calls computes anyway.
constexpr double kInlineWork = 2e5;

// What a wide call makes of each of its cores: a guess that leans towards side by side.
constexpr double kWideEfficiency = 0.85;

// How many callers that block go before a job that waits: a few, since each holds a thread up, but
// not all, since worker threads that call in a loop would keep the job waiting for ever.
constexpr int kBlockingTurns = 4;

// The most cores that anything may have now.
struct Limits {
  int budget = 1;
  int blas_ceiling = 1;       // the smallest live limit on the BLAS library's threads
  bool fork_waiting = false;  // no threaded BLAS call may begin
};

// The most cores that pay for the work and that all limits allow.
int widest(const Demand& demand, const Limits& limits);

// What the executor is doing, in estimates.
struct Load {
  Limits limits;
  int busy = 0;              // cores in use
  bool idle = true;          // nothing runs, not even what takes no core
  double rate = 1e10;        // flops a second of a narrow operation
  double drain = 0;          // seconds until everything that runs now has ended
  double queued_work = 0;    // of operations that wait behind the head
  double expected_work = 0;  // likely to be asked for while the head runs
};

// The width at which the head of the queue should start now, or 0 if it should wait. Compares when
// everything that is known would be done: the head narrow now, as wide as there are free cores now,
// or wide once the others have ended.
int decide(const Demand& head, const Load& load);

}  // namespace heddle::policy
