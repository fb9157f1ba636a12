// How the elementary functions compute. For files that are compiled each with instructions of its
// own: everything here is theirs alone, or the linker might take one's for another's.
//
// exp, log and pow are by table and polynomial, after Tang, "Table-driven implementation of the
// exponential function" (1989) and "… of the logarithm function" (1990), with the tables, the
// polynomials and the order of operations that Arm's Optimized Routines and so glibc have; expm1
// and log1p are by argument reduction and a rational approximation, after Sun's fdlibm in glibc's
// order of operations. Where glibc's compiler makes a fused multiply-add of two operations, one is
// written here, and nothing else may be fused (-ffp-contract=off). Functions of floats compute in
// double precision and round once, but for log1p.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "random/elementary_tables.h"

namespace heddle::random::elementary {
namespace {

template <typename To, typename From>
inline To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

inline uint64_t bits_of(double x) { return bits_as<uint64_t>(x); }
inline uint32_t bits_of(float x) { return bits_as<uint32_t>(x); }
inline double number_of(uint64_t bits) { return bits_as<double>(bits); }

// a * b + c, rounded once.
inline double fma(double a, double b, double c) {
#if defined(__GNUC__)
  return __builtin_fma(a, b, c);
#else
  return std::fma(a, b, c);
#endif
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// ---- exp ----------------------------------------------------------------------------------------

constexpr double kToInteger = 0x1.8p52;  // added, it leaves an integer in the lowest bits
constexpr double kPartsOverLn2 = 0x1.71547652b82fep7;
constexpr double kPartHigh = 0x1.62e42fefap-8;      // ln 2 / 128, of which this
constexpr double kPartLow = 0x1.cf79abc9e3b3ap-47;  // is the rest
constexpr double kExp[] = {0x1.ffffffffffdbdp-2, 0x1.555555555543cp-3, 0x1.55555cf172b91p-5,
                           0x1.1111167a4d017p-7};

// 2^k * (1 + part) where that or 2^k may be out of range; `bits` are those of 2^k, whose exponent
// may have wrapped around, and whose sign is that of the result (of pow).
inline double scaled_out_of_range(double part, uint64_t bits, bool large) {
  if (large) {
    const double scale = number_of(bits - (uint64_t{1009} << 52));
    return 0x1p1009 * fma(scale, part, scale);
  }
  const double scale = number_of(bits + (uint64_t{1022} << 52));
  const double product = scale * part;  // not fused here
  double y = scale + product;
  if (std::fabs(y) < 1.0) {
    // Rounded to the bits that a subnormal number has, once, with what was lost before.
    const double one = y < 0.0 ? -1.0 : 1.0;
    const double lost = scale - y + product;
    const double high = one + y;
    const double low = one - high + y + lost;
    y = high + low - one;
    if (y == 0.0) y = number_of((bits + (uint64_t{1022} << 52)) & (uint64_t{1} << 63));
  }
  return 0x1p-1022 * y;
}

// e^(x + rest), or -e^(x + rest); rest is small beside x.
inline double exp_of(double x, double rest, bool negative) {
  const uint64_t exponent = (bits_of(x) >> 52) & 0x7ff;
  constexpr uint64_t kTiny = 0x3ff - 54;
  bool in_range = true;
  if (exponent - kTiny >= 0x408 - kTiny) {  // |x| < 2^-54, or at least 512
    if (exponent < kTiny) return negative ? -(1.0 + x) : 1.0 + x;
    if (exponent >= 0x409) {
      if (x != x) return x + x;
      const double y = x < 0 ? 0.0 : kInfinity;
      return negative ? -y : y;
    }
    in_range = false;
  }
  // x = k ln 2 / 128 + r
  const double shifted = fma(kPartsOverLn2, x, kToInteger);
  const uint64_t k = bits_of(shifted);
  const double parts = shifted - kToInteger;
  const double r = fma(parts, -kPartLow, fma(parts, -kPartHigh, x)) + rest;
  const Power& power = kExpPowers[k % 128];
  const uint64_t bits = power.bits + ((k + (negative ? uint64_t{0x800} << 7 : 0)) << 45);
  const double r2 = r * r;
  const double start = fma(r2, fma(r, kExp[1], kExp[0]), number_of(power.rest) + r);
  const double part = fma(r2 * r2, fma(r, kExp[3], kExp[2]), start);
  if (!in_range) return scaled_out_of_range(part, bits, (k & 0x80000000U) == 0);
  const double scale = number_of(bits);
  return fma(scale, part, scale);
}

inline double exp_double(double x) { return exp_of(x, 0.0, false); }

// ---- log ----------------------------------------------------------------------------------------

constexpr double kLn2High = 0x1.62e42fefa38p-1;
constexpr double kLn2Low = 0x1.ef35793c7673p-45;

// What log is of 0, of less, of what is no number and of infinity.
template <typename Real>
inline Real log_of_no_positive(Real x) {
  if (x == 0) return -std::numeric_limits<Real>::infinity();
  if (x < 0) return std::numeric_limits<Real>::quiet_NaN();
  return x + x;
}

inline double log_near_one(double x) {
  constexpr double kB[] = {-0x1p-1,
                           0x1.5555555555577p-2,
                           -0x1.ffffffffffdcbp-3,
                           0x1.999999995dd0cp-3,
                           -0x1.55555556745a7p-3,
                           0x1.24924a344de3p-3,
                           -0x1.fffffa4423d65p-4,
                           0x1.c7184282ad6cap-4,
                           -0x1.999eb43b068ffp-4,
                           0x1.78182f7afd085p-4,
                           -0x1.5521375d145cdp-4};
  const double r = x - 1.0;
  const double r2 = r * r;
  const double r3 = r * r2;
  double y = fma(r3, kB[10], fma(r2, kB[9], fma(r, kB[8], kB[7])));
  y = fma(r3, y, fma(r2, kB[6], fma(r, kB[5], kB[4])));
  y = fma(r3, y, fma(r2, kB[3], fma(r, kB[2], kB[1])));
  // r - r^2 / 2 exactly, as a sum of two.
  const double split = r * 0x1p27;
  const double r_high = r + split - split;
  const double r_low = r - r_high;
  const double square = r_high * r_high * kB[0];
  const double high = r + square;
  const double low = fma(kB[0] * r_low, r_high + r, r - high + square);
  return fma(r3, y, low) + high;
}

inline double log_double(double x) {
  constexpr double kA[] = {-0x1.0000000000001p-1, 0x1.555555551305bp-2, -0x1.fffffffeb459p-3,
                           0x1.999b324f10111p-3, -0x1.55575e506c89fp-3};
  uint64_t bits = bits_of(x);
  constexpr uint64_t kBelow = 0x3fee000000000000;  // 1 - 2^-4
  constexpr uint64_t kAbove = 0x3ff1090000000000;  // 1 + 0x1.09p-4
  if (bits - kBelow < kAbove - kBelow) return x == 1.0 ? 0.0 : log_near_one(x);
  if ((bits >> 52) - 1 >= 0x7fe) {
    if (!(x > 0) || bits == bits_of(kInfinity)) return log_of_no_positive(x);
    bits = bits_of(x * 0x1p52) - (uint64_t{52} << 52);  // a subnormal number
  }
  // x = 2^k z, and z is close to a point c of the table.
  const uint64_t above = bits - 0x3fe6000000000000;
  const Point& c = kLogPoints[(above >> 45) % 128];
  const auto k = static_cast<double>(static_cast<int64_t>(above) >> 52);
  const double z = number_of(bits - (above & (uint64_t{0xfff} << 52)));
  const double r = fma(z, c.inverse, -1.0);
  const double w = fma(k, kLn2High, c.logarithm);
  const double high = w + r;
  const double low = fma(k, kLn2Low, w - high + r);
  const double r2 = r * r;
  const double tail = fma(r2, fma(r, kA[4], kA[3]), fma(r, kA[2], kA[1]));
  return fma(r * r2, tail, fma(r2, kA[0], low)) + high;
}

// ---- pow ----------------------------------------------------------------------------------------

// ln x = result + *rest, for the bits of a positive x, whose exponent may be below that of all
// numbers.
inline double log_for_pow(uint64_t bits, double* rest) {
  constexpr double kA[] = {-0x1p-1,
                           -0x1.555555555556p-1,
                           0x1.0000000000006p-1,
                           0x1.999999959554ep-1,
                           -0x1.555555529a47ap-1,
                           -0x1.2495b9b4845e9p0,
                           0x1.0002b8b263fc3p0};
  const uint64_t above = bits - 0x3fe6955500000000;
  const FinePoint& c = kPowPoints[(above >> 45) % 128];
  const auto k = static_cast<double>(static_cast<int64_t>(above) >> 52);
  const double z = number_of(bits - (above & (uint64_t{0xfff} << 52)));
  const double r = fma(z, c.inverse, -1.0);
  const double t1 = fma(k, kLn2High, c.logarithm);
  const double t2 = t1 + r;
  const double low1 = fma(k, kLn2Low, c.rest);
  const double low2 = t1 - t2 + r;
  const double ar = kA[0] * r;
  const double ar2 = r * ar;
  const double ar3 = r * ar2;
  const double high = t2 + ar2;
  const double low3 = fma(ar, r, -ar2);
  const double low4 = t2 - high + ar2;
  double p = fma(ar2, fma(r, kA[6], kA[5]), fma(r, kA[4], kA[3]));
  p = fma(ar2, p, fma(r, kA[2], kA[1]));
  const double low = fma(ar3, p, low1 + low2 + low3 + low4);
  const double y = high + low;
  *rest = high - y + low;
  return y;
}

// Whether y is an odd integer; y is finite and not 0.
inline bool odd(double y) { return std::fabs(std::fmod(y, 2.0)) == 1.0; }

// pow where x is not a positive normal number, or y is so large or small that nothing is to be
// computed.
inline bool pow_at_edge(double x, double y, double* result) {
  if (y == 0.0 || x == 1.0) return *result = 1.0, true;
  if (x != x || y != y) return *result = x + y, true;
  const double size = std::fabs(x);
  if (std::isinf(y)) {
    if (size == 1.0) return *result = 1.0, true;
    return *result = (size < 1.0) == (y < 0) ? kInfinity : 0.0, true;
  }
  if (size == 0.0 || std::isinf(x)) {
    const double value = (size == 0.0) == (y < 0) ? kInfinity : 0.0;
    return *result = std::signbit(x) && odd(y) ? -value : value, true;
  }
  if (x < 0 && std::floor(y) != y) return *result = kNan, true;
  if (size == 1.0) return *result = odd(y) ? x : 1.0, true;
  if (std::fabs(y) >= 0x1p63) return *result = (size < 1.0) == (y < 0) ? kInfinity : 0.0, true;
  if (std::fabs(y) < 0x1p-65) return *result = size > 1.0 ? 1.0 + y : 1.0 - y, true;
  return false;
}

inline double pow_double(double x, double y) {
  uint64_t bits = bits_of(x);
  bool negative = false;
  const uint64_t top = bits >> 52;
  const uint64_t top_y = (bits_of(y) >> 52) & 0x7ff;
  if (top - 1 >= 0x7fe || top_y - 0x3be >= 0x43e - 0x3be) {
    double result;
    if (pow_at_edge(x, y, &result)) return result;
    negative = x < 0 && odd(y);
    bits = bits_of(std::fabs(x));
    if (bits >> 52 == 0) bits = bits_of(std::fabs(x) * 0x1p52) - (uint64_t{52} << 52);
  }
  double rest;
  const double logarithm = log_for_pow(bits, &rest);
  const double high = y * logarithm;
  const double low = fma(y, rest, fma(y, logarithm, -high));
  // |low| is that of a rest where high is not tiny, where it does not count.
  return exp_of(high, low, negative);
}

// ---- expm1 and log1p ----------------------------------------------------------------------------

constexpr double kLn2Upper = 6.93147180369123816490e-01;  // 33 bits
constexpr double kLn2Rest = 1.90821492927058770002e-10;

// x with k added to its exponent.
inline double times_power(double x, int k) {
  return number_of(bits_of(x) + (static_cast<uint64_t>(static_cast<int64_t>(k)) << 52));
}

inline double expm1_double(double x) {
  constexpr double kQ[] = {-3.33333333333331316428e-02, 1.58730158725481460165e-03,
                           -7.93650757867487942473e-05, 4.00821782732936239552e-06,
                           -2.01099218183624371326e-07};
  const auto high = static_cast<uint32_t>(bits_of(x) >> 32);
  const uint32_t size = high & 0x7fffffffU;
  const bool negative = (high >> 31) != 0;
  if (size >= 0x4043687a) {  // |x| >= 56 ln 2
    if (x != x) return x + x;
    if (x > 7.09782712893383973096e+02) return kInfinity;
    if (negative) return -1.0;
  }
  int k = 0;
  double rest = 0.0;
  if (size > 0x3fd62e42) {  // |x| > ln 2 / 2
    double upper;
    double lower;
    if (size < 0x3ff0a2b2) {  // |x| < 3/2 ln 2
      upper = negative ? x + kLn2Upper : x - kLn2Upper;
      lower = negative ? -kLn2Rest : kLn2Rest;
      k = negative ? -1 : 1;
    } else {
      k = static_cast<int>(1.44269504088896338700 * x + (negative ? -0.5 : 0.5));
      upper = fma(static_cast<double>(-k), kLn2Upper, x);
      lower = k * kLn2Rest;
    }
    x = upper - lower;
    rest = upper - x - lower;
  } else if (size < 0x3c900000) {
    return x;  // |x| < 2^-54
  }
  const double half = 0.5 * x;
  const double z = x * half;
  const double z2 = z * z;
  const double z4 = z2 * z2;
  double r = fma(z, kQ[0], 1.0);
  r = fma(z2, fma(kQ[2], z, kQ[1]), r);
  r = fma(z4, fma(kQ[4], z, kQ[3]), r);
  const double t = fma(-half, r, 3.0);
  double e = (r - t) / fma(-x, t, 6.0) * z;
  if (k == 0) return x - fma(e, x, -z);
  e = fma(e - rest, x, -rest) - z;
  if (k == -1) return fma(x - e, 0.5, -0.5);
  if (k == 1) return x < -0.25 ? (e - (x + 0.5)) * -2.0 : fma(x - e, 2.0, 1.0);
  if (k <= -2 || k > 56) return times_power(1.0 - (e - x), k) - 1.0;
  if (k < 20) return times_power((1.0 - times_power(1.0, -k)) - (e - x), k);
  return times_power(x - (e + times_power(1.0, -k)) + 1.0, k);
}

// What log1p is of -1, of less, and of what is no number.
template <typename Real>
inline Real log1p_at_edge(Real x) {
  if (x == -1) return -std::numeric_limits<Real>::infinity();
  return x < -1 ? std::numeric_limits<Real>::quiet_NaN() : x + x;
}

// 1 + x = 2^k (1 + f), and 1 + f lies between sqrt(1/2) and sqrt(2); `rest` is what 1 + x lost to
// rounding, relative to it. `near`: f is 0, or so close to it that f^2 will do.
struct Reduced {
  int k;
  double f;
  double rest;
  bool near;
};

inline Reduced reduce(double x) {
  const double u = x < 0x1p53 ? 1.0 + x : x;
  const uint64_t bits = bits_of(u);
  int k = static_cast<int>(bits >> 52) - 1023;
  double rest = 0.0;
  if (x < 0x1p53) rest = (k > 0 ? 1.0 - (u - x) : x - (u - 1.0)) / u;
  const auto high = static_cast<uint32_t>(bits >> 32) & 0xfffffU;
  const bool lower = high < 0x6a09e;
  if (!lower) k++;
  const uint64_t exponent = uint64_t{lower ? 0x3ffU : 0x3feU} << 52;
  const double f = number_of((bits & 0xfffffffffffffU) | exponent) - 1.0;
  return {k, f, rest, lower ? high == 0 : (0x100000 - high) >> 2 == 0};
}

inline double log1p_double(double x) {
  constexpr double kP[] = {6.666666666666735130e-01, 3.999999999940941908e-01,
                           2.857142874366239149e-01, 2.222219843214978396e-01,
                           1.818357216161805012e-01, 1.531383769920937332e-01,
                           1.479819860511658591e-01};
  if (!(x > -1.0) || x == kInfinity) return log1p_at_edge(x);
  const double size = std::fabs(x);
  if (size < 0x1p-29) return size < 0x1p-54 ? x : fma(-(x * x), 0.5, x);
  Reduced reduced{0, x, 0.0, false};
  const auto high = static_cast<uint32_t>(bits_of(x) >> 32);
  // Between sqrt(1/2) - 1 and sqrt(2) - 1 nothing is to be taken out.
  if (x > 0 ? high >= 0x3fda827a : high >= 0xbfd2bec4) reduced = reduce(x);
  const auto [k, f, rest, near] = reduced;
  const double half = 0.5 * f * f;
  const auto times = static_cast<double>(k);
  if (near) {
    if (f == 0.0) return k == 0 ? 0.0 : fma(times, kLn2Upper, fma(times, kLn2Rest, rest));
    const double r = fma(-0.66666666666666666, f, 1.0) * half;
    if (k == 0) return f - r;
    return fma(times, kLn2Upper, -((r - fma(times, kLn2Rest, rest)) - f));
  }
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double z2 = z * z;
  const double z4 = z2 * z2;
  double r = fma(z, kP[0], z2 * fma(kP[2], z, kP[1]));
  r = fma(z4, fma(kP[4], z, kP[3]), r);
  r = fma(z2 * z4, fma(kP[6], z, kP[5]), r);
  const double product = (r + half) * s;
  if (k == 0) return f - (half - product);
  return fma(times, kLn2Upper, -((half - (product + fma(times, kLn2Rest, rest))) - f));
}

}  // namespace
}  // namespace heddle::random::elementary
