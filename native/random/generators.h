// The bit generators: PCG64 and PCG64DXSM (O'Neill 2014), Philox4x64-10 (Salmon et al. 2011),
// SFC64 (Doty-Humphrey).
//
// Each is a small value with the same members: load and store its place, next(), bulk() for many
// outputs at once, skip() over outputs, seed(); advance() where there is one. mt19937.h has one
// more.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "random/state.h"
#include "random/wide.h"

namespace heddle::random {

constexpr uint64_t rotate_right(uint64_t x, unsigned count) {
  return (x >> count) | (x << ((64U - count) & 63U));
}

// What generators of 64-bit outputs have in common: 32-bit draws are their halves.
struct Wide64 {
  static constexpr bool kNarrow = false;
  static constexpr bool kJumps = false;
  static double to_double(uint64_t bits) { return random::to_double(bits); }
};

// The place of a linear congruential generator after `steps`: squares and multiplies (Brown 1994).
struct Leap {
  U128 multiplier;
  U128 increment;

  static Leap of(U128 multiplier, U128 increment, U128 steps) {
    Leap leap{1U, 0U};
    uint64_t rest = low_half(steps);
    uint64_t above = high_half(steps);
    while (rest != 0 || above != 0) {
      if ((rest & 1U) != 0) {
        leap.multiplier = leap.multiplier * multiplier;
        leap.increment = leap.increment * multiplier + increment;
      }
      increment = (multiplier + U128{1U}) * increment;
      multiplier = multiplier * multiplier;
      rest = (rest >> 1) | (above << 63);
      above >>= 1;
    }
    return leap;
  }

  U128 operator()(U128 state) const { return state * multiplier + increment; }
};

// Both PCGs: a 128-bit congruential state and an output function. PCG64 takes its output after the
// step, DXSM before.
template <typename Variant>
class Pcg : public Wide64 {
 public:
  static constexpr size_t kWords = 4;
  static constexpr bool kAdvances = true;

  void load(const uint64_t* place) {
    state_ = make_u128(place[1], place[0]);
    increment_ = make_u128(place[3], place[2]);
  }
  void store(uint64_t* place) const {
    place[0] = low_half(state_);
    place[1] = high_half(state_);
    place[2] = low_half(increment_);
    place[3] = high_half(increment_);
  }

  // Seeding steps with PCG64's multiplier in both variants.
  void seed(const uint64_t* words) {
    const U128 stream = make_u128(words[2], words[3]);
    increment_ = stream + stream + U128{1U};
    const Leap step{kSeedMultiplier(), increment_};
    state_ = step(step(U128{0U}) + make_u128(words[0], words[1]));
  }

  uint64_t next() {
    if constexpr (Variant::kAfterStep) {
      state_ = state_ * Variant::multiplier() + increment_;
      return Variant::output(state_);
    } else {
      const uint64_t result = Variant::output(state_);
      state_ = state_ * Variant::multiplier() + increment_;
      return result;
    }
  }

  // Four lanes a step apart, each leaping four steps: a single one waits for its multiplications.
  template <typename Sink>
  void bulk(size_t count, Sink&& sink) {
    size_t i = 0;
    if (count >= 8) {
      const Leap leap = Leap::of(Variant::multiplier(), increment_, U128{4U});
      const Leap one{Variant::multiplier(), increment_};
      U128 a = Variant::kAfterStep ? one(state_) : state_;
      U128 b = one(a);
      U128 c = one(b);
      U128 d = one(c);
      U128 last = d;
      for (; i + 4 <= count; i += 4) {
        sink(i, Variant::output(a));
        sink(i + 1, Variant::output(b));
        sink(i + 2, Variant::output(c));
        sink(i + 3, Variant::output(d));
        last = d;
        a = leap(a);
        b = leap(b);
        c = leap(c);
        d = leap(d);
      }
      state_ = Variant::kAfterStep ? last : a;
    }
    for (; i < count; ++i) sink(i, next());
  }

  void skip(uint64_t count) { leap(U128{count}); }
  void advance(const uint64_t* delta) { leap(make_u128(delta[1], delta[0])); }

 private:
  static U128 kSeedMultiplier() {
    return make_u128(2549297995355413924ULL, 4865540595714422341ULL);
  }
  void leap(U128 steps) { state_ = Leap::of(Variant::multiplier(), increment_, steps)(state_); }

  U128 state_{};
  U128 increment_{};
};

// XSL-RR: the halves folded, rotated by the top six bits.
struct XslRr {
  static constexpr bool kAfterStep = true;
  static U128 multiplier() { return make_u128(2549297995355413924ULL, 4865540595714422341ULL); }
  static uint64_t output(U128 state) {
    const uint64_t high = high_half(state);
    return rotate_right(high ^ low_half(state), static_cast<unsigned>(high >> 58));
  }
};

// DXSM: double xorshift, multiply, with a 64-bit multiplier for the state too.
struct Dxsm {
  static constexpr bool kAfterStep = false;
  static constexpr uint64_t kMultiplier = 0xDA942042E4DD58B5ULL;
  static U128 multiplier() { return U128{kMultiplier}; }
  static uint64_t output(U128 state) {
    uint64_t high = high_half(state);
    high ^= high >> 32;
    high *= kMultiplier;
    high ^= high >> 48;
    return high * (low_half(state) | 1U);
  }
};

using Pcg64 = Pcg<XslRr>;
using Pcg64Dxsm = Pcg<Dxsm>;

// A counter of 256 bits, encrypted in ten rounds, gives four outputs.
class Philox : public Wide64 {
 public:
  static constexpr size_t kWords = 11;
  static constexpr bool kAdvances = true;

  void load(const uint64_t* place) {
    for (size_t i = 0; i < 4; ++i) counter_[i] = place[i];
    key_ = {place[4], place[5]};
    for (size_t i = 0; i < 4; ++i) buffer_[i] = place[6 + i];
    at_ = place[10] > 4 ? 4 : place[10];
  }
  void store(uint64_t* place) const {
    for (size_t i = 0; i < 4; ++i) place[i] = counter_[i];
    place[4] = key_[0];
    place[5] = key_[1];
    for (size_t i = 0; i < 4; ++i) place[6 + i] = buffer_[i];
    place[10] = at_;
  }
  void seed(const uint64_t* words) {
    key_ = {words[0], words[1]};
    counter_ = {};
    buffer_ = {};
    at_ = 4;
  }

  uint64_t next() {
    if (at_ == 4) refill();
    return buffer_[at_++];
  }

  template <typename Sink>
  void bulk(size_t count, Sink&& sink) {
    size_t i = 0;
    while (i < count && at_ < 4) sink(i++, buffer_[at_++]);
    for (; i + 4 <= count; i += 4) {
      refill();
      sink(i, buffer_[0]);
      sink(i + 1, buffer_[1]);
      sink(i + 2, buffer_[2]);
      sink(i + 3, buffer_[3]);
      at_ = 4;
    }
    for (; i < count; ++i) sink(i, next());
  }

  void skip(uint64_t count) {
    const uint64_t here = 4 - at_;
    if (count <= here) {
      at_ += count;
      return;
    }
    count -= here + 1;  // the last output stays to be passed, so that the buffer is the right one
    add(count / 4);
    refill();
    at_ = count % 4 + 1;
  }

  // NumPy's: the counter moves, the buffer is empty afterwards.
  void advance(const uint64_t* delta) {
    uint64_t carry = 0;
    for (size_t i = 0; i < 4; ++i) {
      const uint64_t sum = counter_[i] + delta[i];
      const uint64_t total = sum + carry;
      carry = (sum < delta[i] ? 1U : 0U) | (total < sum ? 1U : 0U);
      counter_[i] = total;
    }
    buffer_ = {};
    at_ = 4;
  }

 private:
  void add(uint64_t blocks) {
    counter_[0] += blocks;
    if (counter_[0] < blocks && ++counter_[1] == 0 && ++counter_[2] == 0) ++counter_[3];
  }

  void refill() {
    add(1);
    std::array<uint64_t, 4> x = counter_;
    std::array<uint64_t, 2> key = key_;
    for (int round = 0; round < 10; ++round) {
      uint64_t high0;
      uint64_t high1;
      const uint64_t low0 = multiply_wide(0xD2E7470EE14C6C93ULL, x[0], &high0);
      const uint64_t low1 = multiply_wide(0xCA5A826395121157ULL, x[2], &high1);
      x = {high1 ^ x[1] ^ key[0], low1, high0 ^ x[3] ^ key[1], low0};
      key[0] += 0x9E3779B97F4A7C15ULL;
      key[1] += 0xBB67AE8584CAA73BULL;
    }
    buffer_ = x;
    at_ = 0;
  }

  std::array<uint64_t, 4> counter_{};
  std::array<uint64_t, 2> key_{};
  std::array<uint64_t, 4> buffer_{};
  uint64_t at_ = 4;
};

// Small, fast, chaotic, with a counter; it can't be moved but by stepping.
class Sfc64 : public Wide64 {
 public:
  static constexpr size_t kWords = 4;
  static constexpr bool kAdvances = false;

  void load(const uint64_t* place) {
    for (size_t i = 0; i < 4; ++i) word_[i] = place[i];
  }
  void store(uint64_t* place) const {
    for (size_t i = 0; i < 4; ++i) place[i] = word_[i];
  }
  void seed(const uint64_t* words) {
    word_ = {words[0], words[1], words[2], 1};
    for (int i = 0; i < 12; ++i) next();
  }

  uint64_t next() {
    const uint64_t result = word_[0] + word_[1] + word_[3]++;
    word_[0] = word_[1] ^ (word_[1] >> 11);
    word_[1] = word_[2] + (word_[2] << 3);
    word_[2] = rotate_right(word_[2], 40) + result;
    return result;
  }

  template <typename Sink>
  void bulk(size_t count, Sink&& sink) {
    for (size_t i = 0; i < count; ++i) sink(i, next());
  }

  void skip(uint64_t count) {
    for (; count != 0; --count) next();
  }

 private:
  std::array<uint64_t, 4> word_{};
};

}  // namespace heddle::random
