// How much work a decomposition is, and how much of it a further core must have.
//
// A product hands each core one large piece. A factorisation hands out a small piece after each of
// its panels, and the eigenvalue routines one after each column: their cores wait for each other
// thousands of times, and below some size two of them are slower than one (QR of 150 x 150: half as
// fast). The grains are what each of two cores has at the size from which two are faster, measured
// with OpenBLAS 0.3.21 on a Xeon with AVX-512.
#pragma once

#include <algorithm>
#include <cstdint>

#include "executor/demand.h"

namespace heddle::linalg {

// Floating-point operations, and how many of them pay for one core more.
struct Work {
  double flops = 0;
  double grain = kWorkPerCore;
};

// Work done one part after the other: as many cores pay as pay for the parts taken together.
inline Work operator+(const Work& a, const Work& b) {
  const double flops = a.flops + b.flops;
  return {flops, flops > 0 ? flops / (a.flops / a.grain + b.flops / b.grain) : a.grain};
}

inline double cube(int64_t n) {
  const auto side = static_cast<double>(n);
  return side * side * side;
}

// Of a matrix of m x n by reflections of k = min(m, n) columns: 2 k² (max(m, n) - k / 3).
inline double householder_flops(int64_t m, int64_t n) {
  const auto k = static_cast<double>(std::min(m, n));
  return 2 * k * k * (static_cast<double>(std::max(m, n)) - k / 3);
}

inline Work cholesky_work(int64_t n) { return {cube(n) / 3, 2e7}; }
inline Work lu_work(int64_t m, int64_t n) { return {householder_flops(m, n) / 2, 1e8}; }
inline Work qr_work(int64_t m, int64_t n) { return {householder_flops(m, n), 2e8}; }
inline Work inverse_work(int64_t n) { return {2 * cube(n), 1.3e8}; }
inline Work eigh_work(int64_t n, bool vectors) {
  return vectors ? Work{9 * cube(n), 5.5e8} : Work{4 * cube(n) / 3, 8e7};
}
inline Work eig_work(int64_t n, bool vectors) {
  return {(vectors ? 25 : 10) * cube(n), vectors ? 9e9 : 3.6e9};
}

// Which singular vectors: none, min(m, n) of each side, or all.
enum class Vectors { kNone, kReduced, kFull };

// Golub and Van Loan, table 8.6.1.
inline Work svd_work(int64_t rows, int64_t columns, Vectors vectors) {
  const auto m = static_cast<double>(std::max(rows, columns));
  const auto n = static_cast<double>(std::min(rows, columns));
  switch (vectors) {
    case Vectors::kNone:
      return {4 * m * n * n - 4 * n * n * n / 3, 1.4e8};
    case Vectors::kReduced:
      return {14 * m * n * n + 8 * n * n * n, 1.2e9};
    case Vectors::kFull:
      break;
  }
  return {4 * m * m * n + 22 * n * n * n, 1.2e9};
}

}  // namespace heddle::linalg
