// What the operations on LAPACK share: column-major copies, workspaces, and what `info` says.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "linalg/layout.h"
#include "linalg/operation.h"

namespace heddle::linalg {

// A copy in column-major order, for LAPACK to work on. `leading` is the number of its rows, or more
// where the routine writes a longer result over it.
template <typename T>
class Columns {
 public:
  explicit Columns(const View<T>& from, int64_t leading = 0)
      : rows_(from.rows),
        columns_(from.columns),
        leading_(std::max<int64_t>({from.rows, leading, 1})),
        own_(leading_ * from.columns) {
    copy(from, view());
  }
  T* data() { return own_.data(); }
  int64_t leading() const { return leading_; }
  View<T> view() { return {own_.data(), rows_, columns_, 1, leading_}; }

 private:
  int64_t rows_;
  int64_t columns_;
  int64_t leading_;
  Workspace<T> own_;
};

// Calls `routine(work, length)` twice: to ask how long a workspace it wants, then with such a one.
template <typename T, typename Routine>
void with_workspace(Routine&& routine) {
  T best = 0;
  routine(&best, blas::Int(-1));
  // A float holds whole numbers up to 2^24 only, and the answer may have been rounded down.
  const double length = std::ceil(static_cast<double>(best) *
                                  (1 + static_cast<double>(std::numeric_limits<T>::epsilon())));
  if (!(length >= 0)) {
    throw std::length_error(
        "the matrix is too large for a LAPACK with 32-bit integers; set HEDDLE_BLAS to an ILP64 "
        "library");
  }
  Workspace<T> work(static_cast<int64_t>(length));
  routine(work.data(), blas::Int(std::max<int64_t>(static_cast<int64_t>(length), 1)));
}

// Throws where LAPACK refuses an argument: every size was checked, so this is a fault of ours, or
// of a library that means something else by its arguments.
inline void require_accepted(const blas::IntOut& info, const char* routine) {
  if (info.value < 0) {
    throw std::logic_error(std::string("LAPACK's ") + routine + " refuses its argument " +
                           std::to_string(-info.value));
  }
}

// The outcome of a routine that looks for NaN itself, and refuses its argument then: so it ends
// where nobody has looked for NaN before.
template <typename T>
call::Outcome outcome_of(const blas::IntOut& info, const char* routine, const View<T>& given) {
  if (info.value < 0 && !all_finite(given)) return kNotFinite;
  require_accepted(info, routine);
  return static_cast<call::Outcome>(info.value);
}

// Sizes that TypeScript lets through are right; here they are checked once more.
inline void require(Frame& frame, bool fits) {
  if (!fits) throw Napi::RangeError::New(frame.env(), "heddle: the shapes of the matrices differ");
}

inline void require_square(Frame& frame, int64_t rows, int64_t columns) {
  require(frame, rows == columns);
}

// Whether `view` is the rows and columns given.
template <typename T>
void require_shape(Frame& frame, const View<T>& view, int64_t rows, int64_t columns) {
  require(frame, view.rows == rows && view.columns == columns);
}

template <typename T>
void fill(const View<T>& view, T value) {
  for (int64_t i = 0; i < view.rows; ++i) {
    for (int64_t j = 0; j < view.columns; ++j) view.at(i, j) = value;
  }
}

template <typename T>
void fill_identity(const View<T>& view) {
  fill(view, T{0});
  for (int64_t i = 0; i < std::min(view.rows, view.columns); ++i) view.at(i, i) = 1;
}

// Replaces n x n columns by their inverse (getrf, getri). Returns info: the pivot that is zero, or
// 0.
template <typename T>
int64_t invert(Columns<T>& matrix, int64_t n) {
  const blas::Blas& blas = blas::current();
  const blas::Int order(n);
  blas::IntArray pivots(static_cast<size_t>(n));
  blas::IntOut info;
  blas.call<T>(blas::Op::getrf, order, order, matrix.data(), blas::Int(matrix.leading()), pivots,
               info);
  require_accepted(info, "getrf");
  if (info.value != 0) return info.value;
  with_workspace<T>([&](T* work, blas::Int length) {
    blas.call<T>(blas::Op::getri, order, matrix.data(), blas::Int(matrix.leading()), pivots, work,
                 length, info);
  });
  require_accepted(info, "getri");
  return info.value;
}

}  // namespace heddle::linalg
