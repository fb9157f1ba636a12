// Arguments of a numeric operation's call: numbers in a frame, buffers as arguments.
//
// TypeScript writes the numbers of a call (mode, threads, sizes, strides, options) one after the
// other into one Float64Array that lives as long as the environment, and passes only the buffers as
// arguments: reading twenty numbers from memory takes a few nanoseconds, converting them from
// JavaScript values half a microsecond. The frame is read before the call returns, so that the next
// call may write it again.
#pragma once

#include <napi.h>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "executor/promise.h"

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

constexpr size_t kFrameLength = 256;

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

  int64_t count() const {
    int64_t all = 1;
    for (size_t axis = 0; axis < axis_count; ++axis) all *= axes[axis].length;
    return all;
  }

  // The matrix with number `index`, the last axis counting fastest.
  View<T> at(int64_t index) const {
    View<T> view = first;
    for (size_t axis = axis_count; axis-- > 0;) {
      view.data += index % axes[axis].length * axes[axis].stride;
      index /= axes[axis].length;
    }
    return view;
  }
};

// The numbers of one call, in the order in which they were written.
class Frame {
 public:
  explicit Frame(const Napi::CallbackInfo& info);

  Napi::Env env() const { return info_.Env(); }
  const executor::Mode& mode() const { return mode_; }
  int threads() const { return threads_ < 1 ? 1 : threads_; }

  double next() { return numbers_[at_++]; }
  bool flag() { return next() != 0; }

  // A size, count or index; what TypeScript lets through is checked here once more.
  int64_t count();

  // Whether the first buffer is of float64; each buffer's type is checked when it is taken.
  bool is_double();

  // The next matrix: buffer argument `argument`, and rows, columns, offset and strides of the
  // frame. Throws RangeError where any element of it would lie outside the buffer.
  template <typename T>
  View<T> matrix(size_t argument);

  // The next stack of matrices: as matrix(), then the number of its axes and each one's length and
  // stride.
  template <typename T>
  Stack<T> stack(size_t argument);

  struct Integers {
    int32_t* data;
    size_t length;
  };

  // An Int32Array argument.
  Integers integers(size_t argument);

  // Everything the call was given, for a queued operation to keep alive.
  Napi::Value keep() const;

  Demand demand(double work) const {
    Demand wanted;
    wanted.work = work;
    wanted.max_threads = threads();
    return wanted;
  }

 private:
  template <typename T>
  struct Elements {
    T* data;
    size_t length;
  };

  class Extent;

  // Throws RangeError where an element would lie outside the buffer, or where there are so many
  // (strides may be zero) that counting them would overflow.
  void require_inside(const Extent& extent, size_t length) const;

  int64_t whole(double value) const;

  template <typename T>
  View<T> read_view(int64_t& offset);

  int64_t stride() { return whole(next()); }

  template <typename T>
  Elements<T> elements(size_t argument);

  struct TypedArray {
    bool known = false;
    napi_typedarray_type type{};
    size_t length = 0;
    void* data = nullptr;
  };

  // What a typed array is; not `known` where the argument is none.
  TypedArray typed_array(size_t argument) const;

  const Napi::CallbackInfo& info_;
  const double* numbers_;
  size_t at_ = 0;
  executor::Mode mode_;
  int threads_ = 1;
  TypedArray first_;  // the first buffer, where is_double() has looked at it
};

// Elements of its own, not set to zero. Throws std::bad_alloc.
template <typename T>
class Workspace {
 public:
  explicit Workspace(int64_t length) : data_(new T[static_cast<size_t>(length > 0 ? length : 1)]) {}
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }

 private:
  std::unique_ptr<T[]> data_;
};

}  // namespace heddle
