#include "blas/module.h"

#include "blas/blas.h"
#include "blas/kernels.h"
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
  result.Set("chosenBy", blas.chosen_by());
  result.Set("threads", blas.threads());
  result.Set("scope", blas.threads_per_caller() ? "thread" : "process");
  result.Set("forkSafe", !blas.fork_unsafe());
  return result;
}

// use(path): swaps the library while no operation is in flight.
void use_library(const Napi::CallbackInfo& call) { use(call[0].As<Napi::String>().Utf8Value()); }

// chooseCore(bits, sveBytes, own?): the core type for a processor with these features; null for
// none.
Napi::Value choose_core(const Napi::CallbackInfo& call) {
  Features features;
  features.bits = call[0].As<Napi::Number>().Uint32Value();
  features.sve_bytes = call[1].As<Napi::Number>().Int32Value();
  const char* core = call[2].IsString()
                         ? better_core(call[2].As<Napi::String>().Utf8Value(), features)
                         : core_for(features);
  if (core == nullptr) return call.Env().Null();
  return Napi::String::New(call.Env(), core);
}

// processorFeatures(): the bits of this processor.
Napi::Value features_of(const Napi::CallbackInfo& call) {
  return Napi::Number::New(call.Env(), processor_features().bits);
}

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
  define<choose_core>(exports, "chooseCore");
  define<features_of>(exports, "processorFeatures");
  napi_value reader = nullptr;
  napi_create_function(env, "variableReader", NAPI_AUTO_LENGTH, variable_reader, nullptr, &reader);
  exports.Set("variableReader", reader);
  return exports;
}

}  // namespace heddle::blas
