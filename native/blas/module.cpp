#include "blas/module.h"

#include "blas/blas.h"
#include "common/errors.h"

namespace heddle::blas {

namespace {

// info(): what the library in use is; opens one if none is.
Napi::Value info(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  const Blas& blas = current();
  Napi::Object result = Napi::Object::New(env);
  result.Set("library", blas.kind_name());
  result.Set("version", blas.version());
  result.Set("file", blas.file());
  result.Set("lapackFile", blas.lapack_file());
  result.Set("integers", blas.ilp64() ? "ilp64" : "lp64");
  result.Set("prefix", blas.prefix());
  result.Set("suffix", blas.suffix());
  result.Set("threading", blas.threading());
  result.Set("architecture", blas.architecture());
  result.Set("threads", blas.threads());
  result.Set("scope", blas.threads_per_caller() ? "thread" : "process");
  result.Set("forkSafe", !blas.fork_unsafe());
  return result;
}

// use(path): swaps the library while no operation is in flight.
void use_library(const Napi::CallbackInfo& call) { use(call[0].As<Napi::String>().Utf8Value()); }

// variableReader(): see native.ts. Called for each operation where a variable is set, so by the
// plain interface.
napi_value variable_reader(napi_env env, napi_callback_info /*info*/) {
  int32_t reader = 0;
  try {
    reader = static_cast<int32_t>(current().variable_reader());
  } catch (const Unavailable&) {
    reader = 0;  // the operation itself will say so
  }
  napi_value result = nullptr;
  napi_create_int32(env, reader, &result);
  return result;
}

}  // namespace

Napi::Object init(Napi::Env env) {
  Napi::Object exports = Napi::Object::New(env);
  define<info>(exports, "info");
  define<use_library>(exports, "use");
  napi_value reader = nullptr;
  napi_create_function(env, "variableReader", NAPI_AUTO_LENGTH, variable_reader, nullptr, &reader);
  exports.Set("variableReader", reader);
  return exports;
}

}  // namespace heddle::blas
