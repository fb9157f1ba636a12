#include "workers/checksum.h"

#include <cstring>

namespace heddle::workers {

namespace {

// FNV-1a's offset and prime of 64 bits (RFC 9923), over words instead of bytes. For a given word a
// step is one-to-one, since the prime is odd: sums that differ once never come together over equal
// words.
constexpr uint64_t kOffset = 0xcbf29ce484222325;
constexpr uint64_t kPrime = 0x00000100000001b3;

}  // namespace

uint64_t checksum(const void* bytes, std::size_t count) {
  const auto* at = static_cast<const unsigned char*>(bytes);
  uint64_t sum = kOffset;
  const auto take = [&sum](uint64_t word) {
    sum = (sum ^ word) * kPrime;
    sum ^= sum >> 32;  // the product carries upwards only
  };
  std::size_t left = count;
  for (; left >= sizeof(uint64_t); left -= sizeof(uint64_t), at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    take(word);
  }
  uint64_t rest = 0;
  if (left > 0) std::memcpy(&rest, at, left);  // of no bytes there may be no address
  take(rest);
  take(count);
  return sum;
}

}  // namespace heddle::workers
