// Multinomial counts: of the trials that are left, a binomial number of them ends in each way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "random/binomial.h"
#include "random/kept.h"

namespace heddle::random {

// Counts of n trials that end in one of `kinds` ways, the last one of which takes what is left
// over; `draw(i, n)` is how many of n end in way i. `out` is zero before.
template <typename Count, typename Draw>
void share_trials(int64_t n, size_t kinds, Count* out, Draw&& draw) {
  for (size_t i = 0; i + 1 < kinds; ++i) {
    const int64_t count = draw(i, n);
    out[i] = static_cast<Count>(count);
    n -= count;
    if (n <= 0) return;
  }
  if (n > 0) out[kinds - 1] = static_cast<Count>(n);
}

template <typename Source, typename Count>
void multinomial(Source& source, int64_t n, const double* chances, size_t kinds, Count* out) {
  double rest = 1.0;
  share_trials(n, kinds, out, [&](size_t i, int64_t left) {
    const Binomial binomial(left, chances[i] / rest);
    rest -= chances[i];
    return binomial(source);
  });
}

// The same of many rows with the same chances.
class Multinomial {
 public:
  Multinomial(const double* chances, size_t kinds, size_t rows)
      : kinds_(kinds), binomials_(kinds - 1, rows) {
    double rest = 1.0;
    for (size_t i = 0; i + 1 < kinds; ++i) {
      ratios_.push_back(chances[i] / rest);
      rest -= chances[i];
    }
  }

  template <typename Source, typename Count>
  void operator()(Source& source, int64_t n, Count* out) {
    share_trials(n, kinds_, out, [&](size_t i, int64_t left) {
      return binomials_.draw(source, i, left, [&] { return Binomial(left, ratios_[i]); });
    });
  }

 private:
  size_t kinds_;
  std::vector<double> ratios_;
  Kept<Binomial> binomials_;
};

}  // namespace heddle::random
