// The arguments that all operations of this module have, and how they are run.
#pragma once

#include <napi.h>

#include <cstring>
#include <utility>

#include "blas/blas.h"
#include "executor/frame.h"
#include "executor/promise.h"
#include "neighbors/plan.h"

namespace heddle::neighbors {

// Frame: metric, whether to check for NaN and infinities, rows of a chunk.
template <typename T>
Request read_request(Frame& frame, const View<T>& x, const View<T>& y) {
  if (x.columns != y.columns) {
    throw Napi::RangeError::New(frame.env(), "heddle: X and Y have different widths");
  }
  if (y.rows > INT32_MAX || x.rows > INT32_MAX) {
    throw Napi::RangeError::New(frame.env(), "heddle: more rows than an Int32Array can count");
  }
  Request request;
  const int64_t metric = frame.count();
  if (metric >= kMetrics) throw Napi::RangeError::New(frame.env(), "heddle: no such metric");
  request.metric = static_cast<Metric>(metric);
  request.check = frame.flag();
  request.chunk = std::min(std::max<int64_t>(frame.count(), 1), int64_t{1} << 16);
  request.threads = frame.threads();
  return request;
}

inline int64_t checked_product(Napi::Env env, int64_t a, int64_t b) {
  if (static_cast<double>(a) * static_cast<double>(b) > 9007199254740991.0) {
    throw Napi::RangeError::New(env, "heddle: a result is too large");
  }
  return a * b;
}

// Buffer argument `index`, of at least `length` elements.
template <typename E>
E* elements(const Napi::CallbackInfo& info, size_t index, int64_t length) {
  constexpr napi_typedarray_type wanted = std::is_same_v<E, int32_t>  ? napi_int32_array
                                          : std::is_same_v<E, double> ? napi_float64_array
                                                                      : napi_float32_array;
  napi_typedarray_type type{};
  size_t has = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(info.Env(), info[index], &type, &has, &data, nullptr, nullptr) !=
          napi_ok ||
      type != wanted || static_cast<int64_t>(has) < length) {
    throw Napi::RangeError::New(info.Env(), "heddle: a buffer is too short or of another type");
  }
  return static_cast<E*>(data);
}

inline int32_t* optional_progress(const Napi::CallbackInfo& info, size_t index) {
  if (info.Length() <= index || info[index].IsUndefined()) return nullptr;
  return elements<int32_t>(info, index, 2);
}

// Runs or queues `body(grant)` as an operation whose parallelism is a team.
template <typename T, typename Body>
Napi::Value perform(Frame& frame, const View<T>& x, const View<T>& y, Body&& body) {
  Demand demand = frame.demand(2.0 * static_cast<double>(x.rows) * static_cast<double>(y.rows) *
                               static_cast<double>(x.columns + 8));
  demand.parallelism = Parallelism::kTeam;
  return executor::execute(frame.env(), frame.mode(), demand, frame.keep(),
                           std::forward<Body>(body));
}

// The native function of an operation: for the element type of X, with a BLAS opened where the
// metric needs one (inside an operation would be too late).
template <template <typename> class Operation>
Napi::Value entry(const Napi::CallbackInfo& info) {
  try {
    blas::current();
    Frame frame(info);
#ifdef __clang_analyzer__
    return Operation<double>::call(frame, info);  // as in linalg/operation.h
#else
    return frame.is_double() ? Operation<double>::call(frame, info)
                             : Operation<float>::call(frame, info);
#endif
  } catch (const blas::Unavailable& error) {
    Napi::Error raised = Napi::Error::New(info.Env(), error.what());
    raised.Set("code", Napi::String::New(info.Env(), "ERR_HEDDLE_BLAS"));
    throw raised;
  }
}

}  // namespace heddle::neighbors
