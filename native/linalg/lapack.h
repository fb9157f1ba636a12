// What the kernels on LAPACK share: column-major copies, workspaces, and what `info` says.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

#include "linalg/layout.h"
#include "linalg/stack.h"

namespace heddle::linalg {

// Room for a matrix in column-major order, for LAPACK to work on. `leading` is the number of its
// rows, or more where the routine writes a longer result over it.
template <typename T>
class Columns {
 public:
  Columns(int64_t rows, int64_t columns, int64_t leading = 0)
      : rows_(rows),
        columns_(columns),
        leading_(std::max<int64_t>({rows, leading, 1})),
        own_(leading_ * columns) {}
  explicit Columns(const View<T>& from) : Columns(from.rows, from.columns) { load(from); }

  void load(const View<T>& from) { copy(from, view()); }
  T* data() { return own_.data(); }
  int64_t leading() const { return leading_; }
  blas::Int leading_int() const { return blas::Int(leading_); }
  View<T> view() { return {own_.data(), rows_, columns_, 1, leading_}; }

 private:
  int64_t rows_;
  int64_t columns_;
  int64_t leading_;
  Workspace<T> own_;
};

// The workspace of one routine, of the size that it asked for at its first call.
template <typename T>
class Room {
 public:
  // Calls `routine(work, length)`; with -1 for the length to ask.
  template <typename Routine>
  void with(Routine&& routine) {
    if (!room_) {
      T best = 0;
      routine(&best, blas::Int(-1));
      // A float holds whole numbers up to 2^24 only, and the answer may have been rounded down.
      const double length = std::ceil(static_cast<double>(best) *
                                      (1 + static_cast<double>(std::numeric_limits<T>::epsilon())));
      if (!(length >= 0)) {
        throw std::length_error(
            "the matrix is too large for a LAPACK with 32-bit integers; set HEDDLE_BLAS to an "
            "ILP64 library");
      }
      length_ = std::max<int64_t>(static_cast<int64_t>(length), 1);
      room_.emplace(length_);
    }
    routine(room_->data(), blas::Int(length_));
  }

 private:
  int64_t length_ = 0;
  std::optional<Workspace<T>> room_;
};

// Throws where LAPACK refuses an argument: every size was checked, so this is a fault of ours, or
// of a library that means something else by its arguments.
inline void require_accepted(const blas::IntOut& info, const char* routine) {
  if (info.value < 0) {
    throw std::logic_error(std::string("LAPACK's ") + routine + " refuses its argument " +
                           std::to_string(-info.value));
  }
}

// The info of a routine that looks for NaN itself, and refuses its argument then: so it ends where
// nobody has looked for NaN before.
template <typename T>
int64_t info_of(const blas::IntOut& info, const char* routine, const View<T>& given) {
  if (info.value < 0 && !all_finite(given)) return kNotFiniteInfo;
  require_accepted(info, routine);
  return info.value;
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

}  // namespace heddle::linalg
