// Arguments of a numeric operation's call: numbers in a frame, buffers as arguments.
//
// TypeScript writes the numbers of a call (mode, threads, sizes, strides, options) one after the
// other into one Float64Array that lives as long as the environment, and passes only the buffers as
// arguments: reading twenty numbers from memory takes a few nanoseconds, converting them from
// JavaScript values half a microsecond. The frame is read before the call returns, so that the next
// call may write it again.
#pragma once

#include <napi.h>

#include <cmath>
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

constexpr size_t kFrameLength = 64;

// The numbers of one call, in the order in which they were written.
class Frame {
 public:
  explicit Frame(const Napi::CallbackInfo& info)
      : info_(info), numbers_(static_cast<const double*>(info.Data())) {
    const double mode = next();
    mode_.blocking = mode < 0;
    mode_.id = mode > 0 ? mode : 0;
    threads_ = static_cast<int>(next());
  }

  Napi::Env env() const { return info_.Env(); }
  const executor::Mode& mode() const { return mode_; }
  int threads() const { return threads_ < 1 ? 1 : threads_; }

  double next() { return numbers_[at_++]; }
  bool flag() { return next() != 0; }

  // A size, count or index; what TypeScript lets through is checked here once more.
  int64_t count() {
    const double value = next();
    if (!(value >= 0 && value <= 9007199254740991.0) || value != std::floor(value)) {
      throw Napi::RangeError::New(env(), "heddle: a size is not a whole number");
    }
    return static_cast<int64_t>(value);
  }

  // Whether the buffers are of float64 (else float32).
  bool is_double() const {
    return info_[0].As<Napi::TypedArray>().TypedArrayType() == napi_float64_array;
  }

  // The next matrix: buffer argument `argument`, and rows, columns, offset and strides of the
  // frame. Throws RangeError where any element of it would lie outside the buffer.
  template <typename T>
  View<T> matrix(size_t argument) {
    const auto array = elements<T>(argument);
    View<T> view;
    view.rows = count();
    view.columns = count();
    const int64_t offset = count();
    view.row_stride = stride();
    view.column_stride = stride();
    if (view.rows > 0 && view.columns > 0) {
      // In double: sizes are below 2^53, and what is rounded is far outside any buffer.
      const auto real = [](int64_t value) { return static_cast<double>(value); };
      const double row_span = real(view.rows - 1) * real(view.row_stride);
      const double column_span = real(view.columns - 1) * real(view.column_stride);
      const double first = real(offset) + std::fmin(row_span, 0) + std::fmin(column_span, 0);
      const double last = real(offset) + std::fmax(row_span, 0) + std::fmax(column_span, 0);
      if (!(first >= 0 && last < static_cast<double>(array.length))) {
        throw Napi::RangeError::New(env(), "heddle: a matrix reaches outside its buffer");
      }
      view.data = array.data + offset;
    }
    return view;
  }

  // Everything the call was given, for a queued operation to keep alive.
  Napi::Value keep() const {
    if (mode_.blocking) return env().Undefined();
    Napi::Array all = Napi::Array::New(env(), info_.Length());
    for (uint32_t index = 0; index < info_.Length(); ++index) all.Set(index, info_[index]);
    return all;
  }

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

  int64_t stride() {
    const double value = next();
    if (!(std::fabs(value) <= 9007199254740991.0) || value != std::floor(value)) {
      throw Napi::RangeError::New(env(), "heddle: a stride is not a whole number");
    }
    return static_cast<int64_t>(value);
  }

  template <typename T>
  Elements<T> elements(size_t argument) {
    constexpr napi_typedarray_type wanted =
        sizeof(T) == sizeof(double) ? napi_float64_array : napi_float32_array;
    napi_typedarray_type type{};
    size_t length = 0;
    void* data = nullptr;
    // napi_ here: node-addon-api's TypedArrayOf asks three times for what this tells at once.
    if (napi_get_typedarray_info(env(), info_[argument], &type, &length, &data, nullptr, nullptr) !=
            napi_ok ||
        type != wanted) {
      throw Napi::TypeError::New(env(), "heddle: a buffer is of another element type");
    }
    return {static_cast<T*>(data), length};
  }

  const Napi::CallbackInfo& info_;
  const double* numbers_;
  size_t at_ = 0;
  executor::Mode mode_;
  int threads_ = 1;
};

// Elements of its own, not set to zero. Throws std::bad_alloc.
template <typename T>
class Workspace {
 public:
  explicit Workspace(int64_t length) : data_(new T[static_cast<size_t>(length > 0 ? length : 1)]) {}
  T* data() { return data_.get(); }

 private:
  std::unique_ptr<T[]> data_;
};

}  // namespace heddle
