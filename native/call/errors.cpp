#include "call/errors.h"

#include <new>
#include <stdexcept>

#include "common/coded_error.h"

namespace heddle::call {

namespace {

template <typename E>
E with_code(E error, const char* code) {
  error.Set("code", Napi::String::New(error.Env(), code));
  return error;
}

}  // namespace

Napi::Error Problem::error(Napi::Env env) const {
  return with_code(Napi::Error::New(env, text), code);
}

Problem problem_of(const std::exception& error) {
  if (const auto* coded = dynamic_cast<const CodedError*>(&error)) {
    return {coded->what(), coded->code()};
  }
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return {"heddle: not enough memory for the operation", kOutOfMemory};
  }
  if (dynamic_cast<const std::length_error*>(&error) != nullptr) return {error.what(), kTooLarge};
  if (dynamic_cast<const std::invalid_argument*>(&error) != nullptr) {
    return {error.what(), kInvalidArgument};
  }
  return {error.what(), kInternal};
}

Napi::RangeError range_error(Napi::Env env, const std::string& text) {
  return with_code(Napi::RangeError::New(env, text), kInvalidArgument);
}

Napi::TypeError type_error(Napi::Env env, const std::string& text) {
  return with_code(Napi::TypeError::New(env, text), kInvalidArgument);
}

}  // namespace heddle::call
