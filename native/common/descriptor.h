// A descriptor that is closed with its scope, unless it is handed on.
#pragma once

#if defined(_WIN32)
#include <io.h>
#else
#include <unistd.h>
#endif

namespace heddle {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ < 0) return;
#if defined(_WIN32)
    _close(fd_);
#else
    close(fd_);
#endif
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  // -1 where there is none.
  int get() const { return fd_; }
  // Leaves it to the caller to close.
  int hand_on() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

}  // namespace heddle
