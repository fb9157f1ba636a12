// Continuous distributions, each as one draw from a source of bits.
//
// The order and the rounding of every operation is part of the contract: they are NumPy's, so that
// the numbers are. (The module is compiled with -ffp-contract=off.)
//
// References: Marsaglia and Tsang 2000 (ziggurat), Marsaglia and Tsang 2000 (gamma, shape >= 1),
// Ahrens and Dieter 1974 as in Best 1983 (gamma, shape < 1), Johnk 1964 (beta).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

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

// ---- Ziggurat ---------------------------------------------------------------------------------

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
      const Real x = -kInverse * std::log1p(-P::uniform(source));
      const Real y = -std::log1p(-P::uniform(source));
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
         std::exp(-0.5 * static_cast<double>(draw.value) * static_cast<double>(draw.value));
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
    *out = static_cast<Real>(kExponentialEnd) - std::log1p(-P::uniform(source));
    return true;
  }
  const auto& heights = P::exponential_heights;
  *out = draw.value;
  return (heights[draw.layer - 1] - heights[draw.layer]) * P::uniform(source) +
             heights[draw.layer] <
         std::exp(-draw.value);
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

// ---- By the inverse, gamma and what is made of it -----------------------------------------------

// For floats too the logarithm is taken, and rounded once, from double precision.
template <typename P, typename Source>
typename P::Real inverse_exponential(Source& source) {
  return static_cast<typename P::Real>(-std::log1p(-static_cast<double>(P::uniform(source))));
}

template <typename P, typename Source>
typename P::Real standard_gamma(Source& source, typename P::Real shape) {
  using Real = typename P::Real;
  constexpr Real kOne = 1;
  if (shape == kOne) return standard_exponential<P>(source);
  if (shape == 0) return 0;
  if (shape < kOne) {
    for (;;) {
      const Real u = P::uniform(source);
      const Real v = standard_exponential<P>(source);
      if (u <= kOne - shape) {
        const Real x = std::pow(u, kOne / shape);
        if (x <= v) return x;
      } else {
        const Real y = -std::log((kOne - u) / shape);
        const Real x = std::pow(kOne - shape + shape * y, kOne / shape);
        if (x <= v + y) return x;
      }
    }
  }
  const Real b = shape - kOne / Real{3};
  const Real c = kOne / std::sqrt(Real{9} * b);
  for (;;) {
    Real x;
    Real v;
    do {
      x = standard_normal<P>(source);
      v = kOne + c * x;
    } while (v <= 0);
    v = v * v * v;
    const Real u = P::uniform(source);
    if (u < kOne - static_cast<Real>(0.0331) * (x * x) * (x * x)) return b * v;
    if (std::log(u) < static_cast<Real>(0.5) * x * x + b * (kOne - v + std::log(v))) return b * v;
  }
}

// By the inverse of the distribution function; a draw of 0 has none and is drawn again.
template <typename Source>
double laplace(Source& source, double location, double scale) {
  for (;;) {
    const double u = source.next_double();
    if (u >= 0.5) return location - scale * std::log(2.0 - u - u);
    if (u > 0.0) return location + scale * std::log(u + u);
  }
}

template <typename Source>
double student(Source& source, double freedom) {
  const double normal = standard_normal<Double>(source);
  const double gamma = standard_gamma<Double>(source, freedom / 2);
  return std::sqrt(freedom / 2) * normal / std::sqrt(gamma);
}

// Below these, powers of uniform numbers underflow nearly always, and always.
constexpr double kSmallBeta = 1e-7;
constexpr double kTinyBeta = 3e-103;

template <typename Source>
double beta(Source& source, double a, double b) {
  if (a > 1.0 || b > 1.0) {
    const double x = standard_gamma<Double>(source, a);
    const double y = standard_gamma<Double>(source, b);
    return x / (x + y);
  }
  if (a < kTinyBeta && b < kTinyBeta) {
    return (a + b) * source.next_double() < a ? 1.0 : 0.0;
  }
  // NumPy 1.24 draws again where both powers underflow; at such parameters that takes for ever.
  const bool small = a < kSmallBeta && b < kSmallBeta;
  for (;;) {
    const double u = source.next_double();
    const double v = source.next_double();
    const double x = std::pow(u, 1.0 / a);
    const double y = std::pow(v, 1.0 / b);
    const double sum = x + y;
    if (sum > 1.0) continue;
    if (sum > 0.0) return x / sum;
    if (!small || u <= 0.0 || v <= 0.0) continue;
    double log_x = std::log(u) / a;
    double log_y = std::log(v) / b;
    const double largest = log_x > log_y ? log_x : log_y;
    log_x -= largest;
    log_y -= largest;
    return std::exp(log_x - std::log(std::exp(log_x) + std::exp(log_y)));
  }
}

}  // namespace heddle::random
