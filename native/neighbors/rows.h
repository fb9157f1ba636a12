// The rows of one operand: how they are read, whatever their strides, and what is checked of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

#include "call/frame.h"
#include "neighbors/kernels.h"
#include "neighbors/metric.h"

namespace heddle::neighbors {

// A row that holds NaN or an infinity; ends the operation.
struct NotFinite {
  bool of_y;
  int64_t row;
};

// Elements at the start of a cache line, not set to anything. Grows, never shrinks.
template <typename T>
class Buffer {
 public:
  T* reserve(int64_t length) {
    if (length > length_) {
      data_.reset();
      data_.reset(static_cast<T*>(
          ::operator new (static_cast<size_t>(length) * sizeof(T), std::align_val_t{64})));
      length_ = length;
    }
    return data_.get();
  }
  T* get() const { return data_.get(); }

 private:
  struct Free {
    void operator()(T* at) const { ::operator delete (at, std::align_val_t{64}); }
  };
  std::unique_ptr<T, Free> data_;
  int64_t length_ = 0;
};

template <typename From, typename To>
double convert(const From* row, int64_t length, const double* centre, double scale, To* out) {
  const Kernels& table = kernels();
  if constexpr (std::is_same_v<From, double> && std::is_same_v<To, double>) {
    return table.convert_dd(row, length, centre, scale, out);
  } else if constexpr (std::is_same_v<From, double>) {
    return table.convert_ds(row, length, centre, scale, out);
  } else if constexpr (std::is_same_v<To, double>) {
    return table.convert_sd(row, length, centre, scale, out);
  } else {
    return table.convert_ss(row, length, centre, scale, out);
  }
}

template <typename T>
double pair_value(Family family, const T* x, const T* y, int64_t length) {
  if constexpr (std::is_same_v<T, double>) {
    return kernels().pair64[static_cast<int>(family)](x, y, length);
  } else {
    return kernels().pair32[static_cast<int>(family)](x, y, length);
  }
}

// The ranking values of one row and `count` rows `stride` elements apart.
template <typename T>
void column_values(Family family, const T* x, const T* y, int64_t stride, int64_t count,
                   int64_t length, double* out) {
  if constexpr (std::is_same_v<T, double>) {
    kernels().column64[static_cast<int>(family)](x, y, stride, count, length, out);
  } else {
    kernels().column32[static_cast<int>(family)](x, y, stride, count, length, out);
  }
}

template <typename T>
class Rows {
 public:
  Rows(const View<T>& view, bool of_y) : view_(view), of_y_(of_y) {}

  int64_t count() const { return view_.rows; }
  int64_t columns() const { return view_.columns; }

  // The row's elements one after the other; in `room` where they don't lie so.
  const T* contiguous(int64_t row, Buffer<T>& room) const {
    const T* const from = plain_row(row);
    if (plain()) return from;
    T* to = room.reserve(view_.columns);
    for (int64_t i = 0; i < view_.columns; ++i) to[i] = from[i * view_.column_stride];
    return to;
  }

  // Whether every row's elements lie one after the other.
  bool plain() const { return view_.column_stride == 1 || view_.columns <= 1; }
  const T* plain_row(int64_t row) const { return view_.data + row * view_.row_stride; }
  int64_t stride() const { return view_.row_stride; }

  // Throws NotFinite where an element of the row is NaN or infinite.
  void check(int64_t row) const {
    for (int64_t i = 0; i < view_.columns; ++i) {
      if (!std::isfinite(view_.at(row, i))) throw NotFinite{of_y_, row};
    }
  }

 private:
  View<T> view_;
  bool of_y_;
};

// What brings a row to unit length; 0 for one without length.
template <typename T>
double unit_scale(const T* row, int64_t length) {
  const double square = -pair_value(Family::kProduct, row, row, length);
  if (square > 1e-280 && square < 1e280) return 1 / std::sqrt(square);
  double largest = 0;
  for (int64_t i = 0; i < length; ++i) {
    largest = std::max(largest, std::fabs(static_cast<double>(row[i])));
  }
  if (largest == 0 || !std::isfinite(largest)) return 0;
  double sum = 0;
  for (int64_t i = 0; i < length; ++i) {
    const double part = static_cast<double>(row[i]) / largest;
    sum += part * part;
  }
  return std::fmin(1 / largest / std::sqrt(sum), std::numeric_limits<double>::max());
}

}  // namespace heddle::neighbors
