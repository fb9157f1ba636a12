// Binomial numbers: by inversion where few successes are expected, else by rejection (BTPE).
//
// Reference: Kachitvichyanukul and Schmeiser, "Binomial random variate generation" (1988). The
// order of the operations is NumPy 2.4's.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "random/elementary.h"

namespace heddle::random {

class Binomial {
 public:
  // Chances that inversion makes use of: its mean is at most 30.
  static constexpr size_t kMaxInverted = 88;

  Binomial() : Binomial(0, 0.0) {}
  Binomial(int64_t n, double p) : n_(n), mirrored_(p > 0.5), p_(p > 0.5 ? 1.0 - p : p) {
    none_ = n == 0 || p == 0.0;
    if (none_) return;
    count_ = static_cast<double>(n);
    inverts_ = p_ * count_ <= 30.0;
    if (inverts_) {
      q_ = 1.0 - p_;
      chances_[0] = elementary::exp(count_ * elementary::log1p(-p_));
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
  // The chances of 0, 1, ... successes, each made of the one before when it is first needed.
  // Numbers beyond the bound, which is less than 30 + 10 sqrt(31), are drawn again.
  template <typename Source>
  int64_t inversion(Source& source) const {
    int64_t x = 0;
    double u = source.next_double();
    while (u > chances_[static_cast<size_t>(x)]) {
      if (x == bound_) {
        x = 0;
        u = source.next_double();
        continue;
      }
      u -= chances_[static_cast<size_t>(x)];
      ++x;
      if (x > known_) extend_chances();
    }
    return x;
  }

  void extend_chances() const {
    const double before = chances_[static_cast<size_t>(known_)];
    ++known_;
    chances_[static_cast<size_t>(known_)] =
        (static_cast<double>(n_ - known_ + 1) * p_ * before) / (static_cast<double>(known_) * q_);
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
        y = std::floor(xl_ + elementary::log(v) / left_);
        if (y < 0 || v == 0.0) continue;
        v = v * (u - p2_) * left_;
      } else {
        y = std::floor(xr_ - elementary::log(v) / right_);
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
    const double log_v = elementary::log(v);
    if (log_v < t - rho) return true;
    if (log_v > t + rho) return false;
    const double x1 = y + 1;
    const double f1 = m + 1;
    const double z = count_ + 1 - m;
    const double w = count_ - y + 1;
    return log_v <= xm_ * elementary::log(f1 / x1) + (count_ - m + 0.5) * elementary::log(z / w) +
                        (y - m) * elementary::log(w * p_ / (x1 * q_)) + stirling(f1) + stirling(z) +
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
  int64_t bound_ = 0;
  mutable int64_t known_ = 0;  // the last one whose chance is there
  mutable std::array<double, kMaxInverted> chances_;
  int64_t m_ = 0;
  double fm_ = 0, xm_ = 0, xl_ = 0, xr_ = 0, c_ = 0, left_ = 0, right_ = 0;
  double p1_ = 0, p2_ = 0, p3_ = 0, p4_ = 0, variance_ = 0;
};

}  // namespace heddle::random
