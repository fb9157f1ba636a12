// musl: a thread has a stack of 128 KiB unless somebody asks for more, and OpenBLAS's parallel
// factorizations take more, on threads of its own.
#include "platform/process.h"

#include <cstdlib>

#if defined(__linux__) && !defined(__GLIBC__)
#include <pthread.h>

namespace heddle::platform {

namespace {

// For threads that are started from now on, by whatever library.
bool give_threads_room() {
  constexpr size_t kStack = size_t{8} << 20;  // as glibc's; only what is touched takes memory
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  size_t now = 0;
  bool given = false;
  if (pthread_getattr_default_np(&attributes) == 0 &&
      pthread_attr_getstacksize(&attributes, &now) == 0 && now < kStack &&
      pthread_attr_setstacksize(&attributes, kStack) == 0) {
    given = pthread_setattr_default_np(&attributes) == 0;
  }
  pthread_attr_destroy(&attributes);
  return given;
}

// When the addon is loaded, before any library that it opens starts threads.
[[maybe_unused]] const bool given_at_load = give_threads_room();

bool (*question)() = nullptr;

}  // namespace

// There is no on_exit, and so no way to learn the status with which the process could be ended.
void before_exit(bool (*finished)()) {
  question = finished;
  std::atexit([] {
    while (!question()) {
    }
  });
}

}  // namespace heddle::platform
#endif
