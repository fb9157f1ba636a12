// Which library is in use, and its threads under the executor.

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>

#include "blas/blas.h"
#include "common/affinity.h"
#include "executor/executor.h"
#include "platform/process.h"
#include "threadpools/registry.h"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace heddle::blas {

namespace {

// Libraries stay open for ever, so that a reader of the pointer needs no lock.
std::atomic<const Blas*> in_use{nullptr};
std::mutex choosing;

// A library whose thread count is the process's: shared with all who hold leases on it.
class ProcessThreads : public ThreadControl {
 public:
  explicit ProcessThreads(const Blas& blas)
      : fork_unsafe_(blas.fork_unsafe()),
        runtime_(threadpools::process_runtime(blas.thread_setter(),
                                              {[&blas] { return blas.threads(); },
                                               [&blas](int count) { blas.set_threads(count); },
                                               {}})) {}

  bool per_thread() const override { return false; }
  int ceiling() const override {
    const int limit = runtime_.lease_limit();
    return limit > 0 ? limit : INT_MAX;
  }
  bool fork_unsafe() const override { return fork_unsafe_; }
  void begin(int width) override { runtime_.begin_override(width); }
  void end(int width) override { runtime_.end_override(width); }

 private:
  const bool fork_unsafe_;
  threadpools::ProcessRuntime& runtime_;
};

// A library whose thread count is each thread's own, or that has no threads.
class CallerThreads : public ThreadControl {
 public:
  explicit CallerThreads(const Blas& blas) : blas_(blas) {}

  bool per_thread() const override { return true; }
  int ceiling() const override { return blas_.threaded() ? INT_MAX : 1; }
  bool fork_unsafe() const override { return false; }
  void begin(int width) override {
    before_.threads = blas_.threads();
    if (before_.threads != width) blas_.set_threads(width);
    before_.fewer = width > 1 && blas_.require_all_threads();
    if (width > 1) before_.affinity.emplace();
  }
  void end(int width) override {
    before_.affinity.reset();
    if (before_.fewer) blas_.allow_fewer_threads();
    if (before_.threads != width) blas_.set_threads(before_.threads);
  }

 private:
  // Of the calling thread, before the operation that it runs.
  struct Before {
    int threads = 0;
    bool fewer = false;
    std::optional<KeptAffinity> affinity;
  };

  const Blas& blas_;
  static thread_local Before before_;
};

thread_local CallerThreads::Before CallerThreads::before_;

std::unique_ptr<ThreadControl> control_of(const Blas& blas) {
  if (blas.threads_per_caller() || !blas.threaded()) return std::make_unique<CallerThreads>(blas);
  threadpools::scan();  // what is known of the library's own state comes from there
  return std::make_unique<ProcessThreads>(blas);
}

// A process that exits while an operation runs: what it runs in is about to be torn down by the
// library's destructor. Short operations are waited for; what becomes of long ones is the
// platform's.
bool operations_finished() {
  return Executor::instance().stop_within(std::chrono::milliseconds(200));
}

void guard_process() {
  static std::once_flag once;
  std::call_once(once, [] {
#if defined(__unix__) || defined(__APPLE__)
    // Prepare handlers run in reverse order of registration: ours before the library's, which is
    // loaded by now, so that its threads are torn down when no wide call is in flight.
    pthread_atfork([] { Executor::instance().before_fork(); },
                   [] { Executor::instance().after_fork(); }, [] {});
#endif
    platform::before_exit(operations_finished);
  });
}

std::vector<std::string> candidates() {
#if defined(__APPLE__)
  return {addon_folder() + "/libopenblas-heddle.dylib",
          "/System/Library/Frameworks/Accelerate.framework/Accelerate", "libopenblas.dylib"};
#elif defined(_WIN32)
  return {addon_folder() + "\\libopenblas-heddle.dll", "libopenblas.dll", "mkl_rt.2.dll"};
#else
  return {addon_folder() + "/libopenblas-heddle.so",
          "libopenblas.so.0",
          "libblas.so.3",
          "libmkl_rt.so.2",
          "libblis.so.4",
          "libflexiblas.so.3"};
#endif
}

void adopt(const Blas& opened) {
  const auto* blas = new Blas(opened);  // for ever, see in_use
  guard_process();
  Executor::instance().exclusively([&] {
    Executor::instance().set_thread_control(control_of(*blas).release());  // for ever, too
    in_use.store(blas, std::memory_order_release);
  });
}

void choose() {
  const char* chosen = std::getenv("HEDDLE_BLAS");
  if (chosen != nullptr && *chosen != '\0') {
    try {
      adopt(Blas::open(chosen));
      return;
    } catch (const Unavailable& error) {
      throw Unavailable(std::string("the library named by HEDDLE_BLAS can't be used: ") +
                        error.what());
    }
  }
  std::string tried;
  for (const std::string& candidate : candidates()) {
    try {
      adopt(Blas::open(candidate));
      return;
    } catch (const Unavailable& error) {
      tried += std::string("\n  ") + error.what();
    }
  }
  throw Unavailable(
      "no BLAS library was found. Install one (Debian: apt-get install libopenblas0-pthread) or "
      "set "
      "HEDDLE_BLAS to its path. Tried:" +
      tried);
}

}  // namespace

const Blas& current() {
  if (const Blas* blas = in_use.load(std::memory_order_acquire)) return *blas;
  const std::lock_guard<std::mutex> lock(choosing);
  if (in_use.load() == nullptr) choose();
  return *in_use.load();
}

void use(const std::string& path) {
  const std::lock_guard<std::mutex> lock(choosing);
  adopt(Blas::open(path));
}

}  // namespace heddle::blas
