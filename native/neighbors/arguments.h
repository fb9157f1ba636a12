// The arguments that all operations of this module have, and how they are run.
#pragma once

#include <napi.h>

#include <utility>

#include "blas/blas.h"
#include "call/entry.h"
#include "neighbors/plan.h"

namespace heddle::neighbors {

// Frame: metric, whether to check for NaN and infinities, rows of a chunk.
template <typename T>
Request read_request(Frame& frame, const View<T>& x, const View<T>& y) {
  if (x.columns != y.columns) {
    throw range_error(frame.env(), "heddle: X and Y have different widths");
  }
  if (y.rows > INT32_MAX || x.rows > INT32_MAX) {
    throw range_error(frame.env(), "heddle: more rows than an Int32Array can count");
  }
  Request request;
  const int64_t metric = frame.count();
  if (metric >= kMetrics) throw range_error(frame.env(), "heddle: no such metric");
  request.metric = static_cast<Metric>(metric);
  request.check = frame.flag();
  request.chunk = std::min(std::max<int64_t>(frame.count(), 1), int64_t{1} << 16);
  request.threads = frame.threads();
  return request;
}

inline int64_t checked_product(Napi::Env env, int64_t a, int64_t b) {
  if (static_cast<double>(a) * static_cast<double>(b) > 9007199254740991.0) {
    throw range_error(env, "heddle: a result is too large");
  }
  return a * b;
}

// Runs or queues `body(grant)` as an operation whose parallelism is a team.
template <typename T, typename Body>
Napi::Value perform(Frame& frame, const View<T>& x, const View<T>& y, Body&& body) {
  Demand demand = frame.demand(2.0 * static_cast<double>(x.rows) * static_cast<double>(y.rows) *
                               static_cast<double>(x.columns + 8));
  demand.parallelism = Parallelism::kTeam;
  return call::perform(frame, demand, std::forward<Body>(body));
}

// Adds an operation; a BLAS is opened first, because some metrics need one (inside an operation
// would be too late).
template <template <typename> class Operation>
void define(call::Module& module, const char* name) {
  module.define_typed<Operation, blas::current>(name);
}

}  // namespace heddle::neighbors
