#include "linalg/layout.h"

#include <algorithm>

namespace heddle::linalg {

template <typename T>
void copy(const View<T>& from, const View<T>& to) {
  constexpr int64_t kBlock = 32;
  if (from.size() == 0) return;  // there may be no address to count from
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

// The sum of x * 0 is 0 unless some x is; several sums side by side, since each addition would wait
// for the one before it.
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

template <typename T>
BlasMatrix<T>::BlasMatrix(const View<T>& view) {
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

template <typename T>
void BlasMatrix<T>::set(T* data, int64_t leading, bool transposed) {
  data_ = data;
  leading_ = std::max<int64_t>(leading, 1);
  transposed_ = transposed;
}

template void copy(const View<float>&, const View<float>&);
template void copy(const View<double>&, const View<double>&);
template bool all_finite(const View<float>&);
template bool all_finite(const View<double>&);
template class BlasMatrix<float>;
template class BlasMatrix<double>;

}  // namespace heddle::linalg
