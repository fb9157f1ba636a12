#include "workers/watch.h"

#if !defined(_WIN32)

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace heddle::workers {

namespace {

#if defined(POLLRDHUP)
constexpr short kHangUp = POLLRDHUP;
#else
constexpr short kHangUp = POLLHUP;
#endif
constexpr short kGone = kHangUp | POLLHUP | POLLERR | POLLNVAL;

// What is watched, for the end of the process.
std::atomic<int> watched{-1};

struct Watch {
  int fd;
  int grace_ms;
};

// Waits until the other end has gone, or for so many milliseconds. That the kernel has no memory to
// look (ENOMEM) says nothing about who is there: it is asked again.
bool has_gone(int fd, int limit_ms) {
  const timespec pause{0, 10 * 1000000L};
  pollfd entry{fd, kHangUp, 0};
  for (int tries = 0;; ++tries) {
    const int ready = poll(&entry, 1, limit_ms);
    if (ready > 0 && (entry.revents & kGone) != 0) return true;
    if (limit_ms >= 0 && (ready >= 0 || tries > 100)) return false;
    if (ready < 0 && errno != EINTR) nanosleep(&pause, nullptr);
  }
}

void* wait_for_end(void* argument) {
  const Watch watch = *static_cast<Watch*>(argument);
  delete static_cast<Watch*>(argument);
  // Signals are for the threads that expect them.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  has_gone(watch.fd, -1);
  const timespec grace{watch.grace_ms / 1000, (watch.grace_ms % 1000) * 1000000L};
  nanosleep(&grace, nullptr);
  if (getpgrp() == getpid()) kill(0, SIGKILL);
  kill(getpid(), SIGKILL);
  return nullptr;
}

// At the end of a process that ends by itself: its parent may have gone, and with this process the
// thread that would end what tasks have started.
void end_group() {
  if (getpgrp() != getpid()) return;
  if (has_gone(watched.load(), 0)) kill(0, SIGKILL);
}

}  // namespace

int watch_peer(int fd, int grace_ms) {
#if defined(__linux__)
  // A process that is stopped watches nothing: the end of the thread that made it lets it go on.
  prctl(PR_SET_PDEATHSIG, SIGCONT);
#endif
  // A descriptor of its own: JavaScript may close the other one, and its number be used again.
  const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return errno;
  auto* const watch = new (std::nothrow) Watch{own, grace_ms};
  if (watch == nullptr) {
    close(own);
    return ENOMEM;
  }
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, size_t{64} * 1024);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, wait_for_end, watch);
  pthread_attr_destroy(&attributes);
  if (error != 0) {
    delete watch;
    close(own);
  } else if (watched.exchange(own) < 0) {
    static_cast<void>(std::atexit(end_group));
  }
  return error;
}

}  // namespace heddle::workers

#else

namespace heddle::workers {

// Not written for Windows: a worker there ends when its event loop sees the channel close.
int watch_peer(int, int) { return 0; }

}  // namespace heddle::workers

#endif
