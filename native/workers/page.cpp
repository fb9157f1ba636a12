#include "workers/page.h"

#if !defined(_WIN32)

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace heddle::workers {

int create_page() {
#if defined(__linux__)
  const int fd = memfd_create("heddle-worker", MFD_CLOEXEC);
#else
  char path[] = "/tmp/heddle-worker-XXXXXX";
  const int fd = mkstemp(path);
  if (fd >= 0) {
    unlink(path);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
#endif
  if (fd < 0) return -1;
  if (ftruncate(fd, static_cast<off_t>(kPageBytes)) != 0) {
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

void* map_page(int fd) {
  void* address = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return address == MAP_FAILED ? nullptr : address;
}

void unmap_page(void* address) { munmap(address, kPageBytes); }

}  // namespace heddle::workers

#else

namespace heddle::workers {

int create_page() { return -1; }
void* map_page(int) { return nullptr; }
void unmap_page(void*) {}

}  // namespace heddle::workers

#endif
