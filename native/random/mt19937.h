// MT19937, the Mersenne Twister (Matsumoto and Nishimura 1998): 32-bit outputs of a state of 624
// words, which are made anew all at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "random/mt19937_jump.h"
#include "random/state.h"

namespace heddle::random {

class Mt19937 {
 public:
  static constexpr size_t kWords = kMt19937Words;
  static constexpr bool kNarrow = true;
  static constexpr bool kAdvances = false;
  static constexpr bool kJumps = true;
  static constexpr size_t kSize = 624;

  void load(const uint64_t* place) {
    std::memcpy(key_.data(), place, sizeof(key_));
    at_ = place[kWords - 1] > kSize ? kSize : static_cast<size_t>(place[kWords - 1]);
  }
  void store(uint64_t* place) const {
    std::memcpy(place, key_.data(), sizeof(key_));
    place[kWords - 1] = at_;
  }

  uint32_t next32() {
    if (at_ == kSize) renew();
    return temper(key_[at_++]);
  }
  uint64_t next() {
    const uint64_t high = next32();
    return (high << 32) | next32();
  }
  // Of 27 and 26 bits.
  static double to_double(uint64_t bits) {
    const auto high = static_cast<int32_t>(static_cast<uint32_t>(bits >> 32) >> 5);
    const auto low = static_cast<int32_t>(static_cast<uint32_t>(bits) >> 6);
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }

  template <typename Sink>
  void bulk32(size_t count, Sink&& sink) {
    size_t i = 0;
    while (i < count) {
      if (at_ == kSize) renew();
      const size_t here = count - i < kSize - at_ ? count - i : kSize - at_;
      for (size_t k = 0; k < here; ++k) sink(i + k, temper(key_[at_ + k]));
      i += here;
      at_ += here;
    }
  }
  template <typename Sink>
  void bulk(size_t count, Sink&& sink) {
    for (size_t i = 0; i < count; ++i) sink(i, next());
  }

  void skip32(uint64_t count) {
    while (count > kSize - at_) {
      count -= kSize - at_;
      renew();
    }
    at_ += static_cast<size_t>(count);
  }
  void skip(uint64_t count) { skip32(2 * count); }

  // To the place after 2^128 outputs: the state's polynomial in x, the step, by Horner's rule
  // (Haramoto, Matsumoto, Nishimura, Panneton and L'Ecuyer 2008). As NumPy does it, which takes the
  // words from the place on for the oldest ones.
  void jump() {
    if (at_ == kSize) at_ = 0;
    const std::array<uint32_t, kSize> start = key_;
    const size_t first = at_;
    bool begun = false;
    for (size_t degree = kJumpDegree + 1; degree-- > 0;) {
      if (begun) step();
      if ((kJumpPolynomial[degree / 64] >> (degree % 64) & 1U) == 0) continue;
      if (begun) {
        add(start, first);
      } else {
        begun = true;
      }
    }
  }

 private:
  static constexpr size_t kMiddle = 397;

  static uint32_t temper(uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9D2C5680U;
    y ^= (y << 15) & 0xEFC60000U;
    return y ^ (y >> 18);
  }
  static uint32_t twist(uint32_t high, uint32_t low, uint32_t middle) {
    const uint32_t y = (high & 0x80000000U) | (low & 0x7FFFFFFFU);
    return middle ^ (y >> 1) ^ ((0U - (y & 1U)) & 0x9908B0DFU);
  }

  void renew() {
    size_t i = 0;
    for (; i < kSize - kMiddle; ++i) key_[i] = twist(key_[i], key_[i + 1], key_[i + kMiddle]);
    for (; i < kSize - 1; ++i) key_[i] = twist(key_[i], key_[i + 1], key_[i + kMiddle - kSize]);
    key_[i] = twist(key_[i], key_[0], key_[kMiddle - 1]);
    at_ = 0;
  }

  // One word anew, the oldest, which is at the place.
  void step() {
    const size_t next = at_ + 1 == kSize ? 0 : at_ + 1;
    const size_t middle = at_ + kMiddle < kSize ? at_ + kMiddle : at_ + kMiddle - kSize;
    key_[at_] = twist(key_[at_], key_[next], key_[middle]);
    at_ = next;
  }

  // Adds a state whose oldest word is `first`.
  void add(const std::array<uint32_t, kSize>& words, size_t first) {
    size_t to = at_;
    size_t from = first;
    for (size_t done = 0; done < kSize;) {
      const size_t here = kSize - (to > from ? to : from);
      const size_t run = here < kSize - done ? here : kSize - done;
      for (size_t k = 0; k < run; ++k) key_[to + k] ^= words[from + k];
      done += run;
      to = to + run == kSize ? 0 : to + run;
      from = from + run == kSize ? 0 : from + run;
    }
  }

  std::array<uint32_t, kSize> key_{};
  size_t at_ = kSize;
};

}  // namespace heddle::random
