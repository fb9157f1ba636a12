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

// A row that holds what it must not; ends the operation.
struct BadRow {
  enum Kind { kNotFiniteX, kNotFiniteY, kNegative };
  Kind kind;
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
double pair_value(Family family, const T* x, const T* y, int64_t length, double p = 0) {
  if constexpr (std::is_same_v<T, double>) {
    return kernels().pair64[static_cast<int>(family)](x, y, length, p);
  } else {
    return kernels().pair32[static_cast<int>(family)](x, y, length, p);
  }
}

// The ranking values of one row and `count` rows `stride` elements apart.
template <typename T>
void column_values(Family family, const T* x, const T* y, int64_t stride, int64_t count,
                   int64_t length, double p, double* out) {
  if constexpr (std::is_same_v<T, double>) {
    kernels().column64[static_cast<int>(family)](x, y, stride, count, length, p, out);
  } else {
    kernels().column32[static_cast<int>(family)](x, y, stride, count, length, p, out);
  }
}

// What is done to each row before it is compared.
struct Transform {
  enum Kind {
    kNone,
    kCentre,     // its mean is taken off: correlation
    kScale,      // (x - shift) · scale, column by column: seuclidean, weighted minkowski
    kHaversine,  // latitude and longitude get the latitude's cosine beside them
  };
  static constexpr int kKinds = 4;

  Kind kind = kNone;
  const double* scale = nullptr;  // as many as columns
  std::vector<double> shift;      // a point near the rows: what they share is taken off exactly
};

// The rows of an operand as they are.
template <typename T>
class Rows {
 public:
  using Element = T;

  Rows(const View<T>& view, bool of_y, const Transform&) : view_(view), of_y_(of_y) {}

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

  // What products are taken of.
  const T* embedded(int64_t row, Buffer<T>& room) const { return contiguous(row, room); }

  // Whether every row's elements lie one after the other.
  bool plain() const { return view_.column_stride == 1 || view_.columns <= 1; }
  const T* plain_row(int64_t row) const { return view_.data + row * view_.row_stride; }
  int64_t stride() const { return view_.row_stride; }
  double at(int64_t row, int64_t column) const {
    return static_cast<double>(view_.at(row, column));
  }

  // Throws BadRow where an element of the row is NaN or infinite.
  void check(int64_t row) const {
    for (int64_t i = 0; i < view_.columns; ++i) {
      if (!std::isfinite(view_.at(row, i))) {
        throw BadRow{of_y_ ? BadRow::kNotFiniteY : BadRow::kNotFiniteX, row};
      }
    }
  }

 private:
  View<T> view_;
  bool of_y_;
};

// The rows of an operand after a transform, in float64; made when they are read.
template <typename T>
class Transformed {
 public:
  using Element = double;

  Transformed(const View<T>& view, bool of_y, const Transform& transform)
      : view_(view), rows_(view, of_y, transform), transform_(&transform) {}

  int64_t count() const { return view_.rows; }
  int64_t columns() const { return transform_->kind == Transform::kHaversine ? 3 : view_.columns; }

  const double* contiguous(int64_t row, Buffer<double>& room) const {
    double* const to = room.reserve(columns());
    switch (transform_->kind) {
      case Transform::kCentre: {
        // Relative to the first, so that rows of one value come out as zeros.
        const double first = rows_.at(row, 0);
        double sum = 0;
        for (int64_t i = 0; i < view_.columns; ++i) sum += to[i] = rows_.at(row, i) - first;
        const double mean = sum / static_cast<double>(view_.columns);
        for (int64_t i = 0; i < view_.columns; ++i) to[i] -= mean;
        break;
      }
      case Transform::kScale:
        for (int64_t i = 0; i < view_.columns; ++i) {
          to[i] =
              (rows_.at(row, i) - transform_->shift[static_cast<size_t>(i)]) * transform_->scale[i];
        }
        break;
      case Transform::kHaversine:
        to[0] = rows_.at(row, 0);
        to[1] = rows_.at(row, 1);
        to[2] = std::cos(to[0]);
        break;
      case Transform::kNone:
        for (int64_t i = 0; i < view_.columns; ++i) to[i] = rows_.at(row, i);
        break;
    }
    return to;
  }

  // Points of a sphere as points in space, whose squared distances are squared chords.
  const double* embedded(int64_t row, Buffer<double>& room) const {
    const double* const from = contiguous(row, room);
    if (transform_->kind != Transform::kHaversine) return from;
    double* const to = room.get();
    const double up = std::sin(from[0]);
    const double along = from[1];
    to[0] = from[2] * std::cos(along);
    to[1] = from[2] * std::sin(along);
    to[2] = up;
    return to;
  }

  // As those of Rows; no row lies anywhere as it is used.
  bool plain() const { return false; }
  const double* plain_row(int64_t) const { return nullptr; }
  int64_t stride() const { return 0; }
  double at(int64_t row, int64_t column) const { return rows_.at(row, column); }
  void check(int64_t row) const { rows_.check(row); }

 private:
  View<T> view_;
  Rows<T> rows_;
  const Transform* transform_;
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
