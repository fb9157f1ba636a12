// Teams of OpenMP threads for kernels that are compiled into the addon.
//
// Owns the handle of the door library (native/openmp/runtime), which is opened at the first team:
// the addon must load where there is no OpenMP runtime at all.
#pragma once

#include <exception>
#include <mutex>
#include <string>
#include <type_traits>

namespace heddle::openmp {

// The functions of the door library, null where it could not be opened.
struct Door {
  int (*run)(int threads, void (*body)(int, int, void*), void* context) = nullptr;
  int (*default_team)() = nullptr;
  int (*nested_team)(int outer) = nullptr;
  std::string error;  // why it could not be opened
};

// Opens the door at the first call (thread-safe); afterwards costs one load.
const Door& door();

// Calls `body(rank, size)` on each of at most `threads` threads, the caller among them as rank 0,
// and returns when all have returned. Runs on the caller alone where there is no OpenMP.
// A kernel must not assume that it gets as many threads as it asked for: it reads `size`.
// What the body throws on any thread is thrown here (the first one caught).
template <typename Body>
void run_team(int threads, Body&& body) {
  if (threads <= 1 || door().run == nullptr) {
    body(0, 1);
    return;
  }
  struct Context {
    std::remove_reference_t<Body>* body;
    std::exception_ptr error;
    std::mutex mutex;
  } context{&body, nullptr, {}};
  door().run(
      threads,
      [](int rank, int size, void* opaque) {
        auto* shared = static_cast<Context*>(opaque);
        try {
          (*shared->body)(rank, size);
        } catch (...) {
          const std::lock_guard<std::mutex> lock(shared->mutex);
          if (!shared->error) shared->error = std::current_exception();
        }
      },
      &context);
  if (context.error) std::rethrow_exception(context.error);
}

}  // namespace heddle::openmp
