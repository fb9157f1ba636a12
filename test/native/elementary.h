// A trial of the elementary functions of native/random.
#pragma once

#include <cstdint>
#include <string>

namespace heddle {

struct ElementaryTrial {
  // Arguments whose result has other bits: than that of this system's C library; between the two ways to
  // compute, with the processor's fused multiply-add and with the compiler's.
  int64_t unlike_library = 0;
  int64_t unlike_each_other = 0;
  // Of the bits of all results, by FNV-1a; a value that is no number counts as one and the same.
  uint64_t hash = 14695981039346656037U;
};

// Calls the function `name` (expf: of floats) with `count` arguments of a kind: 0 such as random numbers
// give it, 1 any numbers at all by their bits, 2 the edges of its domain. Throws std::invalid_argument
// where there is no such function.
ElementaryTrial try_elementary(const std::string& name, int kind, uint64_t seed, int64_t count);

// The version of glibc that this process runs on; empty with another C library.
std::string glibc_version();

}  // namespace heddle
