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
class Geometric {
 public:
  explicit Geometric(double p) : p_(p), log_failure_(elementary::log1p(-p)) {}

  template <typename Source>
  int64_t operator()(Source& source) const {
    if (p_ >= 1.0 / 3.0) {
      int64_t trials = 1;
      double chance = p_;
      double sum = p_;
      const double u = source.next_double();
      while (u > sum) {
        chance *= 1.0 - p_;
        sum += chance;
        ++trials;
      }
      return trials;
    }
    const double trials = std::ceil(-standard_exponential<Double>(source) / log_failure_);
    return trials >= kTooLarge ? INT64_MAX : static_cast<int64_t>(trials);
  }

 private:
  double p_;
  double log_failure_;
};

// Failures before the n-th success: a Poisson number whose mean is a gamma number.
class NegativeBinomial {
 public:
  NegativeBinomial(double n, double p) : odds_((1 - p) / p), gamma_(n) {}

  template <typename Source>
  int64_t operator()(Source& source) const {
    const double mean = odds_ * gamma_(source);
    return Poisson(mean)(source);
  }

 private:
  double odds_;
  Gamma<Double> gamma_;
};

class Logseries {
 public:
  explicit Logseries(double p) : p_(p), r_(elementary::log1p(-p)) {}

  template <typename Source>
  int64_t operator()(Source& source) const {
    for (;;) {
      const double v = source.next_double();
      if (v >= p_) return 1;
      const double q = -elementary::expm1(r_ * source.next_double());
      if (v <= q * q) {
        const double number = std::floor(1 + elementary::log(v) / elementary::log(q));
        // With v = 0 it is infinite, or NaN where q is 0 as well.
        if (!(number >= 1) || number >= kTooLarge || v == 0.0) continue;
        return static_cast<int64_t>(number);
      }
      return v >= q ? 1 : 2;
    }
  }

 private:
  double p_;
  double r_;
};

// By rejection, of numbers that fit in 63 bits.
class Zipf {
 public:
  explicit Zipf(double a)
      : a_(a),
        exponent_(a - 1.0),
        b_(elementary::pow(2.0, exponent_)),
        least_(elementary::pow(kTooLarge, -exponent_)) {}

  template <typename Source>
  int64_t operator()(Source& source) const {
    // A number above 1 is less likely than 3e-309, and 2^(a - 1) is no double.
    if (a_ >= 1025) return 1;
    for (;;) {
      const double u = source.next_double();
      const double v = source.next_double();
      // Of (least, 1]; below, numbers would be too large.
      const double x = std::floor(elementary::pow(u * least_ + (1 - u), -1.0 / exponent_));
      if (!(x >= 1.0 && x <= kTooLarge)) continue;
      const double t = elementary::pow(1.0 + 1.0 / x, exponent_);
      if (v * x * (t - 1.0) / (b_ - 1.0) <= t / b_) {
        return x < kTooLarge ? static_cast<int64_t>(x) : INT64_MAX;
      }
    }
  }

 private:
  double a_;
  double exponent_;
  double b_;
  double least_;
};

}  // namespace heddle::random
