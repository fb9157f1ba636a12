#include "call/module.h"

#include "call/frame.h"
#include "call/promise.h"
#include "common/errors.h"
#include "executor/bytes.h"
#include "executor/executor.h"
#include "executor/results.h"

namespace heddle::call {

namespace {

// budget(cores?): sets the core budget if one is given, and returns it.
Napi::Value budget(const Napi::CallbackInfo& info) {
  if (info.Length() > 0 && info[0].IsNumber()) {
    Executor::instance().set_budget(info[0].As<Napi::Number>().Int32Value());
  }
  return Napi::Number::New(info.Env(), Executor::instance().budget());
}

// cancel(id)
Napi::Value cancel_call(const Napi::CallbackInfo& info) {
  cancel(info.Env(), info[0].As<Napi::Number>().DoubleValue());
  return info.Env().Undefined();
}

// overlap(written, read): whether two typed arrays have a byte in common.
Napi::Value overlap_of(const Napi::CallbackInfo& info) {
  const auto bytes_of = [&](size_t index) {
    if (!info[index].IsTypedArray()) {
      throw type_error(info.Env(), "heddle: a typed array was expected");
    }
    const auto array = info[index].As<Napi::TypedArray>();
    void* data = nullptr;
    napi_get_typedarray_info(info.Env(), array, nullptr, nullptr, &data, nullptr, nullptr);
    return region_of(data, array.ByteLength());
  };
  return Napi::Boolean::New(info.Env(), overlap(bytes_of(0), bytes_of(1)));
}

// stats(resetPeak?): what the executor is doing.
Napi::Value stats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ExecutorStats now =
      Executor::instance().stats(info.Length() > 0 && info[0].ToBoolean().Value());
  Napi::Object result = Napi::Object::New(env);
  result.Set("budget", now.budget);
  result.Set("busy", now.busy);
  result.Set("peak", now.peak);
  result.Set("threads", now.threads);
  result.Set("queued", static_cast<double>(now.queued));
  result.Set("running", static_cast<double>(now.running));
  result.Set("wide", now.wide);
  result.Set("narrow", now.narrow);
  return result;
}

}  // namespace

Napi::Object init(Napi::Env env) {
  Napi::Object exports = Napi::Object::New(env);
  define<budget>(exports, "budget");
  define<cancel_call>(exports, "cancel");
  exports.Set("holdsBytes", executor::HeldBytes::possible());
  define<overlap_of>(exports, "overlap");
  define<executor::prepare_result>(exports, "prepareResult");
  define<stats>(exports, "stats");
  return exports;
}

}  // namespace heddle::call
