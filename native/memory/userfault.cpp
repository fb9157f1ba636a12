#include "memory/userfault.h"

#if defined(__linux__)

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace heddle::memory {

namespace {

// <linux/userfaultfd.h>, which the headers that prebuilds are made with do not have.
#if defined(SYS_userfaultfd)
constexpr long kSystemCall = SYS_userfaultfd;
#elif defined(__x86_64__)
constexpr long kSystemCall = 323;
#else
constexpr long kSystemCall = 282;  // of all architectures that came after 2012
#endif
constexpr int kUserModeOnly = 1;  // since Linux 5.11, and then open to everyone

struct Api {
  uint64_t api;
  uint64_t features;
  uint64_t ioctls;
};
struct Register {
  uint64_t start;
  uint64_t length;
  uint64_t mode;
  uint64_t ioctls;
};
struct CopyPages {
  uint64_t to;
  uint64_t from;
  uint64_t length;
  uint64_t mode;
  int64_t copied;
};
constexpr uint64_t kApi = 0xAA;
constexpr uint64_t kMissing = 1;
constexpr unsigned long kApiCall = _IOWR(0xAA, 0x3F, Api);
constexpr unsigned long kRegisterCall = _IOWR(0xAA, 0x00, Register);
constexpr unsigned long kCopyCall = _IOWR(0xAA, 0x03, CopyPages);

}  // namespace

UserFault::UserFault(const Range& range) {
  const int file = static_cast<int>(syscall(kSystemCall, O_CLOEXEC | kUserModeOnly));
  if (file < 0) return;
  Api api{kApi, 0, 0};
  const size_t pages = (range.bytes() + page_size() - 1) / page_size() * page_size();
  Register all{reinterpret_cast<uint64_t>(range.data()), pages, kMissing, 0};
  if (ioctl(file, kApiCall, &api) == 0 && ioctl(file, kRegisterCall, &all) == 0) {
    descriptor_ = file;
  } else {
    close(file);
  }
}

// The end of the descriptor is the end of what was registered with it.
UserFault::~UserFault() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool UserFault::copy(char* to, const char* from, size_t bytes) const {
  size_t done = 0;
  while (done < bytes) {
    CopyPages pages{reinterpret_cast<uint64_t>(to) + done, reinterpret_cast<uint64_t>(from) + done,
                    bytes - done, 0, 0};
    if (ioctl(descriptor_, kCopyCall, &pages) == 0) return true;
    // It may stop on its way, as for a signal.
    if (pages.copied > 0) {
      done += static_cast<size_t>(pages.copied);
    } else if (errno != EAGAIN && errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace heddle::memory

#else

namespace heddle::memory {

UserFault::UserFault(const Range& /*range*/) {}
UserFault::~UserFault() = default;
bool UserFault::copy(char* /*to*/, const char* /*from*/, size_t /*bytes*/) const { return false; }

}  // namespace heddle::memory

#endif
