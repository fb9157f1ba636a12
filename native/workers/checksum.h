// Whether bytes that were kept in a file are still what they were.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heddle::workers {

// A sum of `count` bytes. Whatever happens to one aligned word of eight bytes changes it; other
// damage does in all but one of 2^64 cases. It is no seal: who wants to can make other bytes of the
// same sum.
uint64_t checksum(const void* bytes, std::size_t count);

}  // namespace heddle::workers
