// Between views with any strides and what BLAS takes: columns one after the other.
#pragma once

#include <algorithm>
#include <optional>

#include "executor/frame.h"

namespace heddle::linalg {

// Copies element by element, in blocks so that both sides stay in cache when one is transposed.
template <typename T>
void copy(const View<T>& from, const View<T>& to) {
  constexpr int64_t kBlock = 32;
  if (from.column_stride == 1 && to.column_stride == 1) {
    for (int64_t i = 0; i < from.rows; ++i) {
      std::copy_n(from.data + i * from.row_stride, from.columns, to.data + i * to.row_stride);
    }
    return;
  }
  for (int64_t i0 = 0; i0 < from.rows; i0 += kBlock) {
    const int64_t i1 = std::min(i0 + kBlock, from.rows);
    for (int64_t j0 = 0; j0 < from.columns; j0 += kBlock) {
      const int64_t j1 = std::min(j0 + kBlock, from.columns);
      for (int64_t i = i0; i < i1; ++i) {
        for (int64_t j = j0; j < j1; ++j) to.at(i, j) = from.at(i, j);
      }
    }
  }
}

// Whether no element is NaN or infinite. The sum of x * 0 is 0 unless some x is; several sums side
// by side, since each addition would wait for the one before it.
template <typename T>
bool all_finite(const View<T>& view) {
  constexpr int64_t kSums = 128 / sizeof(T);
  if (view.size() == 0) return true;  // there may be no address to count from
  if (view.column_stride != 1 && view.row_stride == 1) return all_finite(view.transposed());
  T sums[kSums] = {};
  for (int64_t i = 0; i < view.rows; ++i) {
    const T* const row = view.data + i * view.row_stride;
    const int64_t in_blocks = view.column_stride == 1 ? view.columns / kSums * kSums : 0;
    for (int64_t j = 0; j < in_blocks; j += kSums) {
      for (int64_t k = 0; k < kSums; ++k) sums[k] += row[j + k] * T{0};
    }
    for (int64_t j = in_blocks; j < view.columns; ++j) {
      sums[(j - in_blocks) % kSums] += row[j * view.column_stride] * T{0};
    }
  }
  T sum = 0;
  for (const T each : sums) sum += each;
  return sum == 0;  // NaN is not
}

// A matrix as a BLAS routine takes it: column-major with a leading dimension, or the transpose of
// such a one. Row-major and transposed views are taken as they are; others are packed.
template <typename T>
class BlasMatrix {
 public:
  explicit BlasMatrix(const View<T>& view) {
    // A single row or column may have any stride to the next, so its own is not looked at. One
    // longer than a 32-bit library counts is packed away too.
    const auto leading = [](int64_t stride, int64_t length, int64_t lines) {
      return lines == 1 || (stride >= std::max<int64_t>(length, 1) && stride <= kMaxLeading);
    };
    const auto distance = [](int64_t stride, int64_t length, int64_t lines) {
      return lines == 1 ? length : stride;
    };
    if ((view.row_stride == 1 || view.rows == 1) &&
        leading(view.column_stride, view.rows, view.columns)) {
      set(view.data, distance(view.column_stride, view.rows, view.columns), false);
    } else if ((view.column_stride == 1 || view.columns == 1) &&
               leading(view.row_stride, view.columns, view.rows)) {
      set(view.data, distance(view.row_stride, view.columns, view.rows), true);
    } else {
      packed_.emplace(view.size());
      copy(view, View<T>{packed_->data(), view.rows, view.columns, view.columns, 1});
      set(packed_->data(), std::max<int64_t>(view.columns, 1), true);
    }
  }

  T* data() const { return data_; }
  int64_t leading() const { return leading_; }
  // Whether the matrix meant is the transpose of the column-major one.
  bool transposed() const { return transposed_; }
  char operation() const { return transposed_ ? 'T' : 'N'; }
  bool packed() const { return packed_.has_value(); }

 private:
  static constexpr int64_t kMaxLeading = INT32_MAX;

  void set(T* data, int64_t leading, bool transposed) {
    data_ = data;
    leading_ = std::max<int64_t>(leading, 1);
    transposed_ = transposed;
  }

  std::optional<Workspace<T>> packed_;
  T* data_ = nullptr;
  int64_t leading_ = 1;
  bool transposed_ = false;
};

}  // namespace heddle::linalg
