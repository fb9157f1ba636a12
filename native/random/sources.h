// Where a distribution takes its bits from.
//
// A fill reads ahead: its source makes outputs a buffer at a time and, when it is done, puts the
// generator to just after the last one that was used. Distributions of doubles read 64-bit draws
// (WordSource) and those of floats and of small integers 32-bit draws (HalfSource). What may mix
// them, scalars among it, reads a block as TypeScript does (BlockSource).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "random/state.h"

namespace heddle::random {

constexpr size_t kReadAhead = 512;

// Puts the generator to where the scalars taken so far have brought it; the block is empty then.
template <typename G>
G settled(State& state) {
  G generator;
  if (state.left == 0) {
    generator.load(head_of<G>(state));
  } else {
    generator.load(origin_of<G>(state));
    const uint32_t used = state.size - std::min(state.left, state.size);
    if constexpr (G::kNarrow) {
      generator.skip32(used);
    } else {
      generator.skip(used);
    }
    generator.store(head_of<G>(state));
  }
  state.left = 0;
  state.size = 0;
  return generator;
}

// The next block for scalars; the last one must be empty.
template <typename G>
void refill_block(State& state, const Block& block) {
  G generator = settled<G>(state);
  generator.store(origin_of<G>(state));
  if constexpr (G::kNarrow) {
    auto* words = reinterpret_cast<uint32_t*>(block.bits);
    const size_t top = 2 * block.size - 1;
    generator.bulk32(2 * block.size, [&](size_t i, uint32_t bits) { words[top - i] = bits; });
    state.size = 2 * block.size;
  } else {
    const size_t top = block.size - 1;
    generator.bulk(block.size, [&](size_t i, uint64_t bits) {
      block.bits[top - i] = bits;
      block.doubles[top - i] = to_double(bits);
    });
    state.size = block.size;
  }
  generator.store(head_of<G>(state));
  state.left = state.size;
}

template <typename G>
class WordSource {
 public:
  static constexpr bool kMixes = false;
  // `expected`: how many draws it will be, roughly.
  WordSource(State& state, size_t expected)
      : state_(state), generator_(settled<G>(state)), expected_(expected + expected / 32 + 4) {}
  WordSource(const WordSource&) = delete;
  WordSource& operator=(const WordSource&) = delete;
  ~WordSource() {
    if (at_ != end_) {
      generator_ = origin_;
      generator_.skip(at_);
    }
    generator_.store(head_of<G>(state_));
  }

  uint64_t next64() {
    if (at_ == end_) refill();
    return buffer_[at_++];
  }
  double next_double() { return G::to_double(next64()); }

  // The draws that are ready, at least one, and how many of them were taken.
  const uint64_t* peek(size_t* count) {
    if (at_ == end_) refill();
    *count = end_ - at_;
    return buffer_ + at_;
  }
  void take(size_t count) { at_ += count; }

 private:
  void refill() {
    const size_t count = std::min(std::max(expected_, size_t{16}), kReadAhead);
    expected_ -= std::min(expected_, count);
    origin_ = generator_;
    generator_.bulk(count, [this](size_t i, uint64_t bits) { buffer_[i] = bits; });
    at_ = 0;
    end_ = count;
  }

  alignas(64) uint64_t buffer_[kReadAhead];
  size_t at_ = 0;
  size_t end_ = 0;
  State& state_;
  G generator_;
  G origin_{};
  size_t expected_;
};

// The low half of each output comes first; a high half that is left over is kept in the state. A
// generator of 32-bit outputs has no halves: they are read as they are.
template <typename G>
class HalfSource {
 public:
  HalfSource(State& state, size_t expected)
      : state_(state),
        generator_(settled<G>(state)),
        expected_(G::kNarrow ? expected + expected / 32 + 8 : expected / 2 + expected / 64 + 4) {
    if (!G::kNarrow && state.has_half != 0) {
      at_ = 1;
      buffer_[1] = state.half;
    }
  }
  HalfSource(const HalfSource&) = delete;
  HalfSource& operator=(const HalfSource&) = delete;
  ~HalfSource() {
    if constexpr (G::kNarrow) {
      if (at_ < end_) {
        generator_ = origin_;
        generator_.skip32(at_ - 2);
      }
    } else {
      if (at_ < 2) return;  // not even the half that was there is used
      const size_t words = (at_ - 1) / 2;
      state_.has_half = at_ & 1U;
      if (words != 0) state_.half = buffer_[2 * words + 1];
      if (at_ < end_) {
        generator_ = origin_;
        generator_.skip(words);
      }
    }
    generator_.store(head_of<G>(state_));
  }

  uint32_t next32() {
    if (at_ == end_) refill();
    return buffer_[at_++];
  }
  float next_float() { return to_float(next32()); }

  const uint32_t* peek(size_t* count) {
    if (at_ == end_) refill();
    *count = end_ - at_;
    return buffer_ + at_;
  }
  void take(size_t count) { at_ += count; }

 private:
  void refill() {
    const size_t count = std::min(std::max(expected_, size_t{8}), kReadAhead);
    expected_ -= std::min(expected_, count);
    origin_ = generator_;
    at_ = 2;
    if constexpr (G::kNarrow) {
      generator_.bulk32(count, [this](size_t i, uint32_t bits) { buffer_[2 + i] = bits; });
      end_ = 2 + count;
    } else {
      generator_.bulk(count, [this](size_t i, uint64_t bits) {
        buffer_[2 + 2 * i] = static_cast<uint32_t>(bits);
        buffer_[3 + 2 * i] = static_cast<uint32_t>(bits >> 32);
      });
      end_ = 2 + 2 * count;
    }
  }

  // Outputs begin at index 2; index 1 is the half that was left over before.
  alignas(64) uint32_t buffer_[2 * kReadAhead + 2];
  size_t at_ = 2;
  size_t end_ = 2;
  State& state_;
  G generator_;
  G origin_{};
  size_t expected_;
};

template <typename G>
class BlockSource {
 public:
  static constexpr bool kMixes = true;
  BlockSource(State& state, const Block& block) : state_(state), block_(block) {}

  uint64_t next64() {
    if constexpr (G::kNarrow) {
      const uint64_t high = next32();
      return (high << 32) | next32();
    } else {
      if (state_.left == 0) refill_block<G>(state_, block_);
      return block_.bits[--state_.left];
    }
  }
  uint32_t next32() {
    if constexpr (G::kNarrow) {
      if (state_.left == 0) refill_block<G>(state_, block_);
      return reinterpret_cast<const uint32_t*>(block_.bits)[--state_.left];
    } else {
      if (state_.has_half != 0) {
        state_.has_half = 0;
        return state_.half;
      }
      const uint64_t bits = next64();
      state_.has_half = 1;
      state_.half = static_cast<uint32_t>(bits >> 32);
      return static_cast<uint32_t>(bits);
    }
  }
  double next_double() { return G::to_double(next64()); }
  float next_float() { return to_float(next32()); }

 private:
  State& state_;
  const Block& block_;
};

// Reads 32 and 64 bits as they come, by a buffer of its own; the state stands right once it is
// gone.
template <typename G>
class MixedSource {
 public:
  static constexpr bool kMixes = true;

  explicit MixedSource(State& state)
      : state_(state),
        generator_(settled<G>(state)),
        has_half_(state.has_half != 0),
        half_(state.half) {}
  MixedSource(const MixedSource&) = delete;
  MixedSource& operator=(const MixedSource&) = delete;
  ~MixedSource() {
    if (at_ != end_) {
      generator_ = origin_;
      if constexpr (G::kNarrow) {
        generator_.skip32(at_);
      } else {
        generator_.skip(at_);
      }
    }
    generator_.store(head_of<G>(state_));
    state_.has_half = has_half_ ? 1 : 0;
    state_.half = half_;
  }

  uint64_t next64() {
    if constexpr (G::kNarrow) {
      const uint64_t high = next();
      return (high << 32) | next();
    } else {
      return next();
    }
  }
  uint32_t next32() {
    if constexpr (G::kNarrow) {
      return next();
    } else {
      if (has_half_) {
        has_half_ = false;
        return half_;
      }
      const uint64_t bits = next();
      has_half_ = true;
      half_ = static_cast<uint32_t>(bits >> 32);
      return static_cast<uint32_t>(bits);
    }
  }
  double next_double() { return G::to_double(next64()); }

 private:
  using Word = std::conditional_t<G::kNarrow, uint32_t, uint64_t>;

  Word next() {
    if (at_ == end_) refill();
    return buffer_[at_++];
  }
  // A few at first: there may be a single row.
  void refill() {
    const size_t count = end_ == 0 ? 16 : kReadAhead;
    origin_ = generator_;
    const auto put = [this](size_t i, Word bits) { buffer_[i] = bits; };
    if constexpr (G::kNarrow) {
      generator_.bulk32(count, put);
    } else {
      generator_.bulk(count, put);
    }
    at_ = 0;
    end_ = count;
  }

  alignas(64) Word buffer_[kReadAhead];
  size_t at_ = 0;
  size_t end_ = 0;
  State& state_;
  G generator_;
  G origin_{};
  bool has_half_;
  uint32_t half_;
};

}  // namespace heddle::random
