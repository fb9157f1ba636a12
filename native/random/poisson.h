// Poisson numbers: by multiplying uniform numbers where few events are expected, else by
// transformed rejection (PTRS).
//
// Reference: Hormann, "The transformed rejection method for generating Poisson random variables"
// (1993). The order of the operations is NumPy's.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "random/elementary.h"

namespace heddle::random {

// The logarithm of the gamma function by Stirling's series from 7 on, below by recurrence.
inline double log_gamma(double x) {
  static constexpr std::array<double, 10> kSeries = {
      8.333333333333333e-02, -2.777777777777778e-03, 7.936507936507937e-04, -5.952380952380952e-04,
      8.417508417508418e-04, -1.917526917526918e-03, 6.410256410256410e-03, -2.955065359477124e-02,
      1.796443723688307e-01, -1.39243221690590e+00};
  constexpr double kLogTwoPi = 1.8378770664093453;
  if (x == 1.0 || x == 2.0) return 0.0;
  const auto steps = x < 7.0 ? static_cast<int64_t>(7 - x) : 0;
  double at = x + static_cast<double>(steps);
  const double inverse = (1.0 / at) * (1.0 / at);
  double sum = kSeries[9];
  for (size_t k = 9; k-- > 0;) {
    sum *= inverse;
    sum += kSeries[k];
  }
  double result = sum / at + 0.5 * kLogTwoPi + (at - 0.5) * elementary::log(at) - at;
  for (int64_t k = 0; k < steps; ++k) {
    result -= elementary::log(at - 1.0);
    at -= 1.0;
  }
  return result;
}

// Parameters of one mean, worked out once for a fill. Most numbers are taken without the
// logarithms, so that these wait for the first one that is not: a mean may be there for a single
// number.
class Poisson {
 public:
  explicit Poisson(double mean) : mean_(mean) {
    if (mean >= 10) {
      b_ = 0.931 + 2.53 * std::sqrt(mean);
      a_ = -0.059 + 0.02483 * b_;
      vr_ = 0.9277 - 3.6224 / (b_ - 2);
    } else {
      limit_ = elementary::exp(-mean);
    }
  }

  template <typename Source>
  int64_t operator()(Source& source) const {
    if (mean_ >= 10) return transformed_rejection(source);
    if (mean_ == 0) return 0;
    int64_t count = 0;
    double product = source.next_double();
    while (product > limit_) {
      ++count;
      product *= source.next_double();
    }
    return count;
  }

 private:
  template <typename Source>
  int64_t transformed_rejection(Source& source) const {
    for (;;) {
      const double u = source.next_double() - 0.5;
      const double v = source.next_double();
      const double us = 0.5 - std::fabs(u);
      const int64_t k = whole(std::floor((2 * a_ / us + b_) * u + mean_ + 0.43));
      if (us >= 0.07 && v <= vr_) return k;
      if (k < 0 || (us < 0.013 && v > us)) continue;
      if (!logarithms_) {
        logarithms_ = true;
        log_mean_ = elementary::log(mean_);
        log_inverse_alpha_ = elementary::log(1.1239 + 1.1328 / (b_ - 3.4));
      }
      if (elementary::log(v) + log_inverse_alpha_ - elementary::log(a_ / (us * us) + b_) <=
          -mean_ + static_cast<double>(k) * log_mean_ - log_gamma(static_cast<double>(k) + 1)) {
        return k;
      }
    }
  }

  // What is out of range becomes the least number there is, as x86 converts it.
  static int64_t whole(double x) {
    constexpr double kLimit = 9.223372036854775808e18;  // 2^63
    return x >= -kLimit && x < kLimit ? static_cast<int64_t>(x) : INT64_MIN;
  }

  double mean_;
  double limit_ = 0;
  double a_ = 0;
  double b_ = 0;
  double vr_ = 0;
  mutable bool logarithms_ = false;
  mutable double log_mean_ = 0;
  mutable double log_inverse_alpha_ = 0;
};

}  // namespace heddle::random
