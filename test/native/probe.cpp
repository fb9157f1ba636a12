// Loads libraries as other people's addons do, and sees what they really do.

#include <dlfcn.h>
#include <napi.h>
#if defined(__linux__)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "elementary.h"
#include "executor/policy.h"
#include "stress.h"
#include "workers/core_account.h"

namespace {

Napi::Error failure(Napi::Env env) { return Napi::Error::New(env, dlerror()); }

void* handle_of(const Napi::Value& value) { return value.As<Napi::External<void>>().Data(); }

// load(path): opens a library for this addon alone, as require() does with an addon's own.
Napi::Value load(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw failure(info.Env());
  return Napi::External<void>::New(info.Env(), handle);
}

template <typename F>
F symbol(const Napi::CallbackInfo& info, const std::string& name) {
  void* address = dlsym(handle_of(info[0]), name.c_str());
  if (address == nullptr) throw failure(info.Env());
  return reinterpret_cast<F>(address);
}

// call(library, name, number?): calls int name() or void name(int).
Napi::Value call(const Napi::CallbackInfo& info) {
  const std::string name = info[1].As<Napi::String>();
  if (info.Length() == 2) {
    return Napi::Number::New(info.Env(), symbol<int (*)()>(info, name)());
  }
  symbol<void (*)(int)>(info, name)(info[2].As<Napi::Number>().Int32Value());
  return info.Env().Undefined();
}

// callText(library, name, text): calls int name(const char*).
Napi::Value call_text(const Napi::CallbackInfo& info) {
  const std::string text = info[2].As<Napi::String>();
  return Napi::Number::New(
      info.Env(), symbol<int (*)(const char*)>(info, info[1].As<Napi::String>())(text.c_str()));
}

// Both libgomp and LLVM's libomp have these entry points of GCC's compiled code.
struct Openmp {
  void (*parallel)(void (*)(void*), void*, unsigned, unsigned);
  int (*team_size)();
  void (*set_levels)(int);
};

struct Region {
  const Openmp* openmp;
  unsigned inner;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  int largest_inner = 0;
};

Openmp openmp_of(const Napi::CallbackInfo& info) {
  return {symbol<decltype(Openmp::parallel)>(info, "GOMP_parallel"),
          symbol<int (*)()>(info, "omp_get_num_threads"),
          symbol<void (*)(int)>(info, "omp_set_max_active_levels")};
}

// team(library): opens a region of the library's own choice; how many threads really ran it.
Napi::Value team(const Napi::CallbackInfo& info) {
  const Openmp openmp = openmp_of(info);
  Region region{&openmp, 0, {}, {}};
  openmp.parallel(
      [](void* data) {
        auto* const shared = static_cast<Region*>(data);
        const std::lock_guard<std::mutex> lock(shared->mutex);
        shared->threads.insert(std::this_thread::get_id());
      },
      &region, 0, 0);
  return Napi::Number::New(info.Env(), static_cast<double>(region.threads.size()));
}

// nested(library, outer, inner): a region of `inner` threads (0: of the library's choice) inside
// each thread of one of `outer`; returns how many ran in all, and in the largest inner team.
Napi::Value nested(const Napi::CallbackInfo& info) {
  const Openmp openmp = openmp_of(info);
  openmp.set_levels(2);
  const auto outer = info[1].As<Napi::Number>().Uint32Value();
  Region region{&openmp, info[2].As<Napi::Number>().Uint32Value(), {}, {}};
  openmp.parallel(
      [](void* data) {
        auto* const shared = static_cast<Region*>(data);
        shared->openmp->parallel(
            [](void* inner) {
              auto* const all = static_cast<Region*>(inner);
              const std::lock_guard<std::mutex> lock(all->mutex);
              all->threads.insert(std::this_thread::get_id());
              all->largest_inner = std::max(all->largest_inner, all->openmp->team_size());
            },
            shared, shared->inner, 0);
      },
      &region, outer, 0);
  Napi::Array result = Napi::Array::New(info.Env());
  result.Set(0U, static_cast<double>(region.threads.size()));
  result.Set(1U, region.largest_inner);
  return result;
}

// product(library, n): a product of n x n matrices of ones; returns its first element.
Napi::Value product(const Napi::CallbackInfo& info) {
  const auto gemm = symbol<void (*)(
      const char*, const char*, const int*, const int*, const int*, const double*, const double*,
      const int*, const double*, const int*, const double*, double*, const int*)>(info, "dgemm_");
  const int n = info[1].As<Napi::Number>().Int32Value();
  const std::vector<double> ones(static_cast<size_t>(n) * static_cast<size_t>(n), 1.0);
  std::vector<double> result(ones.size());
  const double one = 1;
  const double zero = 0;
  gemm("N", "N", &n, &n, &n, &one, ones.data(), &n, ones.data(), &n, &zero, result.data(), &n);
  return Napi::Number::New(info.Env(), result[0]);
}

// stressProcessRuntime(threads, rounds): see stress.h; an empty text if all held.
Napi::Value stress_process_runtime(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(),
                           heddle::stress_process_runtime(info[0].As<Napi::Number>().Int32Value(),
                                                          info[1].As<Napi::Number>().Int32Value()));
}

// stressCores(workers, rounds, budget): see stress.h; what went wrong, and how often one had more.
Napi::Value stress_cores(const Napi::CallbackInfo& info) {
  const auto number = [&](size_t at) { return info[at].As<Napi::Number>().Int32Value(); };
  double lent = 0;
  const std::string report = heddle::stress_cores(number(0), number(1), number(2), &lent);
  Napi::Array result = Napi::Array::New(info.Env());
  result.Set(0U, report);
  result.Set(1U, lent);
  return result;
}

// availableCores(budget, own, share, entries): what entry `own` may have in use now, where the others
// are [share, in use, ms without work or -1].
Napi::Value available_cores(const Napi::CallbackInfo& info) {
  namespace workers = heddle::workers;
  const auto page = std::make_unique<workers::CorePage>();
  const auto entries = info[3].As<Napi::Array>();
  constexpr uint32_t kNow = 1000000;
  page->budget = info[0].As<Napi::Number>().Int32Value();
  page->entries = static_cast<int32_t>(entries.Length());
  for (uint32_t index = 0; index < entries.Length(); ++index) {
    const auto one = entries.Get(index).As<Napi::Array>();
    const auto number = [&](uint32_t at) { return one.Get(at).As<Napi::Number>().Int32Value(); };
    page->entry[index].share = number(0);
    page->entry[index].in_use = number(1);
    page->entry[index].idle_since = number(2) < 0 ? 0 : kNow - static_cast<uint32_t>(number(2));
  }
  const int own = info[1].As<Napi::Number>().Int32Value();
  const int share = info[2].As<Napi::Number>().Int32Value();
  return Napi::Number::New(info.Env(), workers::available_cores(*page, own, share, kNow));
}

// decide(demand, load): the width at which the executor would start an operation now, 0 to wait, and
// the widest that would pay; no thread is involved.
Napi::Value decide(const Napi::CallbackInfo& info) {
  const auto demand_of = info[0].As<Napi::Object>();
  const auto load_of = info[1].As<Napi::Object>();
  const auto number = [](const Napi::Object& from, const char* name) {
    return from.Get(name).As<Napi::Number>();
  };
  heddle::Demand head;
  head.work = number(demand_of, "work");
  head.max_threads = number(demand_of, "maxThreads");
  head.parallelism = demand_of.Get("team").As<Napi::Boolean>() ? heddle::Parallelism::kTeam
                                                               : heddle::Parallelism::kBlas;
  heddle::policy::Load load;
  load.limits.budget = number(load_of, "budget");
  load.limits.blas_ceiling = number(load_of, "blasCeiling");
  load.limits.fork_waiting = load_of.Get("forkWaiting").As<Napi::Boolean>();
  load.busy = number(load_of, "busy");
  load.idle = load_of.Get("idle").As<Napi::Boolean>();
  load.rate = number(load_of, "rate");
  load.drain = number(load_of, "drain");
  load.queued_work = number(load_of, "queuedWork");
  load.expected_work = number(load_of, "expectedWork");
  Napi::Array result = Napi::Array::New(info.Env());
  result.Set(0U, heddle::policy::decide(head, load));
  result.Set(1U, heddle::policy::widest(head, load.limits));
  return result;
}

#if defined(__linux__)
// forbidLooking(): the kernel lets no process without capabilities look into this one any more.
void forbid_looking(const Napi::CallbackInfo& info) {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) throw Napi::Error::New(info.Env(), "prctl failed");
}

// forbidMemory(errno): memfd_create() fails with that from now on, here and in what is started from here,
// as in a container with such a seccomp profile.
void forbid_memory(const Napi::CallbackInfo& info) {
  const uint32_t error = info[0].As<Napi::Number>().Uint32Value();
  sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program = {static_cast<uint16_t>(sizeof(steps) / sizeof(steps[0])), steps};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0) {
    throw Napi::Error::New(info.Env(), "no filter of system calls can be had");
  }
}
#endif

// elementary(name, kind, seed, count): how many results of a function are unlike the C library's, how
// many differ between the ways to compute them, and the hash of all.
Napi::Value try_elementary(const Napi::CallbackInfo& info) {
  try {
    const heddle::ElementaryTrial trial = heddle::try_elementary(
        info[0].As<Napi::String>(), info[1].As<Napi::Number>(),
        static_cast<uint64_t>(info[2].As<Napi::Number>().Int64Value()), info[3].As<Napi::Number>());
    Napi::Array result = Napi::Array::New(info.Env());
    result.Set(uint32_t{0}, static_cast<double>(trial.unlike_library));
    result.Set(uint32_t{1}, static_cast<double>(trial.unlike_each_other));
    result.Set(uint32_t{2}, Napi::BigInt::New(info.Env(), trial.hash));
    return result;
  } catch (const std::invalid_argument& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

Napi::Value glibc_version(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), heddle::glibc_version());
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, auto function) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("load", load);
  add("call", call);
  add("callText", call_text);
  add("team", team);
  add("nested", nested);
  add("product", product);
  add("stressProcessRuntime", stress_process_runtime);
  add("stressCores", stress_cores);
  add("availableCores", available_cores);
  add("decide", decide);
  add("elementary", try_elementary);
  add("glibcVersion", glibc_version);
#if defined(__linux__)
  add("forbidLooking", forbid_looking);
  add("forbidMemory", forbid_memory);
#endif
  return exports;
}

}  // namespace

NODE_API_MODULE(heddle_probe, init)
