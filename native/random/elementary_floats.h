// How the elementary functions of floats compute: elementary_doubles.h says after whom.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "random/elementary_doubles.h"
#include "random/elementary_tables.h"

namespace heddle::random::elementary {
namespace {

// 2^(k/32) * (1 + r * polynomial of r), for r in the unit that the polynomial is for.
inline float exp_float_of(uint64_t k, uint64_t sign, double r, const double (&c)[3]) {
  const double scale = number_of(kFloatPowers[k % 32] + ((k + sign) << 47));
  const double z = fma(c[0], r, c[1]);
  const double y = fma(z, r * r, fma(c[2], r, 1.0));
  return static_cast<float>(y * scale);
}

inline float exp_float(float x) {
  constexpr double kC[3] = {0x1.c6af84b912394p-20, 0x1.ebfce50fac4f3p-13, 0x1.62e42ff0c52d6p-6};
  constexpr double kPartsOfLn2 = 0x1.71547652b82fep5;
  if (!(std::fabs(x) < 88.0F)) {
    if (x != x) return x + x;
    if (x > 0x1.62e42ep6F) return static_cast<float>(kInfinity);
    if (x < -0x1.9fe368p6F) return 0.0F;
  }
  const double wide = x;
  const double shifted = fma(kPartsOfLn2, wide, kToInteger);
  const double r = fma(kPartsOfLn2, wide, -(shifted - kToInteger));
  return exp_float_of(bits_of(shifted), 0, r, kC);
}

// The bits of a positive number as those of a normal one, whose exponent may be below that of all.
inline uint32_t normal_bits(float x) {
  return x < 0x1p-126F ? bits_of(x * 0x1p23F) - (23U << 23) : bits_of(x);
}

// Whether the bits are those of a positive normal number.
inline bool plain(uint32_t bits) { return bits - 0x00800000U < 0x7f800000U - 0x00800000U; }

constexpr uint32_t kFloatOffset = 0x3f330000;

inline float log_float(float x) {
  constexpr double kA[] = {-0x1.00ea348b88334p-2, 0x1.5575b0be00b6ap-2, -0x1.ffffef20a4123p-2};
  constexpr double kLn2 = 0x1.62e42fefa39efp-1;
  uint32_t bits = bits_of(x);
  if (bits == 0x3f800000U) return 0.0F;
  if (!plain(bits)) {
    if (!(x > 0) || x == static_cast<float>(kInfinity)) return log_of_no_positive(x);
    bits = normal_bits(x);
  }
  const uint32_t above = bits - kFloatOffset;
  const Point& c = kFloatLogPoints[(above >> 19) % 16];
  const auto k = static_cast<double>(static_cast<int32_t>(above) >> 23);
  const double z = bits_as<float>(bits - (above & 0xff800000U));
  const double r = fma(z, c.inverse, -1.0);
  const double start = fma(k, kLn2, c.logarithm);
  const double r2 = r * r;
  const double y = fma(kA[0], r2, fma(kA[1], r, kA[2]));
  return static_cast<float>(fma(y, r2, start + r));
}

inline double log2_for_pow(uint32_t bits) {
  constexpr double kA[] = {0x1.27616c9496e0bp-2, -0x1.71969a075c67ap-2, 0x1.ec70a6ca7baddp-2,
                           -0x1.7154748bef6c8p-1, 0x1.71547652ab82bp0};
  const uint32_t above = bits - kFloatOffset;
  const Point& c = kFloatLog2Points[(above >> 19) % 16];
  const auto k = static_cast<double>(static_cast<int32_t>(above & 0xff800000U) >> 23);
  const double z = bits_as<float>(bits - (above & 0xff800000U));
  const double r = fma(z, c.inverse, -1.0);
  const double r2 = r * r;
  const double q = fma(fma(kA[2], r, kA[3]), r2, fma(kA[4], r, c.logarithm + k));
  return fma(fma(kA[0], r, kA[1]), r2 * r2, q);
}

inline float pow_float(float x, float y) {
  constexpr double kC[3] = {0x1.c6af84b912394p-5, 0x1.ebfce50fac4f3p-3, 0x1.62e42ff0c52d6p-1};
  constexpr double kToPart = 0x1.8p47;
  bool negative = false;
  uint32_t bits = bits_of(x);
  // A y of 0 wraps around.
  if (!plain(bits) || 2 * bits_of(y) - 1 >= 2 * 0x7f800000U - 1) {
    double result;
    if (pow_at_edge(x, y, &result)) return static_cast<float>(result);
    negative = x < 0 && odd(y);
    bits = normal_bits(std::fabs(x));
  }
  const double power = static_cast<double>(y) * log2_for_pow(bits);
  if (std::fabs(power) >= 126.0) {
    constexpr float kFloatInfinity = std::numeric_limits<float>::infinity();
    if (power > 0x1.fffffffd1d571p+6) return negative ? -kFloatInfinity : kFloatInfinity;
    if (power <= -150.0) return negative ? -0.0F : 0.0F;
  }
  const double shifted = power + kToPart;
  const double r = power - (shifted - kToPart);
  return exp_float_of(bits_of(shifted), negative ? uint64_t{1} << 16 : 0, r, kC);
}

inline float log1p_float(float x) {
  constexpr float kLn2Upper24 = 6.9313812256e-01F;
  constexpr float kLn2Rest24 = 9.0580006145e-06F;
  constexpr float kP[] = {6.6666668653e-01F, 4.0000000596e-01F, 2.8571429849e-01F,
                          2.2222198546e-01F, 1.8183572590e-01F, 1.5313838422e-01F,
                          1.4798198640e-01F};
  if (!(x > -1.0F) || std::isinf(x)) return log1p_at_edge(x);
  const float size = std::fabs(x);
  if (size < 0x1p-29F) return size < 0x1p-54F ? x : x - x * x * 0.5F;
  int k = 0;
  float f = x;
  float rest = 0.0F;
  bool near = false;
  const uint32_t whole = bits_of(x);
  if (x > 0 ? whole >= 0x3ed413d7 : whole >= 0xbe95f620) {
    const float u = x < 0x1p53F ? 1.0F + x : x;
    const uint32_t bits = bits_of(u);
    k = static_cast<int>(bits >> 23) - 127;
    if (x < 0x1p53F) rest = (k > 0 ? 1.0F - (u - x) : x - (u - 1.0F)) / u;
    const uint32_t fraction = bits & 0x7fffffU;
    const bool lower = fraction < 0x3504f7;
    if (!lower) k++;
    f = bits_as<float>(fraction | (lower ? 0x3f800000U : 0x3f000000U)) - 1.0F;
    near = lower ? fraction == 0 : (0x800000 - fraction) >> 2 == 0;
  }
  const float half = 0.5F * f * f;
  const auto times = static_cast<float>(k);
  if (near) {
    if (f == 0.0F) return k == 0 ? 0.0F : times * kLn2Upper24 + (rest + times * kLn2Rest24);
    const float r = half * (1.0F - 0.66666666666666666F * f);
    if (k == 0) return f - r;
    return times * kLn2Upper24 - ((r - (times * kLn2Rest24 + rest)) - f);
  }
  const float s = f / (2.0F + f);
  const float z = s * s;
  float r = kP[6] * z + kP[5];
  r = r * z + kP[4];
  r = r * z + kP[3];
  r = r * z + kP[2];
  r = r * z + kP[1];
  r = (r * z + kP[0]) * z;
  const float product = s * (half + r);
  if (k == 0) return f - (half - product);
  return times * kLn2Upper24 - ((half - (product + (times * kLn2Rest24 + rest))) - f);
}

}  // namespace
}  // namespace heddle::random::elementary
