// The arguments that all operations of this module have, and how they are run.
#pragma once

#include <napi.h>

#include <utility>

#include "blas/blas.h"
#include "call/entry.h"
#include "neighbors/plan.h"

namespace heddle::neighbors {

// Reads what all operations have behind their operands. Frame: metric, p, transform, whether X is Y
// and rows are no neighbours of their own, whether to check for NaN and infinities, rows of a
// chunk. Buffer argument `scale`: a Float64Array of as many factors as columns, for
// Transform::kScale.
template <typename T>
Request read_request(Frame& frame, const View<T>& x, const View<T>& y, size_t scale) {
  if (y.rows > INT32_MAX || x.rows > INT32_MAX) {
    throw range_error(frame.env(), "heddle: more rows than an Int32Array can count");
  }
  Request request;
  const int64_t metric = frame.count();
  if (metric >= kMetrics) throw range_error(frame.env(), "heddle: no such metric");
  request.measure = {static_cast<Metric>(metric), frame.next(), x.columns};
  const int64_t transform = frame.count();
  if (transform >= Transform::kKinds) {
    throw range_error(frame.env(), "heddle: no such transform");
  }
  request.transform.kind = static_cast<Transform::Kind>(transform);
  request.own = frame.flag();
  request.check = frame.flag();
  request.chunk = std::min(std::max<int64_t>(frame.count(), 1), int64_t{1} << 16);
  request.threads = frame.threads();

  // Given distances have a column for each row of Y, which has none itself.
  const bool given = request.measure.metric == Metric::kPrecomputed;
  if (given ? x.columns != y.rows : x.columns != y.columns) {
    throw range_error(frame.env(), "heddle: X and Y have different widths");
  }
  if (request.own && x.rows != y.rows) {
    throw range_error(frame.env(), "heddle: X is not Y");
  }
  const bool sphere = request.measure.metric == Metric::kHaversine;
  if (sphere != (transform == Transform::kHaversine) || (sphere && x.columns != 2)) {
    throw range_error(frame.env(), "heddle: points of a sphere have two columns");
  }
  if (request.measure.metric == Metric::kMinkowski && !(request.measure.p > 0)) {
    throw range_error(frame.env(), "heddle: p is not above 0");
  }
  if (request.measure.metric == Metric::kJaccard && x.columns > kMaxSetColumns) {
    throw range_error(frame.env(), "heddle: too many columns to count");
  }
  if (request.transform.kind == Transform::kScale) {
    request.transform.scale = frame.elements<double>(scale, x.columns);
    request.transform.shift.assign(static_cast<size_t>(x.columns), 0);
    for (int64_t i = 0; i < x.columns && y.rows > 0; ++i) {
      request.transform.shift[static_cast<size_t>(i)] = static_cast<double>(y.at(0, i));
    }
  }
  return request;
}

template <typename R>
struct RowsAs {
  using Type = R;
};

// Calls `body(RowsAs<R>())` for how the rows are to be read.
template <typename T, typename Body>
auto with_rows(const Request& request, Body&& body) {
  return request.transform.kind == Transform::kNone ? body(RowsAs<Rows<T>>())
                                                    : body(RowsAs<Transformed<T>>());
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
