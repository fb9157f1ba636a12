#include "call/module.h"

#include <chrono>

#include "call/frame.h"
#include "call/promise.h"
#include "common/errors.h"
#include "executor/bytes.h"
#include "executor/executor.h"
#include "executor/results.h"
#include "workers/uv.h"

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

// Milliseconds to add to a time of the executor's clock to get one of process.hrtime()'s.
double clock_shift() {
#if defined(__linux__)
  return 0;  // both are CLOCK_MONOTONIC
#else
  const double here =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
          .count();
  return static_cast<double>(uv_hrtime()) / 1e6 - here;
#endif
}

// coreSpans(): what the operations of this environment's thread have had of the cores since the
// last call: [from, to, cores, from, to, cores, ...], times in ms of process.hrtime(). Undefined:
// none.
Napi::Value core_spans(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  CoreSpans::Taken spans;
  const size_t count = Executor::instance().take_spans(spans);
  if (count == 0) return env.Undefined();
  const double shift = clock_shift();
  const auto milliseconds = [&](CoreSpan::Time time) {
    return std::chrono::duration<double, std::milli>(time.time_since_epoch()).count() + shift;
  };
  Napi::Array result = Napi::Array::New(env, 3 * count);
  for (size_t i = 0; i < count; ++i) {
    const auto at = static_cast<uint32_t>(3 * i);
    result[at] = milliseconds(spans[i].from);
    result[at + 1] = milliseconds(spans[i].to);
    result[at + 2] = spans[i].cores;
  }
  return result;
}

}  // namespace

Napi::Object init(Napi::Env env) {
  Napi::Object exports = Napi::Object::New(env);
  define<budget>(exports, "budget");
  define<cancel_call>(exports, "cancel");
  define<core_spans>(exports, "coreSpans");
  exports.Set("holdsBytes", executor::HeldBytes::possible());
  define<overlap_of>(exports, "overlap");
  define<executor::prepare_result>(exports, "prepareResult");
  define<stats>(exports, "stats");
  return exports;
}

}  // namespace heddle::call
