// 128-bit arithmetic for the permuted congruential generators.
//
// The compiler's own type where there is one, else two halves; both with the same few operations.
#pragma once

#include <cstdint>

#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#endif

namespace heddle::random {

// The product of two 64-bit numbers: returns the low half and sets the high one.
inline uint64_t multiply_wide(uint64_t a, uint64_t b, uint64_t* high) {
#if defined(__SIZEOF_INT128__)
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  *high = static_cast<uint64_t>(product >> 64);
  return static_cast<uint64_t>(product);
#elif defined(_MSC_VER) && defined(_M_X64)
  return _umul128(a, b, high);
#else
  const uint64_t a0 = a & 0xFFFFFFFFU;
  const uint64_t a1 = a >> 32;
  const uint64_t b0 = b & 0xFFFFFFFFU;
  const uint64_t b1 = b >> 32;
  const uint64_t low = a0 * b0;
  const uint64_t middle = a1 * b0 + (low >> 32);
  const uint64_t cross = (middle & 0xFFFFFFFFU) + a0 * b1;
  *high = a1 * b1 + (middle >> 32) + (cross >> 32);
  return (cross << 32) | (low & 0xFFFFFFFFU);
#endif
}

#if defined(__SIZEOF_INT128__)

__extension__ using U128 = unsigned __int128;
constexpr U128 make_u128(uint64_t high, uint64_t low) {
  return (static_cast<U128>(high) << 64) | low;
}
constexpr uint64_t high_half(U128 x) { return static_cast<uint64_t>(x >> 64); }
constexpr uint64_t low_half(U128 x) { return static_cast<uint64_t>(x); }

#else

struct U128 {
  uint64_t high = 0;
  uint64_t low = 0;

  constexpr U128() = default;
  constexpr U128(uint64_t value) : low(value) {}  // NOLINT: as the compiler's own type
  constexpr U128(uint64_t h, uint64_t l) : high(h), low(l) {}
};
constexpr U128 make_u128(uint64_t high, uint64_t low) { return {high, low}; }
constexpr uint64_t high_half(const U128& x) { return x.high; }
constexpr uint64_t low_half(const U128& x) { return x.low; }
inline U128 operator+(const U128& a, const U128& b) {
  const uint64_t low = a.low + b.low;
  return {a.high + b.high + (low < a.low ? 1U : 0U), low};
}
inline U128 operator*(const U128& a, const U128& b) {
  uint64_t high;
  const uint64_t low = multiply_wide(a.low, b.low, &high);
  return {high + a.high * b.low + a.low * b.high, low};
}

#endif

}  // namespace heddle::random
