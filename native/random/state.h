// The memory of a bit generator: a buffer of JavaScript's that C++ and TypeScript both write.
//
// src/random/stream.ts has the same layout, as 32-bit words. A generator has two places: `head`,
// where it stands, and, while there is a block of outputs that scalars are taken from, `origin`,
// where it stood before the block. The block (a second buffer) has `size` outputs, each as 64 bits
// and as the double in [0, 1) that is made of it, in reverse, so that the next one is at `left -
// 1`. The block of a generator of 32-bit outputs (MT19937) has these alone, twice as many.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heddle::random {

enum class Kind : uint32_t { kPcg64 = 0, kPcg64Dxsm = 1, kPhilox = 2, kSfc64 = 3, kMt19937 = 4 };

constexpr size_t kPlaceWords = 12;     // enough for all but one (Philox: 11)
constexpr size_t kMt19937Words = 313;  // its place, which does not fit in there

struct State {
  uint64_t head[kPlaceWords];
  uint64_t origin[kPlaceWords];
  uint32_t kind;
  uint32_t has_half;  // whether `half`, the high half of an output, is the next 32-bit draw
  uint32_t half;
  uint32_t left;  // outputs of the block that are still to be taken
  uint32_t size;  // outputs that the block had
  uint32_t unused[3];
};
static_assert(sizeof(State) == 224, "src/random/stream.ts has the same layout");

// A place that is too large for the state lies behind it, and the origin behind that.
constexpr size_t tail_words(Kind kind) { return kind == Kind::kMt19937 ? 2 * kMt19937Words : 0; }
constexpr size_t state_bytes(Kind kind) {
  return sizeof(State) + tail_words(kind) * sizeof(uint64_t);
}
template <typename G>
uint64_t* head_of(State& state) {
  if constexpr (G::kWords <= kPlaceWords) {
    return state.head;
  } else {
    return reinterpret_cast<uint64_t*>(&state + 1);
  }
}
template <typename G>
uint64_t* origin_of(State& state) {
  if constexpr (G::kWords <= kPlaceWords) {
    return state.origin;
  } else {
    return reinterpret_cast<uint64_t*>(&state + 1) + G::kWords;
  }
}

struct Block {
  uint64_t* bits = nullptr;
  double* doubles = nullptr;
  uint32_t size = 0;
};

constexpr double to_double(uint64_t bits) {
  return static_cast<double>(static_cast<int64_t>(bits >> 11)) * (1.0 / 9007199254740992.0);
}
constexpr float to_float(uint32_t bits) {
  return static_cast<float>(static_cast<int32_t>(bits >> 8)) * (1.0F / 16777216.0F);
}

}  // namespace heddle::random
