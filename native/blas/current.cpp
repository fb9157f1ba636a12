// Which library is in use, and its threads under the executor.

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "blas/blas.h"
#include "executor/executor.h"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <unistd.h>
#endif

namespace heddle::blas {

namespace {

// Libraries stay open for ever, so that a reader of the pointer needs no lock.
std::atomic<const Blas*> in_use{nullptr};
std::mutex choosing;

const char* own_variable(Kind kind) {
  switch (kind) {
    case Kind::kOpenBlas:
      return "OPENBLAS_NUM_THREADS";
    case Kind::kBlis:
      return "BLIS_NUM_THREADS";
    case Kind::kMkl:
      return "MKL_NUM_THREADS";
    default:
      return nullptr;
  }
}

class Threads : public ThreadControl {
 public:
  explicit Threads(const Blas& blas) : blas_(blas), ceiling_(user_ceiling(blas)) {}

  bool per_thread() const override { return blas_.threads_per_caller(); }
  int ceiling() const override { return ceiling_; }
  bool fork_unsafe() const override { return blas_.fork_unsafe(); }

  void begin(int width) override {
    int& before = per_thread() ? before_here_ : before_;
    before = blas_.threads();
    if (before != width) blas_.set_threads(width);
  }

  void end() override {
    const int before = per_thread() ? before_here_ : before_;
    if (before > 0 && before != blas_.threads()) blas_.set_threads(before);
  }

 private:
  // What the user has said to the library itself stands.
  static int user_ceiling(const Blas& blas) {
    if (!blas.threaded()) return 1;
    const char* name = own_variable(blas.kind());
    const char* value = name != nullptr ? std::getenv(name) : nullptr;
    return value != nullptr && *value != '\0' ? std::max(blas.threads(), 1) : INT_MAX;
  }

  const Blas& blas_;
  const int ceiling_;
  int before_ = 0;
  static thread_local int before_here_;
};

thread_local int Threads::before_here_ = 0;

#if defined(__linux__)
// A process that exits while an operation runs: what it runs in is about to be torn down by the
// library's destructor. Short operations are waited for, long ones end with the process.
void on_process_exit(int status, void* /*unused*/) {
  if (!Executor::instance().stop_within(std::chrono::milliseconds(200))) _exit(status);
}
#endif

void guard_process() {
  static std::once_flag once;
  std::call_once(once, [] {
#if defined(__unix__) || defined(__APPLE__)
    // Prepare handlers run in reverse order of registration: ours before the library's, which is
    // loaded by now, so that its threads are torn down when no wide call is in flight.
    pthread_atfork([] { Executor::instance().before_fork(); },
                   [] { Executor::instance().after_fork(); }, [] {});
#endif
#if defined(__linux__)
    on_exit(on_process_exit, nullptr);
#endif
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
    Executor::instance().set_thread_control(new Threads(*blas));
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
