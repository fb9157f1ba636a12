#include "workers/trim.h"

#include <cstdlib>  // tells whether it is glibc

#if defined(__GLIBC__)

#include <malloc.h>

#include <thread>

namespace heddle::workers {

void trim_heap() {
  try {
    std::thread([] { malloc_trim(0); }).detach();
  } catch (...) {
    // No more threads, or no memory for one: what is free stays for another time.
  }
}

}  // namespace heddle::workers

#else

namespace heddle::workers {

void trim_heap() {}

}  // namespace heddle::workers

#endif
