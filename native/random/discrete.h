// Discrete distributions: Poisson, binomial, and integers in a range.
//
// References: Hormann 1993 (PTRS), Kachitvichyanukul and Schmeiser 1988 (BTPE), Lemire 2019.
// As in continuous.h, the order of the operations is NumPy's.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "random/continuous.h"
#include "random/wide.h"

namespace heddle::random {

// ---- Poisson --------------------------------------------------------------------------------

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
  double result = sum / at + 0.5 * kLogTwoPi + (at - 0.5) * std::log(at) - at;
  for (int64_t k = 0; k < steps; ++k) {
    result -= std::log(at - 1.0);
    at -= 1.0;
  }
  return result;
}

// Parameters of one mean, worked out once for a fill.
class Poisson {
 public:
  explicit Poisson(double mean) : mean_(mean) {
    if (mean >= 10) {
      const double root = std::sqrt(mean);
      log_mean_ = std::log(mean);
      b_ = 0.931 + 2.53 * root;
      a_ = -0.059 + 0.02483 * b_;
      log_inverse_alpha_ = std::log(1.1239 + 1.1328 / (b_ - 3.4));
      vr_ = 0.9277 - 3.6224 / (b_ - 2);
    } else {
      limit_ = std::exp(-mean);
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
      const double floor = std::floor((2 * a_ / us + b_) * u + mean_ + 0.43);
      // u = -1/2 (a draw of 0) gives minus infinity or NaN: out of range whatever it is cast to.
      if (!(floor >= 0)) {
        if (us >= 0.07 && v <= vr_) return static_cast<int64_t>(floor);
        continue;
      }
      const auto k = static_cast<int64_t>(floor);
      if (us >= 0.07 && v <= vr_) return k;
      if (us < 0.013 && v > us) continue;
      if (std::log(v) + log_inverse_alpha_ - std::log(a_ / (us * us) + b_) <=
          -mean_ + static_cast<double>(k) * log_mean_ - log_gamma(static_cast<double>(k + 1))) {
        return k;
      }
    }
  }

  double mean_;
  double limit_ = 0;
  double log_mean_ = 0;
  double a_ = 0;
  double b_ = 0;
  double log_inverse_alpha_ = 0;
  double vr_ = 0;
};

// ---- Geometric ------------------------------------------------------------------------------

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
  const double trials = std::ceil(-standard_exponential<Double>(source) / std::log1p(-p));
  // 2^63, the first double that is too large.
  return trials >= 9.223372036854776e18 ? INT64_MAX : static_cast<int64_t>(trials);
}

// ---- Binomial -------------------------------------------------------------------------------

class Binomial {
 public:
  Binomial(int64_t n, double p) : n_(n), mirrored_(p > 0.5), p_(p > 0.5 ? 1.0 - p : p) {
    none_ = n == 0 || p == 0.0;
    if (none_) return;
    count_ = static_cast<double>(n);
    inverts_ = p_ * count_ <= 30.0;
    if (inverts_) {
      q_ = 1.0 - p_;
      start_ = std::exp(count_ * std::log(q_));
      const double mean = count_ * p_;
      const double reach = mean + 10.0 * std::sqrt(mean * q_ + 1);
      bound_ = static_cast<int64_t>(count_ < reach ? count_ : reach);
    } else {
      prepare_rejection();
    }
  }

  template <typename Source>
  int64_t operator()(Source& source) const {
    if (none_) return 0;
    const int64_t count = inverts_ ? inversion(source) : rejection(source);
    return mirrored_ ? n_ - count : count;
  }

 private:
  template <typename Source>
  int64_t inversion(Source& source) const {
    int64_t x = 0;
    double chance = start_;
    double u = source.next_double();
    while (u > chance) {
      ++x;
      if (x > bound_) {
        x = 0;
        chance = start_;
        u = source.next_double();
      } else {
        u -= chance;
        chance = (static_cast<double>(n_ - x + 1) * p_ * chance) / (static_cast<double>(x) * q_);
      }
    }
    return x;
  }

  // The parts under the hat: a triangle (p1), two parallelograms (p2), two tails (p3, p4).
  void prepare_rejection() {
    q_ = 1.0 - p_;
    fm_ = count_ * p_ + p_;
    m_ = static_cast<int64_t>(std::floor(fm_));
    p1_ = std::floor(2.195 * std::sqrt(count_ * p_ * q_) - 4.6 * q_) + 0.5;
    xm_ = static_cast<double>(m_) + 0.5;
    xl_ = xm_ - p1_;
    xr_ = xm_ + p1_;
    c_ = 0.134 + 20.5 / (15.3 + static_cast<double>(m_));
    double a = (fm_ - xl_) / (fm_ - xl_ * p_);
    left_ = a * (1.0 + a / 2.0);
    a = (xr_ - fm_) / (xr_ * q_);
    right_ = a * (1.0 + a / 2.0);
    p2_ = p1_ * (1.0 + 2.0 * c_);
    p3_ = p2_ + c_ / left_;
    p4_ = p3_ + c_ / right_;
    variance_ = count_ * p_ * q_;
  }

  template <typename Source>
  int64_t rejection(Source& source) const {
    const auto m = static_cast<double>(m_);
    for (;;) {
      const double u = source.next_double() * p4_;
      double v = source.next_double();
      if (u <= p1_) return static_cast<int64_t>(std::floor(xm_ - p1_ * v + u));
      double y;
      if (u <= p2_) {
        const double x = xl_ + (u - p1_) / c_;
        v = v * c_ + 1.0 - std::fabs(m - x + 0.5) / p1_;
        if (v > 1.0) continue;
        y = std::floor(x);
      } else if (u <= p3_) {
        y = std::floor(xl_ + std::log(v) / left_);
        if (y < 0 || v == 0.0) continue;
        v = v * (u - p2_) * left_;
      } else {
        y = std::floor(xr_ - std::log(v) / right_);
        if (y > count_ || v == 0.0) continue;
        v = v * (u - p3_) * right_;
      }
      if (accepts(y, v)) return static_cast<int64_t>(y);
    }
  }

  bool accepts(double y, double v) const {
    const auto m = static_cast<double>(m_);
    const double k = std::fabs(y - m);
    if (k > 20 && k < variance_ / 2.0 - 1) return squeezed(y, v, k);
    const double s = p_ / q_;
    const double a = s * static_cast<double>(n_ + 1);
    double f = 1.0;
    const auto end = static_cast<int64_t>(y);
    for (int64_t i = m_ + 1; i <= end; ++i) f *= a / static_cast<double>(i) - s;
    for (int64_t i = end + 1; i <= m_; ++i) f /= a / static_cast<double>(i) - s;
    return v <= f;
  }

  bool squeezed(double y, double v, double k) const {
    const auto m = static_cast<double>(m_);
    const double rho =
        (k / variance_) * ((k * (k / 3.0 + 0.625) + 0.16666666666666666) / variance_ + 0.5);
    const double t = -k * k / (2 * variance_);
    const double log_v = std::log(v);
    if (log_v < t - rho) return true;
    if (log_v > t + rho) return false;
    const double x1 = y + 1;
    const double f1 = m + 1;
    const double z = count_ + 1 - m;
    const double w = count_ - y + 1;
    return log_v <= xm_ * std::log(f1 / x1) + (count_ - m + 0.5) * std::log(z / w) +
                        (y - m) * std::log(w * p_ / (x1 * q_)) + stirling(f1) + stirling(z) +
                        stirling(x1) + stirling(w);
  }

  static double stirling(double x) {
    const double square = x * x;
    return (13680. - (462. - (132. - (99. - 140. / square) / square) / square) / square) / x /
           166320.;
  }

  int64_t n_;
  bool mirrored_;
  double p_;  // the smaller of p and 1 - p
  bool none_ = false;
  bool inverts_ = false;
  double count_ = 0;
  double q_ = 0;
  double start_ = 0;
  int64_t bound_ = 0;
  int64_t m_ = 0;
  double fm_ = 0, xm_ = 0, xl_ = 0, xr_ = 0, c_ = 0, left_ = 0, right_ = 0;
  double p1_ = 0, p2_ = 0, p3_ = 0, p4_ = 0, variance_ = 0;
};

// ---- Integers in [0, range] -----------------------------------------------------------------

// Lemire's multiplication, for draws of 32 bits and ranges below all of them.
template <typename Source>
uint32_t bounded32(Source& source, uint32_t range) {
  const uint32_t size = range + 1;
  uint64_t product = static_cast<uint64_t>(source.next32()) * size;
  auto low = static_cast<uint32_t>(product);
  if (low < size) {
    const uint32_t threshold = (0xFFFFFFFFU - range) % size;
    while (low < threshold) {
      product = static_cast<uint64_t>(source.next32()) * size;
      low = static_cast<uint32_t>(product);
    }
  }
  return static_cast<uint32_t>(product >> 32);
}

template <typename Source>
uint64_t bounded64(Source& source, uint64_t range) {
  const uint64_t size = range + 1;
  uint64_t high;
  uint64_t low = multiply_wide(source.next64(), size, &high);
  if (low < size) {
    const uint64_t threshold = (0xFFFFFFFFFFFFFFFFULL - range) % size;
    while (low < threshold) low = multiply_wide(source.next64(), size, &high);
  }
  return high;
}

// Draws of 8 or 16 bits, several from one of 32 bits; the rest is dropped at the end of a call.
template <typename Small, typename Source>
class SmallDraws {
 public:
  explicit SmallDraws(Source& source) : source_(source) {}

  Small next() {
    if (left_ == 0) {
      bits_ = source_.next32();
      left_ = 4 / sizeof(Small);
    } else {
      bits_ >>= 8 * sizeof(Small);
    }
    --left_;
    return static_cast<Small>(bits_);
  }

  Small bounded(Small range) {
    constexpr uint32_t kAll = static_cast<Small>(~Small{0});
    if (range == kAll) return next();
    constexpr unsigned kBits = 8 * sizeof(Small);
    const uint32_t size = range + 1U;
    uint32_t product = static_cast<uint32_t>(next()) * size;
    if ((product & kAll) < size) {
      const uint32_t threshold = (kAll - range) % size;
      while ((product & kAll) < threshold) product = static_cast<uint32_t>(next()) * size;
    }
    return static_cast<Small>(product >> kBits);
  }

 private:
  Source& source_;
  uint32_t bits_ = 0;
  unsigned left_ = 0;
};

// Single bits, 32 from one draw.
template <typename Source>
class BitDraws {
 public:
  explicit BitDraws(Source& source) : source_(source) {}
  bool next() {
    if (left_ == 0) {
      bits_ = source_.next32();
      left_ = 31;
    } else {
      bits_ >>= 1;
      --left_;
    }
    return (bits_ & 1U) != 0;
  }

 private:
  Source& source_;
  uint32_t bits_ = 0;
  unsigned left_ = 0;
};

// Masked rejection, as shuffles do it: the next power of two, and again where it is too large.
template <typename Source>
uint32_t masked32(Source& source, uint32_t range) {
  if (range == 0) return 0;
  uint32_t mask = range;
  for (unsigned shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
  uint32_t value;
  while ((value = source.next32() & mask) > range) {
  }
  return value;
}

}  // namespace heddle::random
