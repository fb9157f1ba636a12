// The ziggurat method: normal and exponential numbers of both precisions, each as one draw.
//
// The order and the rounding of every operation is part of the contract: they are NumPy's, so that
// the numbers are. (The module is compiled with -ffp-contract=off.)
//
// Reference: Marsaglia and Tsang, "The ziggurat method for generating random variables" (2000).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "random/elementary.h"
#include "random/ziggurat_tables.h"

namespace heddle::random {

// How numbers of each precision read a source.
struct Double {
  using Real = double;
  using Bits = uint64_t;
  static constexpr auto& normal_layers = kNormalLayers;
  static constexpr auto& normal_heights = kNormalHeights;
  static constexpr auto& exponential_layers = kExponentialLayers;
  static constexpr auto& exponential_heights = kExponentialHeights;
  static constexpr Bits kNormalMask = 0xFFFFFFFFFFFFFULL;
  static constexpr unsigned kExponentialShift = 3;

  template <typename Source>
  static Bits bits(Source& source) {
    return source.next64();
  }
  template <typename Source>
  static Real uniform(Source& source) {
    return source.next_double();
  }
};

struct Float {
  using Real = float;
  using Bits = uint32_t;
  static constexpr auto& normal_layers = kNormalFloatLayers;
  static constexpr auto& normal_heights = kNormalFloatHeights;
  static constexpr auto& exponential_layers = kExponentialFloatLayers;
  static constexpr auto& exponential_heights = kExponentialFloatHeights;
  static constexpr Bits kNormalMask = 0x7FFFFFU;
  static constexpr unsigned kExponentialShift = 1;

  template <typename Source>
  static Bits bits(Source& source) {
    return source.next32();
  }
  template <typename Source>
  static Real uniform(Source& source) {
    return source.next_float();
  }
};

// A draw taken apart: layer, sign, magnitude; `taken` is whether it lies under the density at once.
template <typename P>
struct NormalDraw {
  using Real = typename P::Real;

  explicit NormalDraw(typename P::Bits bits)
      : layer(static_cast<unsigned>(bits & 0xFFU)),
        magnitude((bits >> 9) & P::kNormalMask),
        taken(magnitude < P::normal_layers[layer].limit) {
    const Real size = static_cast<Real>(signed_magnitude()) * P::normal_layers[layer].width;
    value = with_sign(size, (bits >> 8) & 1U);
  }

  unsigned layer;
  typename P::Bits magnitude;
  bool taken;
  Real value;

 private:
  // By its bits: a branch on a random sign is guessed wrong every other time.
  static Real with_sign(Real size, typename P::Bits negative) {
    typename P::Bits pattern;
    std::memcpy(&pattern, &size, sizeof(pattern));
    pattern |= negative << (8 * sizeof(pattern) - 1);
    std::memcpy(&size, &pattern, sizeof(pattern));
    return size;
  }
  // Conversions of signed integers are one instruction, those of unsigned ones several.
  auto signed_magnitude() const {
    if constexpr (sizeof(magnitude) == 8) {
      return static_cast<int64_t>(magnitude);
    } else {
      return static_cast<int32_t>(magnitude);
    }
  }
};

// What becomes of a draw that is not taken at once; false: it is rejected.
template <typename P, typename Source>
bool settle_normal(Source& source, const NormalDraw<P>& draw, typename P::Real* out) {
  using Real = typename P::Real;
  if (draw.layer == 0) {
    constexpr auto kEnd = static_cast<Real>(kNormalEnd);
    constexpr auto kInverse = static_cast<Real>(kInverseNormalEnd);
    for (;;) {
      const Real x = -kInverse * elementary::log1p(-P::uniform(source));
      const Real y = -elementary::log1p(-P::uniform(source));
      if (y + y > x * x) {
        *out = ((draw.magnitude >> 8) & 1U) != 0 ? -(kEnd + x) : kEnd + x;
        return true;
      }
    }
  }
  const auto& heights = P::normal_heights;
  const Real height =
      (heights[draw.layer - 1] - heights[draw.layer]) * P::uniform(source) + heights[draw.layer];
  *out = draw.value;
  // In double precision for floats too.
  return static_cast<double>(height) <
         elementary::exp(-0.5 * static_cast<double>(draw.value) * static_cast<double>(draw.value));
}

template <typename P, typename Source>
typename P::Real standard_normal(Source& source) {
  for (;;) {
    const NormalDraw<P> draw(P::bits(source));
    if (draw.taken) return draw.value;
    typename P::Real value;
    if (settle_normal<P>(source, draw, &value)) return value;
  }
}

template <typename P>
struct ExponentialDraw {
  using Real = typename P::Real;

  explicit ExponentialDraw(typename P::Bits bits)
      : layer(static_cast<unsigned>((bits >> P::kExponentialShift) & 0xFFU)) {
    const auto magnitude = bits >> (P::kExponentialShift + 8);
    taken = magnitude < P::exponential_layers[layer].limit;
    if constexpr (sizeof(magnitude) == 8) {
      value = static_cast<Real>(static_cast<int64_t>(magnitude));
    } else {
      value = static_cast<Real>(static_cast<int32_t>(magnitude));
    }
    value *= P::exponential_layers[layer].width;
  }

  unsigned layer;
  bool taken;
  Real value;
};

template <typename P, typename Source>
bool settle_exponential(Source& source, const ExponentialDraw<P>& draw, typename P::Real* out) {
  using Real = typename P::Real;
  if (draw.layer == 0) {
    *out = static_cast<Real>(kExponentialEnd) - elementary::log1p(-P::uniform(source));
    return true;
  }
  const auto& heights = P::exponential_heights;
  *out = draw.value;
  return (heights[draw.layer - 1] - heights[draw.layer]) * P::uniform(source) +
             heights[draw.layer] <
         elementary::exp(-draw.value);
}

template <typename P, typename Source>
typename P::Real standard_exponential(Source& source) {
  for (;;) {
    const ExponentialDraw<P> draw(P::bits(source));
    if (draw.taken) return draw.value;
    typename P::Real value;
    if (settle_exponential<P>(source, draw, &value)) return value;
  }
}

}  // namespace heddle::random
