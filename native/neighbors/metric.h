// The metrics, and the ranking values that stand for their distances inside.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "neighbors/kernels.h"

namespace heddle::neighbors {

// In the order of the numbers that TypeScript passes.
enum class Metric {
  kSqEuclidean,
  kEuclidean,
  kCosine,
  kDot,
  kManhattan,
  kChebyshev,
  kMinkowski,
  kHamming,
  kJaccard,
  kHaversine,
  kPrecomputed,
};
constexpr int kMetrics = 11;

// Powers up to this are taken by products.
constexpr double kMaxWholePower = 32;

// How the rows of a search are compared. A ranking value orders rows as the metric does, smallest
// first, and is cheaper to compute: euclidean distances are ranked by their squares, minkowski's by
// their powers, cosine distances by the squared distance of the rows at unit length (twice the
// cosine distance), those on a sphere by the squared chord, products by their negative.
struct Measure {
  Metric metric = Metric::kEuclidean;
  double p = 2;         // minkowski
  int64_t columns = 1;  // hamming

  Family family() const {
    switch (metric) {
      case Metric::kDot:
        return Family::kProduct;
      case Metric::kManhattan:
        return Family::kAbsolute;
      case Metric::kChebyshev:
        return Family::kMaximum;
      case Metric::kMinkowski:
        if (p <= kMaxWholePower && p == std::floor(p)) return Family::kWholePowers;
        if (p <= kMaxWholePower && 2 * p == std::floor(2 * p)) return Family::kHalfPowers;
        return Family::kPowers;
      case Metric::kHamming:
        return Family::kDifferences;
      case Metric::kJaccard:
        return Family::kSets;
      case Metric::kHaversine:
        return Family::kHaversine;
      default:
        return Family::kSquares;
    }
  }

  double distance(double ranking) const {
    switch (metric) {
      case Metric::kEuclidean:
        return std::sqrt(ranking);
      case Metric::kCosine:
        return std::fmin(ranking / 2, 2);
      case Metric::kDot:
        return 0.0 - ranking;
      case Metric::kMinkowski:
        return std::pow(ranking, 1 / p);
      case Metric::kHamming:
        return ranking / static_cast<double>(columns);
      case Metric::kHaversine:
        return 2 * std::asin(std::fmin(std::sqrt(ranking) / 2, 1));
      default:
        return ranking;
    }
  }

  // Whether a row of this ranking value lies within the radius (for products: reaches it).
  bool within(double ranking, double radius) const {
    const double far = distance(ranking);
    return metric == Metric::kDot ? far >= radius : far <= radius;
  }

  // A ranking value that no row within the radius exceeds, close to the smallest such.
  double limit(double radius) const {
    constexpr double kSlack = 1e-15;
    constexpr double kTiny = std::numeric_limits<double>::min();
    switch (metric) {
      case Metric::kEuclidean:
        return radius < 0 ? -1 : radius * radius * (1 + kSlack) + kTiny;
      case Metric::kCosine:
        return radius >= 2 ? HUGE_VAL : 2 * radius;
      case Metric::kDot:
        return -radius;
      case Metric::kMinkowski:
        return radius < 0 ? -1 : std::pow(radius, p) * (1 + (p + 4) * kSlack) + kTiny;
      case Metric::kHamming:
        return radius * static_cast<double>(columns) * (radius < 0 ? 1 : 1 + kSlack);
      case Metric::kHaversine: {
        if (radius < 0) return -1;
        if (radius >= 3.14159) return HUGE_VAL;
        const double chord = 2 * std::sin(radius / 2);
        return chord * chord * (1 + 8 * kSlack) + kTiny;
      }
      default:
        return radius;
    }
  }
};

// Up to this power rough sums are bounds that rule something out.
constexpr double kMaxRoughPower = 1e6;

// How far, relative to it, a sum of rough powers may be above the exact one: the errors of the
// logarithm, times the power, of the exponential, and of the sum. What underflows is below
// kRoughZero.
inline double bound_slack(double p, int64_t columns) {
  return 1e-8 + 8e-9 * p + 4e-16 * static_cast<double>(columns);
}
constexpr double kRoughZero = 1e-290;

// Whether the family's bounds can come from matrix products.
constexpr bool has_products(Family family) {
  return family == Family::kSquares || family == Family::kProduct || family == Family::kHaversine;
}

// Whether NaN or an infinity in a row is seen in every value that is computed from it.
constexpr bool leaves_trace(Family family) {
  return family != Family::kMaximum && family != Family::kDifferences && family != Family::kSets;
}

// The ranking value of a row without length and any other row: a cosine distance of 1.
constexpr double kZeroRowRanking = 2;

// The largest number below `value`.
inline double below(double value) { return std::nextafter(value, -HUGE_VAL); }

}  // namespace heddle::neighbors
