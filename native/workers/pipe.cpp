#include "workers/pipe.h"

#if !defined(_WIN32)

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace heddle::workers {

namespace {

bool close_on_exec(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0; }

bool never_block(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

}  // namespace

int create_pipe(int parent_end, int ends[2]) {
#if defined(__linux__)
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
#else
  if (pipe(ends) != 0) return errno;
#endif
  if (close_on_exec(ends[0]) && close_on_exec(ends[1]) && never_block(ends[parent_end])) return 0;
  const int error = errno;
  close(ends[0]);
  close(ends[1]);
  return error;
}

void close_descriptor(int fd) { close(fd); }

}  // namespace heddle::workers

#else

#include <cerrno>

namespace heddle::workers {

int create_pipe(int, int[2]) { return ENOSYS; }

void close_descriptor(int) {}

}  // namespace heddle::workers

#endif
