#include "platform/proc.h"

#if defined(__linux__)
#include <unistd.h>

#include <string>
#endif

namespace heddle::platform {

#if defined(__linux__)

bool has_own_proc() {
  // The id that this process has in the tree that /proc was mounted for; see pid_namespaces(7).
  static const bool own = [] {
    char id[32];
    const ssize_t length = readlink("/proc/self", id, sizeof(id));
    return length > 0 && std::string(id, static_cast<size_t>(length)) == std::to_string(getpid());
  }();
  return own;
}

#else

bool has_own_proc() { return false; }

#endif

}  // namespace heddle::platform
