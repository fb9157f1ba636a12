// Strided elements of somebody's memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace heddle {

// A matrix (or a vector: one column) over somebody's elements, with any strides.
template <typename T>
struct View {
  T* data = nullptr;  // of element (0, 0)
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t row_stride = 0;  // in elements, may be negative
  int64_t column_stride = 0;

  T& at(int64_t row, int64_t column) const {
    return data[row * row_stride + column * column_stride];
  }
  int64_t size() const { return rows * columns; }
  View transposed() const { return {data, columns, rows, column_stride, row_stride}; }
};

// Axes that a stack of matrices may have before the last two (NumPy's limit for all is 32).
constexpr size_t kMaxStackAxes = 30;

// Matrices of one shape, counted along any number of axes.
template <typename T>
struct Stack {
  struct Axis {
    int64_t length;
    int64_t stride;
  };

  View<T> first;
  std::array<Axis, kMaxStackAxes> axes;
  size_t axis_count = 0;

  Stack() = default;
  // Operations hand stacks on by value several times: half a kilobyte each, of which a single
  // matrix uses none.
  Stack(const Stack& other) : first(other.first), axis_count(other.axis_count) {
    std::copy_n(other.axes.begin(), axis_count, axes.begin());
  }
  Stack& operator=(const Stack& other) {
    first = other.first;
    axis_count = other.axis_count;
    std::copy_n(other.axes.begin(), axis_count, axes.begin());
    return *this;
  }

  int64_t count() const {
    int64_t all = 1;
    for (size_t axis = 0; axis < axis_count; ++axis) all *= axes[axis].length;
    return all;
  }

  // The matrix with number `index`, the last axis counting fastest.
  View<T> at(int64_t index) const {
    int64_t offset = 0;
    for (size_t axis = axis_count; axis-- > 1;) {
      offset += index % axes[axis].length * axes[axis].stride;
      index /= axes[axis].length;
    }
    if (axis_count > 0) offset += index * axes[0].stride;
    View<T> view = first;
    // Without elements there is no address to count from.
    if (view.size() > 0) view.data += offset;
    return view;
  }

  // The stack of the transposes.
  Stack transposed() const {
    Stack result = *this;
    result.first = first.transposed();
    return result;
  }
};

// Elements of its own, not set to zero. Throws std::bad_alloc.
template <typename T>
class Workspace {
 public:
  explicit Workspace(int64_t length)
      : data_(new (std::nothrow) T[static_cast<size_t>(length > 0 ? length : 1)]) {
    if (data_ == nullptr) throw std::bad_alloc();
  }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }

 private:
  std::unique_ptr<T[]> data_;
};

}  // namespace heddle
