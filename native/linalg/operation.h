// What every linear-algebra operation's native function does around its own work.
#pragma once

#include <napi.h>

#include <utility>

#include "blas/blas.h"
#include "call/entry.h"
#include "linalg/work.h"

namespace heddle::linalg {

// Sizes that TypeScript lets through are right; here they are checked once more.
inline void require(Frame& frame, bool fits) {
  if (!fits) throw range_error(frame.env(), "heddle: the shapes of the matrices differ");
}

// Adds an operation; the BLAS is opened before its frame is read.
template <template <typename> class Operation>
void define(call::Module& module, const char* name) {
  module.define_typed<Operation, blas::current>(name);
}

// Queues or runs `body(grant)`, whatever the frame's mode says.
template <typename Body>
Napi::Value perform(Frame& frame, const Work& work, Body&& body) {
  Demand demand = frame.demand(work.flops);
  demand.grain = work.grain;
  return call::perform(frame, demand, std::forward<Body>(body));
}

template <typename Body>
Napi::Value perform(Frame& frame, double flops, Body&& body) {
  return perform(frame, Work{flops}, std::forward<Body>(body));
}

}  // namespace heddle::linalg
