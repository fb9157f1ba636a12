// Hypergeometric numbers: by drawing one by one where few are drawn (or left), else by the ratio of
// uniforms; and those of several kinds.
//
// References: Stadlober, "The ratio of uniforms approach for generating discrete random variates"
// (1990; algorithm HRUA, whose names a, c, h, g are kept). The order of the operations is NumPy's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "random/elementary.h"
#include "random/integers.h"
#include "random/kept.h"
#include "random/log_factorials.h"

namespace heddle::random {

// log(k!): from a table, or by the first terms of Stirling's series.
inline double log_factorial(int64_t k) {
  constexpr double kHalfLogTwoPi = 0.9189385332046728;
  if (k < static_cast<int64_t>(kLogFactorials.size())) {
    return kLogFactorials[static_cast<size_t>(k)];
  }
  const auto x = static_cast<double>(k);
  return (x + 0.5) * elementary::log(x) - x +
         (kHalfLogTwoPi + (1.0 / x) * (1 / 12.0 - 1 / (360.0 * x * x)));
}

// Of `good` and `bad` ones `sample` are drawn; how many of them are good.
class Hypergeometric {
 public:
  Hypergeometric() : Hypergeometric(0, 0, 0) {}
  Hypergeometric(int64_t good, int64_t bad, int64_t sample)
      : good_(good), bad_(bad), sample_(sample), total_(good + bad) {
    by_ratio_ = sample >= 10 && sample <= total_ - 10;
    if (by_ratio_) prepare();
  }

  template <typename Source>
  int64_t operator()(Source& source) const {
    return by_ratio_ ? ratio(source) : urn(source);
  }

 private:
  // Draws those that are taken or, if fewer, those that are left.
  template <typename Source>
  int64_t urn(Source& source) const {
    const bool mirrored = sample_ > total_ / 2;
    int64_t draws = mirrored ? total_ - sample_ : sample_;
    int64_t left = total_;
    int64_t good = good_;
    while (draws > 0 && good > 0 && left > good) {
      --left;
      if (static_cast<int64_t>(masked64(source, static_cast<uint64_t>(left))) < good) --good;
      --draws;
    }
    if (left == good) good -= draws;  // only good ones are left
    return mirrored ? good : good_ - good;
  }

  void prepare() {
    draws_ = std::min(sample_, total_ - sample_);
    fewer_ = std::min(good_, bad_);
    more_ = std::max(good_, bad_);
    const auto total = static_cast<double>(total_);
    const auto draws = static_cast<double>(draws_);
    const double p = static_cast<double>(fewer_) / total;
    const double q = static_cast<double>(more_) / total;
    a_ = draws * p + 0.5;
    const double variance =
        static_cast<double>(total_ - draws_) * draws * p * q / static_cast<double>(total_ - 1);
    const double c = std::sqrt(variance + 0.5);
    // 2 sqrt(2 / e) c + 3 - 2 sqrt(3 / e)
    h_ = 1.7155277699214135 * c + 0.8989161620588988;
    const auto mode = static_cast<int64_t>(
        std::floor(static_cast<double>(draws_ + 1) * static_cast<double>(fewer_ + 1) /
                   static_cast<double>(total_ + 2)));
    g_ = log_weight(mode);
    // Beyond 16 standard deviations there is nothing.
    limit_ = std::min(static_cast<double>(std::min(draws_, fewer_) + 1), std::floor(a_ + 16 * c));
  }

  double log_weight(int64_t k) const {
    return log_factorial(k) + log_factorial(fewer_ - k) + log_factorial(draws_ - k) +
           log_factorial(more_ - draws_ + k);
  }

  template <typename Source>
  int64_t ratio(Source& source) const {
    int64_t k;
    for (;;) {
      const double u = source.next_double();
      const double v = source.next_double();
      const double x = a_ + h_ * (v - 0.5) / u;
      // With u = 0 it is infinite or NaN.
      if (!(x >= 0.0 && x < limit_)) continue;
      k = static_cast<int64_t>(std::floor(x));
      const double t = g_ - log_weight(k);
      if (u * (4.0 - u) - 3.0 <= t) break;
      if (u * (u - t) >= 1) continue;
      if (2.0 * elementary::log(u) <= t) break;
    }
    if (good_ > bad_) k = draws_ - k;
    return draws_ < sample_ ? good_ - k : k;
  }

  int64_t good_;
  int64_t bad_;
  int64_t sample_;
  int64_t total_;
  bool by_ratio_;
  int64_t draws_ = 0;
  int64_t fewer_ = 0;
  int64_t more_ = 0;
  double a_ = 0;
  double h_ = 0;
  double g_ = 0;
  double limit_ = 0;
};

// ---- Numbers of several kinds -------------------------------------------------------------------

// Of colours with their numbers, `sample` are drawn; how many of each. Rows of `out` are zero
// before.
struct Urn {
  const int64_t* colors;
  size_t kinds;
  int64_t total;   // the sum of the colors
  int64_t sample;  // at most the total
};

template <typename Count>
void mirror(const Urn& urn, Count* row) {
  for (size_t i = 0; i < urn.kinds; ++i) row[i] = static_cast<Count>(urn.colors[i]) - row[i];
}

// By a hypergeometric number for each color.
template <typename Source, typename Count>
void urn_marginals(Source& source, const Urn& urn, size_t rows, Count* out) {
  if (urn.total == 0 || urn.sample == 0) return;
  const bool mirrored = urn.sample > urn.total / 2;
  Kept<Hypergeometric> kept(urn.kinds, rows);
  for (; rows != 0; --rows, out += urn.kinds) {
    int64_t sample = mirrored ? urn.total - urn.sample : urn.sample;
    int64_t rest = urn.total;
    for (size_t i = 0; sample > 0 && i + 1 < urn.kinds; ++i) {
      rest -= urn.colors[i];
      const int64_t count =
          kept.draw(source, i, sample, [&] { return Hypergeometric(urn.colors[i], rest, sample); });
      out[i] = static_cast<Count>(count);
      sample -= count;
    }
    if (sample > 0) out[urn.kinds - 1] = static_cast<Count>(sample);
    if (mirrored) mirror(urn, out);
  }
}

// By shuffling the beginning of a list of all; the list goes on shuffled from row to row.
template <typename Source, typename Count>
void urn_count(Source& source, const Urn& urn, size_t rows, Count* out) {
  if (urn.total == 0 || urn.sample == 0 || rows == 0) return;
  std::vector<uint32_t> items;
  items.reserve(static_cast<size_t>(urn.total));
  for (size_t i = 0; i < urn.kinds; ++i) {
    items.insert(items.end(), static_cast<size_t>(urn.colors[i]), static_cast<uint32_t>(i));
  }
  const bool mirrored = urn.sample > urn.total / 2;
  const auto sample = static_cast<size_t>(mirrored ? urn.total - urn.sample : urn.sample);
  // There are less than 2^32 items, and each row draws from the same ranges.
  const auto range = [&](size_t i) { return static_cast<uint32_t>(items.size() - i - 1); };
  std::vector<uint32_t> masks(sample);
  for (size_t i = 0; i < sample; ++i) masks[i] = mask_of(range(i));
  for (; rows != 0; --rows, out += urn.kinds) {
    for (size_t i = 0; i < sample; ++i) {
      std::swap(items[i], items[i + masked32(source, range(i), masks[i])]);
    }
    for (size_t i = 0; i < sample; ++i) out[items[i]] += 1;
    if (mirrored) mirror(urn, out);
  }
}

}  // namespace heddle::random
