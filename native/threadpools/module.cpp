// What JavaScript sees of this folder: lists of numbers, because set and restore have to be done
// in a microsecond. The meaning of limits (numbers, records, prefixes) is in src/threadpools.

#include "threadpools/module.h"

#include <array>
#include <atomic>

#include "common/errors.h"
#include "threadpools/limits.h"
#include "threadpools/registry.h"

namespace heddle::threadpools {

namespace {

// Numbers pass through a buffer that each environment has: cheaper than arguments.
constexpr size_t kSlots = 1024;

int read_count(const Runtime& runtime) {
  return runtime.process != nullptr ? runtime.process->get() : runtime.root->thread.get();
}

// scan(): how many runtimes are known.
napi_value scan_function(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  napi_create_uint32(env, static_cast<uint32_t>(scan()), &result);
  return result;
}

// counts(): scans, writes the thread count of each runtime into the buffer, and returns how many.
napi_value counts_function(napi_env env, napi_callback_info info) {
  void* slots = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &slots);
  const size_t count = scan();
  for (size_t index = 0; index < count && index < kSlots; ++index) {
    static_cast<int32_t*>(slots)[index] = read_count(*runtime_at(index));
  }
  napi_value result = nullptr;
  napi_create_uint32(env, static_cast<uint32_t>(count), &result);
  return result;
}

// The buffer's first 2 * n numbers: place of a runtime and threads, place and threads, …
// Writes over each number of threads what it was before.
const ThreadLimits::Counts& take_counts(void* slots, uint32_t n) {
  thread_local ThreadLimits::Counts counts;
  counts.clear();
  auto* const numbers = static_cast<int32_t*>(slots);
  for (size_t pair = 0; pair < n && 2 * pair + 1 < kSlots; ++pair) {
    const Runtime* runtime = runtime_at(static_cast<size_t>(numbers[2 * pair]));
    const int threads = numbers[2 * pair + 1];
    if (runtime == nullptr || threads < 1) continue;  // checked in TypeScript
    counts.emplace_back(runtime, threads);
    numbers[2 * pair + 1] = read_count(*runtime);
  }
  return counts;
}

// open(n, blas, openmp, isDefault): a lease with n counts from the buffer; returns its id.
napi_value open_function(napi_env env, napi_callback_info info) {
  std::array<napi_value, 4> arguments{};
  size_t count = arguments.size();
  void* slots = nullptr;
  napi_get_cb_info(env, info, &count, arguments.data(), nullptr, &slots);
  uint32_t n = 0;
  int32_t blas = 0;
  int32_t openmp = 0;
  bool is_default = false;
  napi_get_value_uint32(env, arguments[0], &n);
  napi_get_value_int32(env, arguments[1], &blas);
  napi_get_value_int32(env, arguments[2], &openmp);
  napi_get_value_bool(env, arguments[3], &is_default);
  const auto kind = is_default ? ThreadLimits::Kind::kDefault : ThreadLimits::Kind::kLimit;
  const ThreadLimits::LeaseId id =
      ThreadLimits::of_this_thread().open(take_counts(slots, n), blas, openmp, kind);
  napi_value result = nullptr;
  napi_create_double(env, static_cast<double>(id), &result);
  return result;
}

// extend(id, n): adds n counts from the buffer to a lease.
napi_value extend_function(napi_env env, napi_callback_info info) {
  std::array<napi_value, 2> arguments{};
  size_t count = arguments.size();
  void* slots = nullptr;
  napi_get_cb_info(env, info, &count, arguments.data(), nullptr, &slots);
  double id = 0;
  uint32_t n = 0;
  napi_get_value_double(env, arguments[0], &id);
  napi_get_value_uint32(env, arguments[1], &n);
  ThreadLimits::of_this_thread().extend(static_cast<ThreadLimits::LeaseId>(id),
                                        take_counts(slots, n));
  return nullptr;
}

// close(id)
napi_value close_function(napi_env env, napi_callback_info info) {
  napi_value argument = nullptr;
  size_t count = 1;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  double id = 0;
  napi_get_value_double(env, argument, &id);
  ThreadLimits::of_this_thread().close(static_cast<ThreadLimits::LeaseId>(id));
  return nullptr;
}

// operationLimit(api): what operation_limit() says; 0 blas, 1 openmp.
Napi::Value operation_limit_function(const Napi::CallbackInfo& info) {
  const bool openmp = info[0].As<Napi::Number>().Int32Value() == 1;
  return Napi::Number::New(info.Env(), operation_limit(openmp ? Api::kOpenmp : Api::kBlas));
}

// warnOnce(): whether the process has not been warned yet.
Napi::Value warn_once(const Napi::CallbackInfo& info) {
  static std::atomic<bool> warned{false};
  return Napi::Boolean::New(info.Env(), !warned.exchange(true));
}

Napi::Value list(Napi::Env env, const std::vector<std::string>& texts) {
  Napi::Array array = Napi::Array::New(env, texts.size());
  for (uint32_t index = 0; index < texts.size(); ++index) array.Set(index, texts[index]);
  return array;
}

// describe(place): everything about a runtime but its count.
Napi::Value describe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Runtime* runtime = runtime_at(info[0].As<Napi::Number>().Uint32Value());
  if (runtime == nullptr) return env.Undefined();
  const Details details = details_of(*runtime);
  Napi::Object result = Napi::Object::New(env);
  result.Set("userApi", runtime->user_api);
  result.Set("internalApi", runtime->internal_api);
  result.Set("prefix", runtime->prefix);
  result.Set("filepath", runtime->filepath);
  result.Set("scope", runtime->process != nullptr ? "process" : "thread");
  result.Set("root", static_cast<double>(index_of(*runtime->root)));
  result.Set("version",
             details.version.empty() ? env.Null() : Napi::String::New(env, details.version));
  if (!details.threading_layer.empty()) result.Set("threadingLayer", details.threading_layer);
  if (!details.architecture.empty()) result.Set("architecture", details.architecture);
  if (details.has_backends) {
    result.Set("availableBackends", list(env, details.available_backends));
    result.Set("loadedBackends", list(env, details.loaded_backends));
    result.Set("currentBackend", details.current_backend);
  }
  return result;
}

template <napi_value (*function)(napi_env, napi_callback_info)>
void set_function(Napi::Object exports, const char* name, void* slots) {
  napi_value value = nullptr;
  napi_create_function(exports.Env(), name, NAPI_AUTO_LENGTH, guarded_plain<function>, slots,
                       &value);
  exports.Set(name, value);
}

}  // namespace

Napi::Object init(Napi::Env env) {
  Napi::Object exports = Napi::Object::New(env);
  Napi::ArrayBuffer memory = Napi::ArrayBuffer::New(env, kSlots * sizeof(int32_t));
  // The functions hold its address: it lives as long as the environment.
  Napi::ObjectReference kept = Napi::Persistent(memory.As<Napi::Object>());
  kept.SuppressDestruct();
  void* const slots = memory.Data();
  exports.Set("slots", Napi::Int32Array::New(env, kSlots, memory, 0));
  set_function<scan_function>(exports, "scan", slots);
  set_function<counts_function>(exports, "counts", slots);
  set_function<open_function>(exports, "open", slots);
  set_function<extend_function>(exports, "extend", slots);
  set_function<close_function>(exports, "close", slots);
  define<describe>(exports, "describe");
  define<warn_once>(exports, "warnOnce");
  define<operation_limit_function>(exports, "operationLimit");
  // A worker that ends gives back what it holds; runs on the worker's own thread.
  napi_add_env_cleanup_hook(
      env, [](void*) { ThreadLimits::of_this_thread().close_all(); }, nullptr);
  return exports;
}

}  // namespace heddle::threadpools
