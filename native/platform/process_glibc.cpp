// glibc: a thread's stack is what `ulimit -s` says, usually 8 MiB.
#include "platform/process.h"

#include <cstdlib>

#if defined(__GLIBC__)
#include <unistd.h>

namespace heddle::platform {

void before_exit(bool (*finished)()) {
  on_exit(
      [](int status, void* question) {
        if (!reinterpret_cast<bool (*)()>(question)()) _exit(status);
      },
      reinterpret_cast<void*>(finished));
}

}  // namespace heddle::platform
#endif
