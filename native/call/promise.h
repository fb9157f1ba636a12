// Operations that JavaScript waits for: one way for every module's blocking and queued calls.
//
// Owns, for each JavaScript environment, the way back onto its thread (one thread-safe function,
// alive only as long as the environment) and the jobs that have finished but not been told yet.
#pragma once

#include <napi.h>

#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include "common/errors.h"
#include "executor/executor.h"

namespace heddle::call {

// What an operation computes besides its output arrays: a LAPACK `info`, a count, …
using Outcome = double;

// How JavaScript calls: the first number of every operation's frame. Below 0: blocking. 0: queued.
// A positive number: queued, and known by it.
struct Mode {
  bool blocking = true;
  double id = 0;  // of a queued call, for cancel(); 0 where nobody will cancel
};

// Queues `body` and returns a Promise of its outcome. `keep` holds the buffers that the body uses;
// they live until it is done. Must be called on the environment's thread.
Napi::Value queue(Napi::Env env, const Mode& mode, const Demand& demand, const Napi::Value& keep,
                  std::function<Outcome(const Grant&)> body);

// A Promise that is rejected with the Error for what was thrown.
Napi::Value rejected(Napi::Env env, const std::exception_ptr& thrown);

// The demand, capped by the limits that are open on the calling JavaScript thread.
Demand within_limits(Demand demand);

// Runs `body(grant)` now, or queues it, as the mode says. Returns its outcome as a number, or a
// Promise of it. What it throws is thrown (or the Promise rejected) as an Error.
template <typename Body>
Napi::Value execute(Napi::Env env, const Mode& mode, const Demand& demand, const Napi::Value& keep,
                    Body&& body) {
  if (!mode.blocking) {
    try {
      return queue(env, mode, demand, keep, std::forward<Body>(body));
    } catch (...) {
      return rejected(env, std::current_exception());
    }
  }
  Outcome outcome = 0;
  guarded(env, [&] {
    Executor::instance().run(within_limits(demand),
                             [&](const Grant& grant) { outcome = body(grant); });
  });
  return Napi::Number::New(env, outcome);
}

// Gives up the queued call that is known by `id`.
void cancel(Napi::Env env, double id);

}  // namespace heddle::call
