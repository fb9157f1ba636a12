// The metrics, and the ranking values that stand for their distances inside.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "neighbors/kernels.h"

namespace heddle::neighbors {

// In the order of the numbers that TypeScript passes.
enum class Metric { kSqEuclidean, kEuclidean, kCosine, kDot, kManhattan, kChebyshev };
constexpr int kMetrics = 6;

// A ranking value orders rows as the metric does, smallest first, and is cheaper to compute:
// euclidean distances are ranked by their squares, cosine distances by the squared distance of the
// rows at unit length (twice the cosine distance), products by their negative.
constexpr Family family_of(Metric metric) {
  switch (metric) {
    case Metric::kDot:
      return Family::kProduct;
    case Metric::kManhattan:
      return Family::kAbsolute;
    case Metric::kChebyshev:
      return Family::kMaximum;
    default:
      return Family::kSquares;
  }
}

// The ranking value of a row without length and any other row: a cosine distance of 1.
constexpr double kZeroRowRanking = 2;

inline double distance_of(Metric metric, double ranking) {
  switch (metric) {
    case Metric::kEuclidean:
      return std::sqrt(ranking);
    case Metric::kCosine:
      return std::fmin(ranking / 2, 2);
    case Metric::kDot:
      return 0.0 - ranking;
    default:
      return ranking;
  }
}

// Whether a row of this ranking value lies within the radius (for products: reaches it).
inline bool within(Metric metric, double ranking, double radius) {
  const double distance = distance_of(metric, ranking);
  return metric == Metric::kDot ? distance >= radius : distance <= radius;
}

// A ranking value that no row within the radius exceeds, close to the smallest such.
inline double ranking_limit(Metric metric, double radius) {
  constexpr double kSlack = 1 + 1e-15;
  switch (metric) {
    case Metric::kEuclidean:
      return radius < 0 ? -1 : radius * radius * kSlack + std::numeric_limits<double>::min();
    case Metric::kCosine:
      return radius >= 2 ? std::numeric_limits<double>::infinity() : 2 * radius;
    case Metric::kDot:
      return -radius;
    default:
      return radius;
  }
}

// The largest number below `value`.
inline double below(double value) { return std::nextafter(value, -HUGE_VAL); }

}  // namespace heddle::neighbors
