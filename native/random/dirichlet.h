// The Dirichlet distribution: gamma numbers over their sum or, where all weights are so small that
// these would all be 0, a stick broken by beta numbers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "random/continuous.h"
#include "random/kernels.h"

namespace heddle::random {

constexpr double kSmallWeight = 0.1;

template <typename Source>
void normalise_gammas(Source& source, const std::vector<Gamma<Double>>& gammas, double* row) {
  double sum = 0;
  for (size_t i = 0; i < gammas.size(); ++i) {
    row[i] = gammas[i](source);
    sum += row[i];
  }
  const double inverse = 1 / sum;
  for (size_t i = 0; i < gammas.size(); ++i) row[i] *= inverse;
}

// `after[i]` is the sum of the weights from i on. Where only zeros follow, what is left of the
// stick is taken whole, and the rest of the row stays 0.
template <typename Source>
void break_stick(Source& source, const Shares& of, const std::vector<double>& after, double* row) {
  double rest = 1;
  for (size_t i = 0; i + 1 < of.kinds; ++i) {
    const double share = Beta(of.weights[i], after[i + 1])(source);
    row[i] = rest * share;
    rest *= 1 - share;
    if (after[i + 1] == 0) break;
  }
  row[of.kinds - 1] = rest;
}

// `out` is zero before.
template <typename Source>
void dirichlet(Source& source, const Shares& of, double* out) {
  const double* const end = of.weights + of.kinds;
  // As NumPy has it: NaN among the weights is not small.
  const bool small =
      std::all_of(of.weights, end, [](double weight) { return weight < kSmallWeight; });
  if (!small) {
    const std::vector<Gamma<Double>> gammas(of.weights, end);
    for (size_t row = 0; row < of.rows; ++row) {
      normalise_gammas(source, gammas, out + row * of.kinds);
    }
    return;
  }
  std::vector<double> after(of.kinds);
  double sum = 0;
  for (size_t i = of.kinds; i-- > 0;) {
    sum += of.weights[i];
    after[i] = sum;
  }
  if (sum == 0) return;
  for (size_t row = 0; row < of.rows; ++row) break_stick(source, of, after, out + row * of.kinds);
}

}  // namespace heddle::random
