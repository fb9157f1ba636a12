#include "elementary.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <type_traits>

#include "common/instructions.h"
#include "random/elementary.h"

#if defined(__GLIBC__)
#include <gnu/libc-version.h>
#endif

namespace heddle {

namespace {

namespace elementary = random::elementary;

// SplitMix64.
class Draws {
 public:
  explicit Draws(uint64_t seed) : state_(seed) {}

  uint64_t bits() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double between(double low, double high) { return low + uniform() * (high - low); }

 private:
  uint64_t state_;
};

template <typename Real>
using BitsOf = std::conditional_t<sizeof(Real) == 8, uint64_t, uint32_t>;

template <typename Real>
BitsOf<Real> bits_of(Real x) {
  BitsOf<Real> bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

template <typename Real>
Real any_number(Draws& draws) {
  const auto bits = static_cast<BitsOf<Real>>(draws.bits());
  Real x;
  std::memcpy(&x, &bits, sizeof x);
  // A signalling NaN stays one in some C libraries' pow(NaN, 0).
  return std::isnan(x) ? std::numeric_limits<Real>::quiet_NaN() : x;
}

template <typename Real>
Real edge(uint64_t index) {
  using Limits = std::numeric_limits<Real>;
  constexpr Real kInfinity = Limits::infinity();
  static const Real kEdges[] = {
      Real(0),
      Real(1),
      Real(2),
      Real(0.5),
      Real(3),
      Limits::max(),
      Limits::min(),
      Limits::denorm_min(),
      Limits::min() / 3,
      kInfinity,
      Limits::quiet_NaN(),
      Real(0x1p53),
      Real(0x1p53) + 1,
      Real(0x1p63),
      Real(0x1p-66),
      1 + Limits::epsilon(),
      1 - Limits::epsilon() / 2,
      Real(1024),
      Real(1075),
      Real(149),
      Real(88.72283),
      Real(103.97208),
      Real(709.78271289338397),
      Real(745.13321910194111),
      Real(708.4),
      Real(0.41421356),
      Real(0.29289322),
      Real(0.34657359),
      Real(1.03972077),
      Real(38.8),
  };
  constexpr uint64_t kCount = sizeof kEdges / sizeof *kEdges;
  const Real x = kEdges[index % kCount];
  return index / kCount % 2 == 0 ? x : -x;
}

constexpr uint64_t kEdgeCount = 60;

template <typename Real>
Real one_argument(Draws& draws, const std::string& name, int kind, uint64_t i) {
  if (kind == 1) return any_number<Real>(draws);
  if (kind == 2) return edge<Real>(i);
  const bool small = i % 2 == 0;
  double x;
  if (name == "exp" || name == "expf") {
    x = small ? draws.between(-15, 5) : draws.between(-750, 750);
    if (sizeof(Real) == 4 && !small) x /= 7;
  } else if (name == "expm1") {
    x = small ? draws.between(-2, 2) : draws.between(-50, 50);
  } else if (name == "log" || name == "logf") {
    x = small ? draws.uniform() : std::ldexp(1 + draws.uniform(), static_cast<int>(i % 200) - 100);
  } else {
    x = small ? -draws.uniform() : draws.between(-0.5, 8);
  }
  return static_cast<Real>(x);
}

template <typename Real>
void count_in(ElementaryTrial& trial, Real chosen, Real other, Real library) {
  const bool none = std::isnan(chosen);
  const auto bits = none ? BitsOf<Real>{1} : bits_of(chosen);
  auto unlike = [&](Real value) {
    return none ? !std::isnan(value) : std::isnan(value) || bits_of(value) != bits;
  };
  trial.unlike_each_other += unlike(other);
  trial.unlike_library += unlike(library);
  for (size_t byte = 0; byte < sizeof bits; byte++) {
    trial.hash = (trial.hash ^ ((bits >> (8 * byte)) & 0xff)) * 1099511628211U;
  }
}

template <typename Real>
ElementaryTrial of_one(const std::string& name, int kind, uint64_t seed, int64_t count,
                       Real (*elementary::Functions::*function)(Real), Real (*library)(Real)) {
  ElementaryTrial trial;
  Draws draws(seed);
  for (int64_t i = 0; i < count; i++) {
    const Real x = one_argument<Real>(draws, name, kind, static_cast<uint64_t>(i));
    count_in(trial, (elementary::functions.*function)(x),
             (elementary::baseline_functions().*function)(x), library(x));
  }
  return trial;
}

template <typename Real>
ElementaryTrial of_two(int kind, uint64_t seed, int64_t count,
                       Real (*elementary::Functions::*function)(Real, Real),
                       Real (*library)(Real, Real)) {
  ElementaryTrial trial;
  Draws draws(seed);
  for (int64_t i = 0; i < count; i++) {
    const auto at = static_cast<uint64_t>(i);
    Real x;
    Real y;
    if (kind == 1) {
      x = any_number<Real>(draws);
      y = any_number<Real>(draws);
      // Most of these are out of range: some whose power is not.
      if (at % 2 == 0) y = static_cast<Real>(std::remainder(draws.between(-40, 40), 20));
      if (at % 8 == 0) y = std::floor(y);
    } else if (kind == 2) {
      x = edge<Real>(at % kEdgeCount);
      y = edge<Real>(at / kEdgeCount);
    } else {
      x = static_cast<Real>(at % 2 == 0 ? draws.uniform() : draws.between(0, 100));
      y = static_cast<Real>(at % 4 < 2 ? draws.between(0, 20) : 1 / draws.between(0.01, 2));
    }
    count_in(trial, (elementary::functions.*function)(x, y),
             (elementary::baseline_functions().*function)(x, y), library(x, y));
  }
  return trial;
}

}  // namespace

ElementaryTrial try_elementary(const std::string& name, int kind, uint64_t seed, int64_t count) {
  using F = elementary::Functions;
  if (name == "exp") return of_one<double>(name, kind, seed, count, &F::exp, std::exp);
  if (name == "expm1") return of_one<double>(name, kind, seed, count, &F::expm1, std::expm1);
  if (name == "log") return of_one<double>(name, kind, seed, count, &F::log, std::log);
  if (name == "log1p") return of_one<double>(name, kind, seed, count, &F::log1p, std::log1p);
  if (name == "expf") return of_one<float>(name, kind, seed, count, &F::expf, std::exp);
  if (name == "logf") return of_one<float>(name, kind, seed, count, &F::logf, std::log);
  if (name == "log1pf") return of_one<float>(name, kind, seed, count, &F::log1pf, std::log1p);
  if (name == "pow") return of_two<double>(kind, seed, count, &F::pow, std::pow);
  if (name == "powf") return of_two<float>(kind, seed, count, &F::powf, std::pow);
  throw std::invalid_argument("no elementary function " + name);
}

std::string glibc_version() {
#if defined(__GLIBC__)
  return gnu_get_libc_version();
#else
  return "";
#endif
}

}  // namespace heddle
