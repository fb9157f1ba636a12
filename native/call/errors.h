// How what goes wrong in C++ reaches JavaScript: always as an Error with a code.
#pragma once

#include <napi.h>

#include <exception>
#include <string>

namespace heddle::call {

// The codes; src/errors.ts has the first one too.
constexpr const char* kInvalidArgument = "ERR_HEDDLE_INVALID_ARGUMENT";
constexpr const char* kOutOfMemory = "ERR_HEDDLE_OUT_OF_MEMORY";
constexpr const char* kTooLarge = "ERR_HEDDLE_TOO_LARGE";
constexpr const char* kInternal = "ERR_HEDDLE_INTERNAL";

// An exception's text and code, to be made an Error later, on the environment's thread.
struct Problem {
  std::string text;
  const char* code = nullptr;  // null: nothing went wrong

  explicit operator bool() const { return code != nullptr; }
  Napi::Error error(Napi::Env env) const;
};

// What an exception means: CodedError has its own code; std::bad_alloc is out of memory,
// std::length_error and std::invalid_argument are too large and invalid arguments, and anything
// else is a fault of ours.
Problem problem_of(const std::exception& error);

// For arguments that TypeScript should not have let through.
Napi::RangeError range_error(Napi::Env env, const std::string& text);
Napi::TypeError type_error(Napi::Env env, const std::string& text);

// Calls `body()`; an exception of C++ is thrown as an Error. (A Napi::Error passes.)
template <typename Body>
auto guarded(Napi::Env env, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw problem_of(error).error(env);
  }
}

}  // namespace heddle::call
