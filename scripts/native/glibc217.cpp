// What GCC 12's static C++ library takes from a glibc newer than the one that every system of a
// Node binary has (2.28). Compiled into prebuilds only.

#include <cerrno>
#include <cstdint>
#include <ctime>

#include <pthread.h>
#include <unistd.h>

#define HEDDLE_HIDDEN extern "C" __attribute__((visibility("hidden")))

// A hint that locks may be skipped (glibc 2.32). Node always has several threads.
HEDDLE_HIDDEN char __libc_single_threaded;
char __libc_single_threaded = 0;

// Waits by a clock of the caller's choice (glibc 2.30). The older wait knows the real-time clock
// only, so what is left until the deadline is carried over to it.
HEDDLE_HIDDEN int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                         clockid_t clock, const timespec* deadline) {
  constexpr int64_t kSecond = 1000000000;
  timespec now{};
  timespec real{};
  if (clock_gettime(clock, &now) != 0 || clock_gettime(CLOCK_REALTIME, &real) != 0) return EINVAL;
  const int64_t left =
      (deadline->tv_sec - now.tv_sec) * kSecond + (deadline->tv_nsec - now.tv_nsec);
  const int64_t until = real.tv_sec * kSecond + real.tv_nsec + (left > 0 ? left : 0);
  const timespec absolute{static_cast<time_t>(until / kSecond), static_cast<long>(until % kSecond)};
  return pthread_cond_timedwait(condition, mutex, &absolute);
}

// Random numbers from the system (glibc 2.36), asked by std::random_device.
HEDDLE_HIDDEN uint32_t arc4random() {
  uint32_t value = 0;
  if (getentropy(&value, sizeof value) != 0) __builtin_trap();  // arc4random can't fail
  return value;
}
