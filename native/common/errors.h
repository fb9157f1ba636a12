// What JavaScript sees of what is thrown in C++: an Error with a code, whatever it was.
//
// No exception may cross a C interface, and node-addon-api catches only its own: every function
// that JavaScript calls is made by define() or call::Module, which catch all.
#pragma once

#include <napi.h>

#include <exception>
#include <memory>
#include <string>

#include "common/coded_error.h"

namespace heddle {

// The codes; src/errors.ts has the first one too.
constexpr const char* kInvalidArgument = "ERR_HEDDLE_INVALID_ARGUMENT";
constexpr const char* kOutOfMemory = "ERR_HEDDLE_OUT_OF_MEMORY";
constexpr const char* kTooLarge = "ERR_HEDDLE_TOO_LARGE";
constexpr const char* kSystem = "ERR_HEDDLE_SYSTEM";
constexpr const char* kInternal = "ERR_HEDDLE_INTERNAL";

// The Error for what was thrown: CodedError has its own code; std::bad_alloc is out of memory,
// std::length_error and std::invalid_argument are too large and invalid arguments,
// std::system_error is a call to the system that failed (with `errno`), a Napi::Error without code
// is a refusal of an argument if it is a TypeError or RangeError, and anything else is a fault of
// ours.
//
// Allocates nothing in C++, so that it may follow on a std::bad_alloc.
Napi::Error error_of(Napi::Env env, const std::exception_ptr& thrown);

// For arguments that TypeScript should not have let through.
Napi::RangeError range_error(Napi::Env env, const std::string& text);
Napi::TypeError type_error(Napi::Env env, const std::string& text);

// Calls `body()`; what it throws is thrown as a Napi::Error with a code.
template <typename Body>
auto guarded(Napi::Env env, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (...) {
    throw error_of(env, std::current_exception());
  }
}

// A function for JavaScript that throws nothing but Errors with codes.
template <auto function>
auto guarded_call(const Napi::CallbackInfo& info) -> decltype(function(info)) {
  return guarded(info.Env(), [&] { return function(info); });
}

// Adds `function` (of a Napi::CallbackInfo) to a module's exports.
template <auto function>
void define(Napi::Object exports, const char* name, void* data = nullptr) {
  exports.Set(name, Napi::Function::New<guarded_call<function>>(exports.Env(), name, data));
}

// The same for a function of Node-API's own kind, where each of its calls has to be fast.
template <napi_value (*function)(napi_env, napi_callback_info)>
napi_value guarded_plain(napi_env env, napi_callback_info info) {
  try {
    return function(env, info);
  } catch (...) {
    error_of(env, std::current_exception()).ThrowAsJavaScriptException();
    return nullptr;
  }
}

// A JavaScript value that owns `object`. The tag tells it from all that others wrap: what is behind
// an External is nobody's guess.
template <typename T>
Napi::Value wrapped(Napi::Env env, std::unique_ptr<T> object, const napi_type_tag& tag) {
  napi_value value = nullptr;
  const napi_status made = napi_create_external(
      env, object.get(), [](napi_env, void* data, void*) { delete static_cast<T*>(data); }, nullptr,
      &value);
  if (made != napi_ok) throw Napi::Error::New(env);
  static_cast<void>(object.release());
  if (napi_type_tag_object(env, value, &tag) != napi_ok) throw Napi::Error::New(env);
  return {env, value};
}

// The object in it; null for whatever has not been wrapped with this tag.
template <typename T>
T* unwrap(const Napi::Value& value, const napi_type_tag& tag) {
  bool ours = false;
  void* data = nullptr;
  if (!value.IsExternal() ||
      napi_check_object_type_tag(value.Env(), value, &tag, &ours) != napi_ok || !ours ||
      napi_get_value_external(value.Env(), value, &data) != napi_ok) {
    return nullptr;
  }
  return static_cast<T*>(data);
}

}  // namespace heddle
