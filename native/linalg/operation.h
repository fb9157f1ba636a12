// What every linear-algebra operation's native function does around its own work.
#pragma once

#include <napi.h>

#include <type_traits>
#include <utility>

#include "blas/blas.h"
#include "executor/frame.h"
#include "linalg/work.h"

namespace heddle::linalg {

// Outcomes that are no LAPACK `info`: beyond any dimension.
constexpr executor::Outcome kNotFinite = -1e9;

// Calls `operation<T>(frame)` for the element type of the first buffer. Opens the BLAS first:
// inside an operation would be too late, since a library is only changed while none runs.
template <template <typename> class Operation>
Napi::Value entry(const Napi::CallbackInfo& info) {
  try {
    blas::current();
    Frame frame(info);
#ifdef __clang_analyzer__
    // Both types are one text: clang-tidy walks its paths once, which halves its time.
    return Operation<double>::call(frame);
#else
    return frame.is_double() ? Operation<double>::call(frame) : Operation<float>::call(frame);
#endif
  } catch (const blas::Unavailable& error) {
    Napi::Error raised = Napi::Error::New(info.Env(), error.what());
    raised.Set("code", Napi::String::New(info.Env(), "ERR_HEDDLE_BLAS"));
    throw raised;
  }
}

// Queues or runs `body(grant)`, whatever the frame's mode says.
template <typename Body>
Napi::Value perform(Frame& frame, const Work& work, Body&& body) {
  Demand demand = frame.demand(work.flops);
  demand.grain = work.grain;
  return executor::execute(frame.env(), frame.mode(), demand, frame.keep(),
                           std::forward<Body>(body));
}

template <typename Body>
Napi::Value perform(Frame& frame, double flops, Body&& body) {
  return perform(frame, Work{flops}, std::forward<Body>(body));
}

}  // namespace heddle::linalg
