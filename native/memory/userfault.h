// Filling new memory of a mapping without having it zeroed first, by several threads at once.
//
// A write to the file, which also needs no zeros, takes the file's lock: threads wait for each
// other. A write to the mapping has the kernel zero each page before. What the kernel has for those
// who serve page faults themselves (UFFDIO_COPY, Linux 4.11) does neither.
#pragma once

#include "memory/file.h"

namespace heddle::memory {

class UserFault {
 public:
  // For a shared mapping of which no page exists yet, and which nobody touches meanwhile. False
  // afterwards where the kernel has none of it, or does not let us.
  explicit UserFault(const Range& range);
  ~UserFault();
  UserFault(const UserFault&) = delete;
  UserFault& operator=(const UserFault&) = delete;

  explicit operator bool() const { return descriptor_ >= 0; }
  // Whole pages. False when it could not: what is there then must be written in another way.
  bool copy(char* to, const char* from, size_t bytes) const;

 private:
  int descriptor_ = -1;
};

}  // namespace heddle::memory
