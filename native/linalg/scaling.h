// Rows and columns brought to about the same size by powers of two, which rounds nothing.
//
// Gaussian elimination multiplies by the reciprocal of a pivot, which overflows for a subnormal
// one, and sums of large elements overflow. Where that happened, the matrix is scaled and
// eliminated again. (LAPACK's geequ scales by powers of the radix for the same reason; its sums of
// exponents are limited by the range that this is about.)
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "linalg/layout.h"

namespace heddle::linalg {

// Whether 1 / x is beyond the range of the elements, or x itself is.
template <typename T>
bool hard_pivot(T x) {
  constexpr T kLeast = std::numeric_limits<T>::min() * 4;
  return !(std::fabs(x) >= kLeast && std::fabs(x) <= std::numeric_limits<T>::max() / 4);
}

template <typename T>
class Scaling {
 public:
  // Chooses exponents of rows and columns so that the largest element of each is about 1.
  void choose(const View<T>& a) {
    rows_.assign(static_cast<size_t>(a.rows), 0);
    columns_.assign(static_cast<size_t>(a.columns), 0);
    for (int64_t i = 0; i < a.rows; ++i) {
      T most = 0;
      for (int64_t j = 0; j < a.columns; ++j) most = std::max(most, std::fabs(a.at(i, j)));
      if (most > 0 && std::isfinite(most)) rows_[static_cast<size_t>(i)] = -std::ilogb(most);
    }
    for (int64_t j = 0; j < a.columns; ++j) {
      int most = kNone;
      for (int64_t i = 0; i < a.rows; ++i) {
        const T x = a.at(i, j);
        if (x != 0 && std::isfinite(x)) {
          most = std::max(most, std::ilogb(x) + rows_[static_cast<size_t>(i)]);
        }
      }
      if (most != kNone) columns_[static_cast<size_t>(j)] = -most;
    }
  }

  // to = R from C
  void scale(const View<T>& from, const View<T>& to) const {
    for (int64_t j = 0; j < from.columns; ++j) {
      for (int64_t i = 0; i < from.rows; ++i) {
        to.at(i, j) = std::scalbn(from.at(i, j), row(i) + column(j));
      }
    }
  }
  // Right-hand sides of R A C, or of its transpose: B times R, or C; each column is brought to
  // about 1 besides.
  void scale_sides(const View<T>& b, bool transposed) {
    const std::vector<int>& exponents = transposed ? columns_ : rows_;
    sides_.assign(static_cast<size_t>(b.columns), 0);
    for (int64_t j = 0; j < b.columns; ++j) {
      int most = kNone;
      for (int64_t i = 0; i < b.rows; ++i) {
        const T x = b.at(i, j);
        if (x != 0 && std::isfinite(x)) {
          most = std::max(most, std::ilogb(x) + exponents[static_cast<size_t>(i)]);
        }
      }
      if (most != kNone) sides_[static_cast<size_t>(j)] = most;
    }
    scale_lines(b, exponents, -1);
  }
  // The solution for what scale_sides() has made.
  void scale_solution(const View<T>& x, bool transposed) const {
    scale_lines(x, transposed ? rows_ : columns_, 1);
  }
  // x = C x R, of an inverse
  void unscale_inverse(const View<T>& x) const {
    for (int64_t j = 0; j < x.columns; ++j) {
      for (int64_t i = 0; i < x.rows; ++i) {
        x.at(i, j) = std::scalbn(x.at(i, j), column(i) + row(j));
      }
    }
  }
  // The exponent by which the determinant has been multiplied.
  int64_t exponent() const {
    int64_t sum = 0;
    for (const int e : rows_) sum += e;
    for (const int e : columns_) sum += e;
    return sum;
  }

 private:
  static constexpr int kNone = std::numeric_limits<int>::min();

  int row(int64_t i) const { return rows_[static_cast<size_t>(i)]; }
  int column(int64_t j) const { return columns_[static_cast<size_t>(j)]; }
  // `sign`: that with which the exponents of the sides are added.
  void scale_lines(const View<T>& x, const std::vector<int>& exponents, int sign) const {
    for (int64_t j = 0; j < x.columns; ++j) {
      const int side = sign * sides_[static_cast<size_t>(j)];
      for (int64_t i = 0; i < x.rows; ++i) {
        x.at(i, j) = std::scalbn(x.at(i, j), exponents[static_cast<size_t>(i)] + side);
      }
    }
  }

  std::vector<int> rows_;
  std::vector<int> columns_;
  std::vector<int> sides_;
};

}  // namespace heddle::linalg
