// Fills with integers: of one range, or of a range for each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "random/integers.h"
#include "random/kernels.h"
#include "random/sources.h"

namespace heddle::random {

// The value `offset` above the low end, which may be negative: only its bits count.
template <typename Out>
Out value_of(uint64_t low, uint64_t offset) {
  if constexpr (std::is_floating_point_v<Out>) {
    return static_cast<Out>(static_cast<int64_t>(low + offset));
  } else {
    return static_cast<Out>(low + offset);
  }
}

// Lemire's method over the draws that are ready; the few that need a second look end a run.
template <typename G, typename Out>
void fill_bounded32(HalfSource<G>& source, uint64_t low, uint32_t range, Out* out, size_t count) {
  const uint32_t size = range + 1;
  size_t done = 0;
  while (done < count) {
    size_t ready = 0;
    const uint32_t* bits = source.peek(&ready);
    const size_t limit = ready < count - done ? ready : count - done;
    size_t i = 0;
    for (; i < limit; ++i) {
      const uint64_t product = static_cast<uint64_t>(bits[i]) * size;
      if (static_cast<uint32_t>(product) < size) break;
      out[done + i] = value_of<Out>(low, product >> 32);
    }
    source.take(i);
    done += i;
    if (i != limit) out[done++] = value_of<Out>(low, bounded32(source, range));
  }
}

template <typename G, typename Out>
void integers(State& state, const Range& range, Out* out, size_t count) {
  const uint64_t low = range.low;
  if (count == 0) return;
  if (range.range == 0) {
    for (size_t i = 0; i < count; ++i) out[i] = value_of<Out>(low, 0);
    return;
  }
  if (range.draw == Draw::k64 && range.range > 0xFFFFFFFFULL) {
    const bool all = range.range == 0xFFFFFFFFFFFFFFFFULL;
    WordSource<G> source(state, count);
    for (size_t i = 0; i < count; ++i) {
      out[i] = value_of<Out>(low, all ? source.next64() : bounded64(source, range.range));
    }
    return;
  }
  HalfSource<G> source(state, count);
  switch (range.draw) {
    case Draw::k64:
    case Draw::k32: {
      const auto top = static_cast<uint32_t>(range.range);
      if (top == 0xFFFFFFFFU) {
        for (size_t i = 0; i < count; ++i) out[i] = value_of<Out>(low, source.next32());
      } else {
        fill_bounded32(source, low, top, out, count);
      }
      return;
    }
    case Draw::k16: {
      SmallDraws<uint16_t, HalfSource<G>> draws(source);
      const auto top = static_cast<uint16_t>(range.range);
      for (size_t i = 0; i < count; ++i) out[i] = value_of<Out>(low, draws.bounded(top));
      return;
    }
    case Draw::k8: {
      SmallDraws<uint8_t, HalfSource<G>> draws(source);
      const auto top = static_cast<uint8_t>(range.range);
      for (size_t i = 0; i < count; ++i) out[i] = value_of<Out>(low, draws.bounded(top));
      return;
    }
    case Draw::kBit: {
      BitDraws<HalfSource<G>> draws(source);
      for (size_t i = 0; i < count; ++i) out[i] = value_of<Out>(low, draws.next() ? 1 : 0);
      return;
    }
  }
}

// A number in [0, range], by as many bits as it needs.
template <typename Source>
uint64_t below(Source& source, uint64_t range) {
  if (range == 0) return 0;
  if (range < 0xFFFFFFFFULL) return bounded32(source, static_cast<uint32_t>(range));
  if (range == 0xFFFFFFFFULL) return source.next32();
  if (range == 0xFFFFFFFFFFFFFFFFULL) return source.next64();
  return bounded64(source, range);
}

// Ranges of 32 and of 64 bits may meet in one call; what is left of a draw of small ones is for the
// next of the same call.
template <typename G, typename Out>
void varying_integers(State& state, Draw draw, const uint64_t* lows, const uint64_t* ranges,
                      Out* out, size_t count) {
  MixedSource<G> source(state);
  SmallDraws<uint16_t, MixedSource<G>> shorts(source);
  SmallDraws<uint8_t, MixedSource<G>> bytes(source);
  BitDraws<MixedSource<G>> bits(source);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t range = ranges[i];
    uint64_t offset = 0;
    if (range != 0) {
      switch (draw) {
        case Draw::k64:
        case Draw::k32:
          offset = below(source, range);
          break;
        case Draw::k16:
          offset = shorts.bounded(static_cast<uint16_t>(range));
          break;
        case Draw::k8:
          offset = bytes.bounded(static_cast<uint8_t>(range));
          break;
        case Draw::kBit:
          offset = bits.next() ? 1 : 0;
          break;
      }
    }
    out[i] = value_of<Out>(lows[i], offset);
  }
}

// Hands `use` the array as what its elements are.
template <typename Use>
void with_element(Element element, void* out, Use&& use) {
  switch (element) {
    case Element::kInt8:
      return use(static_cast<int8_t*>(out));
    case Element::kUint8:
      return use(static_cast<uint8_t*>(out));
    case Element::kInt16:
      return use(static_cast<int16_t*>(out));
    case Element::kUint16:
      return use(static_cast<uint16_t*>(out));
    case Element::kInt32:
      return use(static_cast<int32_t*>(out));
    case Element::kUint32:
      return use(static_cast<uint32_t*>(out));
    case Element::kFloat32:
      return use(static_cast<float*>(out));
    case Element::kFloat64:
      return use(static_cast<double*>(out));
    case Element::kBigInt64:
      return use(static_cast<int64_t*>(out));
    case Element::kBigUint64:
      return use(static_cast<uint64_t*>(out));
  }
}

}  // namespace heddle::random
