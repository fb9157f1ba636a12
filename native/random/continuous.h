// Continuous distributions, each as one draw from a source of bits.
//
// As in ziggurat.h, the order and the rounding of the operations is NumPy's (2.4's).
//
// References: Marsaglia and Tsang, "A simple method for generating gamma variables" (2000; shape >=
// 1); Ahrens and Dieter 1974 as in Best 1983 (gamma, shape < 1); Johnk 1964 (beta); Best and
// Fisher, "Efficient simulation of the von Mises distribution" (1979); Michael, Schucany and Haas
// 1976 (Wald); the others by the inverse of their distribution function or as ratios and powers.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "random/elementary.h"
#include "random/poisson.h"
#include "random/ziggurat.h"

namespace heddle::random {

constexpr double kPi = 3.14159265358979323846;

// ---- By the inverse of the distribution function ------------------------------------------------

// For floats too the logarithm is taken, and rounded once, from double precision.
template <typename P, typename Source>
typename P::Real inverse_exponential(Source& source) {
  return static_cast<typename P::Real>(
      -elementary::log1p(-static_cast<double>(P::uniform(source))));
}

// A draw of 0 has no inverse, here and in the next two, and is drawn again.
template <typename Source>
double laplace(Source& source, double location, double scale) {
  for (;;) {
    const double u = source.next_double();
    if (u >= 0.5) return location - scale * elementary::log(2.0 - u - u);
    if (u > 0.0) return location + scale * elementary::log(u + u);
  }
}

template <typename Source>
double gumbel(Source& source, double location, double scale) {
  for (;;) {
    const double u = 1.0 - source.next_double();
    if (u < 1.0) return location - scale * elementary::log(-elementary::log(u));
  }
}

template <typename Source>
double logistic(Source& source, double location, double scale) {
  for (;;) {
    const double u = source.next_double();
    if (u > 0.0) return location + scale * elementary::log(u / (1.0 - u));
  }
}

// Of a uniform number; the side is chosen without a branch, which would be guessed wrong.
class Triangle {
 public:
  Triangle(double left, double mode, double right)
      : left_(left),
        right_(right),
        ratio_((mode - left) / (right - left)),
        below_((mode - left) * (right - left)),
        above_((right - mode) * (right - left)) {}

  double operator()(double u) const {
    const bool rising = u <= ratio_;
    const double root = std::sqrt(rising ? u * below_ : (1.0 - u) * above_);
    return rising ? left_ + root : right_ - root;
  }

 private:
  double left_;
  double right_;
  double ratio_;
  double below_;
  double above_;
};

// ---- Of exponential numbers ---------------------------------------------------------------------

inline double pareto(double exponential, double a) { return elementary::expm1(exponential / a); }

inline double power(double exponential, double a) {
  return elementary::pow(-elementary::expm1(-exponential), 1.0 / a);
}

inline double rayleigh(double exponential, double scale) {
  return scale * std::sqrt(2.0 * exponential);
}

template <typename Source>
double weibull(Source& source, double a) {
  if (a == 0.0) return 0.0;
  return elementary::pow(standard_exponential<Double>(source), 1.0 / a);
}

// ---- Gamma and what is made of it ---------------------------------------------------------------

// Gamma numbers of one shape. What it decides is worked out once for a fill.
template <typename P>
class Gamma {
 public:
  using Real = typename P::Real;

  explicit Gamma(Real shape)
      : shape_(shape), inverse_(shape < kOne ? kOne / shape : 0), b_(shape - kOne / Real{3}) {
    if (!(shape < kOne)) c_ = kOne / std::sqrt(Real{9} * b_);
  }

  template <typename Source>
  Real operator()(Source& source) const {
    if (shape_ == kOne) return standard_exponential<P>(source);
    if (shape_ == 0) return 0;
    if (shape_ < kOne) return by_powers(source);
    // With a shape of NaN the first test is on x alone: the loop ends, and what it gives is NaN.
    for (;;) {
      Real x;
      Real v;
      do {
        x = standard_normal<P>(source);
        v = kOne + c_ * x;
      } while (v <= 0);
      v = v * v * v;
      const Real u = P::uniform(source);
      if (u < kOne - static_cast<Real>(0.0331) * (x * x) * (x * x)) return b_ * v;
      if (elementary::log(u) <
          static_cast<Real>(0.5) * x * x + b_ * (kOne - v + elementary::log(v))) {
        return b_ * v;
      }
    }
  }

 private:
  static constexpr Real kOne = 1;

  template <typename Source>
  Real by_powers(Source& source) const {
    for (;;) {
      const Real u = P::uniform(source);
      const Real v = standard_exponential<P>(source);
      if (u <= kOne - shape_) {
        const Real x = elementary::pow(u, inverse_);
        if (x <= v) return x;
      } else {
        const Real y = -elementary::log((kOne - u) / shape_);
        const Real x = elementary::pow(kOne - shape_ + shape_ * y, inverse_);
        if (x <= v + y) return x;
      }
    }
  }

  Real shape_;
  Real inverse_;
  Real b_;
  Real c_ = 0;
};

template <typename P, typename Source>
typename P::Real standard_gamma(Source& source, typename P::Real shape) {
  return Gamma<P>(shape)(source);
}

template <typename Source>
double chisquare(Source& source, double freedom) {
  return 2.0 * standard_gamma<Double>(source, freedom / 2.0);
}

// The ratio of two chi-square numbers, each over its degrees of freedom.
class Fisher {
 public:
  Fisher(double numerator, double denominator)
      : numerator_(numerator),
        denominator_(denominator),
        above_(numerator / 2.0),
        below_(denominator / 2.0) {}

  template <typename Source>
  double operator()(Source& source) const {
    const double above = 2.0 * above_(source) * denominator_;
    const double below = 2.0 * below_(source) * numerator_;
    return above / below;
  }

 private:
  double numerator_;
  double denominator_;
  Gamma<Double> above_;
  Gamma<Double> below_;
};

class Student {
 public:
  explicit Student(double freedom) : root_(std::sqrt(freedom / 2)), gamma_(freedom / 2) {}

  template <typename Source>
  double operator()(Source& source) const {
    const double normal = standard_normal<Double>(source);
    const double gamma = gamma_(source);
    return root_ * normal / std::sqrt(gamma);
  }

 private:
  double root_;
  Gamma<Double> gamma_;
};

template <typename Source>
double standard_cauchy(Source& source) {
  const double above = standard_normal<Double>(source);
  const double below = standard_normal<Double>(source);
  return above / below;
}

template <typename Source>
double noncentral_chisquare(Source& source, double freedom, double noncentrality) {
  if (std::isnan(noncentrality)) return std::numeric_limits<double>::quiet_NaN();
  if (noncentrality == 0) return chisquare(source, freedom);
  if (1 < freedom) {
    const double central = chisquare(source, freedom - 1);
    const double normal = standard_normal<Double>(source) + std::sqrt(noncentrality);
    return central + normal * normal;
  }
  // Doubled without a sign: what is too large for a count wraps around, as it does in NumPy.
  const auto pairs = static_cast<uint64_t>(Poisson(noncentrality / 2.0)(source));
  return chisquare(source, freedom + static_cast<double>(static_cast<int64_t>(2 * pairs)));
}

template <typename Source>
double noncentral_fisher(Source& source, double numerator, double denominator,
                         double noncentrality) {
  const double above = noncentral_chisquare(source, numerator, noncentrality) * denominator;
  return above / (chisquare(source, denominator) * numerator);
}

class Beta {
 public:
  Beta(double a, double b)
      : a_(a), b_(b), inverse_a_(1.0 / a), inverse_b_(1.0 / b), gamma_a_(a), gamma_b_(b) {}

  template <typename Source>
  double operator()(Source& source) const {
    // So put that NaN leads away from the loop.
    if (!(a_ <= 1.0 && b_ <= 1.0)) {
      const double x = gamma_a_(source);
      const double y = gamma_b_(source);
      return x / (x + y);
    }
    if (a_ < kTiny && b_ < kTiny) return (a_ + b_) * source.next_double() < a_ ? 1.0 : 0.0;
    for (;;) {
      const double u = source.next_double();
      const double v = source.next_double();
      const double x = elementary::pow(u, inverse_a_);
      const double y = elementary::pow(v, inverse_b_);
      const double sum = x + y;
      if (!(sum <= 1.0 && u + v > 0.0)) continue;
      if (x > 0.0 && y > 0.0) return x / sum;
      return by_logarithms(u, v);
    }
  }

 private:
  // Where both parameters are below this, a number between 0 and 1 is less likely than 1e-100.
  static constexpr double kTiny = 3e-103;

  // Where a power underflowed: the same ratio.
  double by_logarithms(double u, double v) const {
    const double difference = elementary::log(u) / a_ - elementary::log(v) / b_;
    if (difference > 0) return elementary::exp(-elementary::log1p(elementary::exp(-difference)));
    return elementary::exp(difference - elementary::log1p(elementary::exp(difference)));
  }

  double a_;
  double b_;
  double inverse_a_;
  double inverse_b_;
  Gamma<Double> gamma_a_;
  Gamma<Double> gamma_b_;
};

// ---- Others -------------------------------------------------------------------------------------

// The smaller root of the transformation with several, or the larger one.
template <typename Source>
double wald(Source& source, double mean, double scale) {
  double y = standard_normal<Double>(source);
  y = mean * y * y;
  const double d = 1 + std::sqrt(1 + 4 * scale / y);
  const double x = mean * (1 - 2 / d);
  const double u = source.next_double();
  if (u <= mean / (mean + x)) return x;
  return mean * mean / x;
}

class VonMises {
 public:
  VonMises(double mode, double concentration)
      : mode_(mode), concentration_(concentration), envelope_(envelope(concentration)) {}

  template <typename Source>
  double operator()(Source& source) const {
    if (std::isnan(concentration_)) return std::numeric_limits<double>::quiet_NaN();
    if (concentration_ < 1e-8) return kPi * (2 * source.next_double() - 1);
    if (concentration_ > 1e6) {
      // So narrow that it is a normal distribution.
      double angle = mode_ + std::sqrt(1. / concentration_) * standard_normal<Double>(source);
      if (angle < -kPi) angle += 2 * kPi;
      if (angle > kPi) angle -= 2 * kPi;
      return angle;
    }
    double w;
    for (;;) {
      const double z = std::cos(kPi * source.next_double());
      w = (1 + envelope_ * z) / (envelope_ + z);
      const double y = concentration_ * (envelope_ - w);
      const double v = source.next_double();
      if (y * (2 - y) - v >= 0 || elementary::log(y / v) + 1 - y >= 0) break;
    }
    double angle = std::acos(w);
    if (source.next_double() < 0.5) angle = -angle;
    angle += mode_;
    // The remainder of what is smaller than the divisor is itself, and mostly it is.
    const double turned = std::fabs(angle) + kPi;
    const double wrapped = (turned < 2 * kPi ? turned : std::fmod(turned, 2 * kPi)) - kPi;
    return angle < 0 ? -wrapped : wrapped;
  }

 private:
  // The scale of the wrapped Cauchy envelope.
  static double envelope(double concentration) {
    // To second order; what follows loses all digits here.
    if (concentration < 1e-5) return 1. / concentration + concentration;
    const double r = 1 + std::sqrt(1 + 4 * concentration * concentration);
    const double rho = (r - std::sqrt(2 * r)) / (2 * concentration);
    return (1 + rho * rho) / (2 * rho);
  }

  double mode_;
  double concentration_;
  double envelope_;
};

}  // namespace heddle::random
