// Discrete distributions of one number, but for the Poisson, binomial and hypergeometric ones,
// which have files of their own.
//
// References: Kemp, "Efficient generation of logarithmically distributed pseudo-random variables"
// (1981); Devroye, "Non-uniform random variate generation" (1986; Zipf). The order of the
// operations is NumPy's.
#pragma once

#include <cmath>
#include <cstdint>

#include "random/continuous.h"
#include "random/elementary.h"
#include "random/poisson.h"

namespace heddle::random {

// 2^63, the first double that is too large for a count.
constexpr double kTooLarge = 9.223372036854775808e18;

// Trials until the first success: by counting where it comes soon, else by inversion.
template <typename Source>
int64_t geometric(Source& source, double p) {
  if (p >= 1.0 / 3.0) {
    int64_t trials = 1;
    double chance = p;
    double sum = p;
    const double u = source.next_double();
    while (u > sum) {
      chance *= 1.0 - p;
      sum += chance;
      ++trials;
    }
    return trials;
  }
  const double trials = std::ceil(-standard_exponential<Double>(source) / elementary::log1p(-p));
  return trials >= kTooLarge ? INT64_MAX : static_cast<int64_t>(trials);
}

// Failures before the n-th success: a Poisson number whose mean is a gamma number.
template <typename Source>
int64_t negative_binomial(Source& source, double n, double p) {
  const double mean = (1 - p) / p * standard_gamma<Double>(source, n);
  return Poisson(mean)(source);
}

template <typename Source>
int64_t logseries(Source& source, double p) {
  const double r = elementary::log1p(-p);
  for (;;) {
    const double v = source.next_double();
    if (v >= p) return 1;
    const double q = -elementary::expm1(r * source.next_double());
    if (v <= q * q) {
      const double number = std::floor(1 + elementary::log(v) / elementary::log(q));
      // With v = 0 it is infinite, or NaN where q is 0 as well.
      if (!(number >= 1) || number >= kTooLarge || v == 0.0) continue;
      return static_cast<int64_t>(number);
    }
    return v >= q ? 1 : 2;
  }
}

// By rejection, of numbers that fit in 63 bits.
template <typename Source>
int64_t zipf(Source& source, double a) {
  // A number above 1 is less likely than 3e-309, and 2^(a - 1) is no double.
  if (a >= 1025) return 1;
  const double exponent = a - 1.0;
  const double b = elementary::pow(2.0, exponent);
  const double least = elementary::pow(kTooLarge, -exponent);
  for (;;) {
    const double u = source.next_double();
    const double v = source.next_double();
    // Of (least, 1]; below, numbers would be too large.
    const double x = std::floor(elementary::pow(u * least + (1 - u), -1.0 / exponent));
    if (!(x >= 1.0 && x <= kTooLarge)) continue;
    const double t = elementary::pow(1.0 + 1.0 / x, exponent);
    if (v * x * (t - 1.0) / (b - 1.0) <= t / b) {
      return x < kTooLarge ? static_cast<int64_t>(x) : INT64_MAX;
    }
  }
}

}  // namespace heddle::random
