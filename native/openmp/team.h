// Teams of OpenMP threads for kernels that are compiled into the addon.
//
// Owns the handle of the runtime library (native/openmp/runtime), which is opened at the first
// team: the addon must load where there is no OpenMP runtime at all. There teams run on threads of
// the addon's own (own_team.h), behind the same functions.
#pragma once

#include <exception>
#include <mutex>
#include <type_traits>

#include "common/affinity.h"
#include "openmp/inside_team.h"

#if defined(__SANITIZE_THREAD__)
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace heddle::openmp {

// Tells ThreadSanitizer that a team starts after, and its caller goes on after, what came before:
// it does not see how libgomp, which is not instrumented, makes its threads wait.
inline void before_team_boundary([[maybe_unused]] void* team) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(team);
#endif
}
inline void after_team_boundary([[maybe_unused]] void* team) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(team);
#endif
}

// The functions of the runtime library, or those of own_team.h where it could not be opened.
struct Runtime {
  int (*run)(int threads, void (*body)(int, int, void*), void* context) = nullptr;
  int (*default_team)() = nullptr;
  int (*nested_team)(int outer) = nullptr;
  bool is_openmp = false;
};

// Opens it at the first call (thread-safe); afterwards costs one load.
const Runtime& runtime();

// How many threads a team that the calling thread opens now can have, of so many: OpenMP ends the
// program where the system refuses it one.
int team_to_be_had(int threads);

// Calls `body(rank, size)` on each of at most `threads` threads, the caller among them as rank 0,
// and returns when all have returned.
// A kernel must not assume that it gets as many threads as it asked for: it reads `size`.
// What the body throws on any thread is thrown here (the first one caught).
template <typename Body>
void run_team(int threads, Body&& body) {
  if (threads > 1) threads = team_to_be_had(threads);
  if (threads <= 1) {
    body(0, 1);
    return;
  }
  struct Context {
    std::remove_reference_t<Body>* body;
    std::exception_ptr error;
    std::mutex mutex;
  } context{&body, nullptr, {}};
  const KeptAffinity affinity;
  before_team_boundary(&context);
  runtime().run(
      threads,
      [](int rank, int size, void* opaque) {
        after_team_boundary(opaque);
        auto* shared = static_cast<Context*>(opaque);
        const InsideTeam inside;
        try {
          (*shared->body)(rank, size);
        } catch (...) {
          const std::lock_guard<std::mutex> lock(shared->mutex);
          if (!shared->error) shared->error = std::current_exception();
        }
        before_team_boundary(opaque);
      },
      &context);
  after_team_boundary(&context);
  if (context.error) std::rethrow_exception(context.error);
}

}  // namespace heddle::openmp
