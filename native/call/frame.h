// Arguments of a numeric operation's call: numbers in a frame, buffers as arguments.
//
// TypeScript writes the numbers of a call (mode, threads, which argument counts progress, then
// those of the operation: sizes, strides, options) one after the other into one Float64Array that
// lives as long as the environment, and passes only the buffers as arguments: reading twenty
// numbers from memory takes a few nanoseconds, converting them from JavaScript values half a
// microsecond. The frame is read before the call returns, so that the next call may write it again.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <type_traits>

#include "call/overlap.h"
#include "call/promise.h"
#include "call/view.h"
#include "common/errors.h"

namespace heddle {

// As many as six stacks of kMaxStackAxes axes take, and some options.
constexpr size_t kFrameLength = 512;

// The numbers of one call, in the order in which they were written.
class Frame {
 public:
  explicit Frame(const Napi::CallbackInfo& info);

  Napi::Env env() const { return info_.Env(); }
  const call::Mode& mode() const { return mode_; }
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

  // Any typed array: its kind, elements and address. Throws TypeError where it is none.
  struct Array {
    napi_typedarray_type type{};
    size_t length = 0;
    void* data = nullptr;
  };
  Array array(size_t argument) const;

  // The elements of a typed array of this kind, of which there must be at least `least`.
  template <typename E>
  E* elements(size_t argument, int64_t least) const {
    const Array given = array(argument);
    if (given.type != kind_of<E>() || static_cast<int64_t>(given.length) < least) {
      throw range_error(env(), "heddle: a buffer is too short or of another element type");
    }
    return static_cast<E*>(given.data);
  }

  Napi::Value argument(size_t index) const { return info_[index]; }

  // Two numbers in shared memory, steps done and all steps, where progress is to be counted; else
  // null.
  int32_t* progress() const { return progress_ == 0 ? nullptr : elements<int32_t>(progress_, 2); }

  // Throws RangeError where `out` (a View or Stack) has an element in common with one of the
  // operands, by whatever buffers or mappings these are reached.
  template <typename Out, typename... Operands>
  void require_apart(const Out& out, const Operands&... operands) const {
    const call::Region written = call::region_of(out);
    if ((call::overlap(written, call::region_of(operands)) || ...)) refuse_overlap();
  }

  // Everything the call was given, for a queued operation to keep alive.
  Napi::Value keep() const;

  Demand demand(double work) const {
    Demand wanted;
    wanted.work = work;
    wanted.max_threads = threads();
    return wanted;
  }

 private:
  class Extent;

  // Throws RangeError where an element would lie outside the buffer, or where there are so many
  // (strides may be zero) that counting them would overflow.
  void require_inside(const Extent& extent, size_t length) const;

  int64_t whole(double value) const;

  template <typename T>
  View<T> read_view(int64_t& offset);

  int64_t stride() { return whole(next()); }

  template <typename E>
  static constexpr napi_typedarray_type kind_of() {
    if constexpr (std::is_same_v<E, double>) return napi_float64_array;
    if constexpr (std::is_same_v<E, float>) return napi_float32_array;
    if constexpr (std::is_same_v<E, int32_t>) return napi_int32_array;
    if constexpr (std::is_same_v<E, uint32_t>) return napi_uint32_array;
    if constexpr (std::is_same_v<E, int64_t>) return napi_bigint64_array;
    if constexpr (std::is_same_v<E, uint64_t>) return napi_biguint64_array;
    if constexpr (std::is_same_v<E, uint8_t>) return napi_uint8_array;
  }

  // The elements of a matrix, of the operation's element type.
  template <typename T>
  T* data_of(size_t argument, size_t& length) const;

  [[noreturn]] void refuse_overlap() const;

  bool look_up(size_t argument, Array& array) const;

  const Napi::CallbackInfo& info_;
  const double* numbers_;
  size_t at_ = 0;
  call::Mode mode_;
  int threads_ = 1;
  size_t progress_ = 0;  // the index of an argument
  bool first_known_ = false;
  Array first_;  // the first buffer, where is_double() has looked at it
};

}  // namespace heddle
