// macOS and Windows.
#include "platform/process.h"

#if !defined(__linux__)

namespace heddle::platform {

void before_exit(bool (*)()) {}

}  // namespace heddle::platform
#endif
