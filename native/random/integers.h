// Integers in [0, range], of every width.
//
// References: Lemire, "Fast random integer generation in an interval" (2019); masked rejection, as
// shuffles and hypergeometric numbers use it.
#pragma once

#include <cstdint>

#include "random/wide.h"

namespace heddle::random {

// Lemire's multiplication, for draws of 32 bits and ranges below all of them.
template <typename Source>
uint32_t bounded32(Source& source, uint32_t range) {
  const uint32_t size = range + 1;
  uint64_t product = static_cast<uint64_t>(source.next32()) * size;
  auto low = static_cast<uint32_t>(product);
  if (low < size) {
    const uint32_t threshold = (0xFFFFFFFFU - range) % size;
    while (low < threshold) {
      product = static_cast<uint64_t>(source.next32()) * size;
      low = static_cast<uint32_t>(product);
    }
  }
  return static_cast<uint32_t>(product >> 32);
}

template <typename Source>
uint64_t bounded64(Source& source, uint64_t range) {
  const uint64_t size = range + 1;
  uint64_t high;
  uint64_t low = multiply_wide(source.next64(), size, &high);
  if (low < size) {
    const uint64_t threshold = (0xFFFFFFFFFFFFFFFFULL - range) % size;
    while (low < threshold) low = multiply_wide(source.next64(), size, &high);
  }
  return high;
}

// Draws of 8 or 16 bits, several from one of 32 bits; the rest is dropped at the end of a call.
template <typename Small, typename Source>
class SmallDraws {
 public:
  explicit SmallDraws(Source& source) : source_(source) {}

  Small next() {
    if (left_ == 0) {
      bits_ = source_.next32();
      left_ = 4 / sizeof(Small);
    } else {
      bits_ >>= 8 * sizeof(Small);
    }
    --left_;
    return static_cast<Small>(bits_);
  }

  Small bounded(Small range) {
    constexpr uint32_t kAll = static_cast<Small>(~Small{0});
    if (range == kAll) return next();
    constexpr unsigned kBits = 8 * sizeof(Small);
    const uint32_t size = range + 1U;
    uint32_t product = static_cast<uint32_t>(next()) * size;
    if ((product & kAll) < size) {
      const uint32_t threshold = (kAll - range) % size;
      while ((product & kAll) < threshold) product = static_cast<uint32_t>(next()) * size;
    }
    return static_cast<Small>(product >> kBits);
  }

 private:
  Source& source_;
  uint32_t bits_ = 0;
  unsigned left_ = 0;
};

// Single bits, 32 from one draw.
template <typename Source>
class BitDraws {
 public:
  explicit BitDraws(Source& source) : source_(source) {}
  bool next() {
    if (left_ == 0) {
      bits_ = source_.next32();
      left_ = 31;
    } else {
      bits_ >>= 1;
      --left_;
    }
    return (bits_ & 1U) != 0;
  }

 private:
  Source& source_;
  uint32_t bits_ = 0;
  unsigned left_ = 0;
};

// The bits up to the highest one of a range.
inline uint32_t mask_of(uint32_t range) {
  for (unsigned shift = 1; shift < 32; shift *= 2) range |= range >> shift;
  return range;
}

// Masked rejection: the bits up to the highest one of the range, and again where they are too
// large.
template <typename Source>
uint32_t masked32(Source& source, uint32_t range, uint32_t mask) {
  if (range == 0) return 0;
  uint32_t value;
  while ((value = source.next32() & mask) > range) {
  }
  return value;
}
template <typename Source>
uint32_t masked32(Source& source, uint32_t range) {
  return masked32(source, range, mask_of(range));
}

// The same for ranges of any size, of which large ones take 64 bits.
template <typename Source>
uint64_t masked64(Source& source, uint64_t range) {
  if (range <= 0xFFFFFFFFULL) return masked32(source, static_cast<uint32_t>(range));
  uint64_t mask = range;
  for (unsigned shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
  uint64_t value;
  while ((value = source.next64() & mask) > range) {
  }
  return value;
}

}  // namespace heddle::random
