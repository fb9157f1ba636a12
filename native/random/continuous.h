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
        const Real x = elementary::pow(u, kOne / shape);
        if (x <= v) return x;
      } else {
        const Real y = -elementary::log((kOne - u) / shape);
        const Real x = elementary::pow(kOne - shape + shape * y, kOne / shape);
        if (x <= v + y) return x;
      }
    }
  }
  // With a shape of NaN the first test is on x alone: the loop ends, and what it gives is NaN.
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
    if (elementary::log(u) < static_cast<Real>(0.5) * x * x + b * (kOne - v + elementary::log(v)))
      return b * v;
  }
}

template <typename Source>
double chisquare(Source& source, double freedom) {
  return 2.0 * standard_gamma<Double>(source, freedom / 2.0);
}

template <typename Source>
double fisher(Source& source, double numerator, double denominator) {
  const double above = chisquare(source, numerator) * denominator;
  const double below = chisquare(source, denominator) * numerator;
  return above / below;
}

template <typename Source>
double student(Source& source, double freedom) {
  const double normal = standard_normal<Double>(source);
  const double gamma = standard_gamma<Double>(source, freedom / 2);
  return std::sqrt(freedom / 2) * normal / std::sqrt(gamma);
}

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

// Where both parameters are below this, a number between 0 and 1 is less likely than 1e-100.
constexpr double kTinyBeta = 3e-103;

template <typename Source>
double beta(Source& source, double a, double b) {
  // So put that NaN leads away from the loop.
  if (!(a <= 1.0 && b <= 1.0)) {
    const double x = standard_gamma<Double>(source, a);
    const double y = standard_gamma<Double>(source, b);
    return x / (x + y);
  }
  if (a < kTinyBeta && b < kTinyBeta) {
    return (a + b) * source.next_double() < a ? 1.0 : 0.0;
  }
  for (;;) {
    const double u = source.next_double();
    const double v = source.next_double();
    const double x = elementary::pow(u, 1.0 / a);
    const double y = elementary::pow(v, 1.0 / b);
    const double sum = x + y;
    if (!(sum <= 1.0 && u + v > 0.0)) continue;
    if (x > 0.0 && y > 0.0) return x / sum;
    // A power underflowed: the same ratio by logarithms.
    const double difference = elementary::log(u) / a - elementary::log(v) / b;
    if (difference > 0) return elementary::exp(-elementary::log1p(elementary::exp(-difference)));
    return elementary::exp(difference - elementary::log1p(elementary::exp(difference)));
  }
}

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

// The scale of the wrapped Cauchy envelope.
inline double von_mises_envelope(double concentration) {
  // To second order; what follows loses all digits here.
  if (concentration < 1e-5) return 1. / concentration + concentration;
  const double r = 1 + std::sqrt(1 + 4 * concentration * concentration);
  const double rho = (r - std::sqrt(2 * r)) / (2 * concentration);
  return (1 + rho * rho) / (2 * rho);
}

template <typename Source>
double von_mises(Source& source, double mode, double concentration) {
  if (std::isnan(concentration)) return std::numeric_limits<double>::quiet_NaN();
  if (concentration < 1e-8) return kPi * (2 * source.next_double() - 1);
  if (concentration > 1e6) {
    // So narrow that it is a normal distribution.
    double angle = mode + std::sqrt(1. / concentration) * standard_normal<Double>(source);
    if (angle < -kPi) angle += 2 * kPi;
    if (angle > kPi) angle -= 2 * kPi;
    return angle;
  }
  const double s = von_mises_envelope(concentration);
  double w;
  for (;;) {
    const double z = std::cos(kPi * source.next_double());
    w = (1 + s * z) / (s + z);
    const double y = concentration * (s - w);
    const double v = source.next_double();
    if (y * (2 - y) - v >= 0 || elementary::log(y / v) + 1 - y >= 0) break;
  }
  double angle = std::acos(w);
  if (source.next_double() < 0.5) angle = -angle;
  angle += mode;
  const double wrapped = std::fmod(std::fabs(angle) + kPi, 2 * kPi) - kPi;
  return angle < 0 ? -wrapped : wrapped;
}

}  // namespace heddle::random
