// What every native function does around its own work, and how a module is made of such functions.
#pragma once

#include <napi.h>

#include <type_traits>
#include <utility>

#include "call/frame.h"
#include "common/errors.h"

namespace heddle::call {

// The native function for `function(frame)`, which may return a Napi::Value or nothing. What is
// thrown in it reaches JavaScript as an Error with a code.
template <auto function>
Napi::Value entry(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    Frame frame(info);
    if constexpr (std::is_void_v<decltype(function(frame))>) {
      function(frame);
      return info.Env().Undefined();
    } else {
      return function(frame);
    }
  });
}

// Calls `Operation<T>::call(frame)` for the element type of the first buffer, after `prepare()`:
// opening a BLAS, say, would be too late inside an operation.
template <template <typename> class Operation, auto prepare>
Napi::Value call_typed(Frame& frame) {
  prepare();
#ifdef __clang_analyzer__
  // Both types are one text: clang-tidy walks its paths once, which halves its time.
  return Operation<double>::call(frame);
#else
  return frame.is_double() ? Operation<double>::call(frame) : Operation<float>::call(frame);
#endif
}

// A module's exports, and the frame that holds the numbers of its calls.
class Module {
 public:
  explicit Module(Napi::Env env) : exports_(Napi::Object::New(env)) {
    // The functions keep the frame's address; the exports keep the frame.
    auto frame = Napi::Float64Array::New(env, kFrameLength);
    exports_.Set("frame", frame);
    frame_ = frame.Data();
  }

  template <auto function>
  void define(const char* name) {
    exports_.Set(name, Napi::Function::New(exports_.Env(), entry<function>, name, frame_));
  }

  template <template <typename> class Operation, auto prepare>
  void define_typed(const char* name) {
    define<call_typed<Operation, prepare>>(name);
  }

  Napi::Object exports() const { return exports_; }

 private:
  Napi::Object exports_;
  double* frame_;
};

// Queues or runs `body(grant)`, whatever the frame's mode says.
template <typename Body>
Napi::Value perform(Frame& frame, const Demand& demand, Body&& body) {
  return execute(frame.env(), frame.mode(), demand, frame.keep(), std::forward<Body>(body));
}

}  // namespace heddle::call
