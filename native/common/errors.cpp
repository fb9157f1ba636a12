#include "common/errors.h"

#include <new>
#include <stdexcept>
#include <system_error>

namespace heddle {

namespace {

napi_value text(napi_env env, const char* characters) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, characters, NAPI_AUTO_LENGTH, &value);
  return value;
}

using Create = napi_status (*)(napi_env, napi_value code, napi_value message, napi_value* result);

Napi::Error make(Napi::Env env, Create create, const char* code, const char* what) {
  napi_value error = nullptr;
  create(env, text(env, code), text(env, what), &error);
  return {env, error};
}

bool is_instance(Napi::Env env, const Napi::Value& value, const char* type) {
  const Napi::Value constructor = env.Global().Get(type);
  return constructor.IsFunction() &&
         value.As<Napi::Object>().InstanceOf(constructor.As<Napi::Function>());
}

// Ours, and those that node-addon-api and Node-API make of wrong arguments, are made without.
Napi::Error with_code(Napi::Env env, const Napi::Error& error) {
  const Napi::Value value = error.Value();
  if (!value.IsObject() || !value.As<Napi::Object>().Get("code").IsUndefined()) return error;
  // What node-addon-api has made of an allocation that failed.
  if (error.Message() == std::bad_alloc().what()) {
    return make(env, napi_create_error, kOutOfMemory,
                "heddle: not enough memory for the operation");
  }
  const bool refusal =
      is_instance(env, value, "TypeError") || is_instance(env, value, "RangeError");
  value.As<Napi::Object>().Set("code", text(env, refusal ? kInvalidArgument : kInternal));
  return error;
}

}  // namespace

Napi::Error error_of(Napi::Env env, const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Napi::Error& error) {
    try {
      return with_code(env, error);
    } catch (const Napi::Error&) {
      return error;  // the environment is ending
    }
  } catch (const CodedError& error) {
    return make(env, napi_create_error, error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return make(env, napi_create_error, kOutOfMemory,
                "heddle: not enough memory for the operation");
  } catch (const std::length_error& error) {
    return make(env, napi_create_error, kTooLarge, error.what());
  } catch (const std::invalid_argument& error) {
    return make(env, napi_create_error, kInvalidArgument, error.what());
  } catch (const std::system_error& error) {
    Napi::Error made = make(env, napi_create_error, kSystem, error.what());
    made.Set("errno", Napi::Number::New(env, error.code().value()));
    return made;
  } catch (const std::exception& error) {
    return make(env, napi_create_error, kInternal, error.what());
  } catch (...) {
    return make(env, napi_create_error, kInternal, "heddle: something was thrown");
  }
}

Napi::RangeError range_error(Napi::Env env, const std::string& text) {
  Napi::RangeError error = Napi::RangeError::New(env, text);
  error.Set("code", kInvalidArgument);
  return error;
}

Napi::TypeError type_error(Napi::Env env, const std::string& text) {
  Napi::TypeError error = Napi::TypeError::New(env, text);
  error.Set("code", kInvalidArgument);
  return error;
}

}  // namespace heddle
