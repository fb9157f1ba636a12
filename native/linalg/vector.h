// Vectors as BLAS takes them.
#pragma once

#include <cstdint>
#include <optional>

#include "blas/blas.h"
#include "linalg/layout.h"

namespace heddle::linalg {

// One column or row of a view, as a pointer and an increment. BLAS counts a negative increment from
// the other end, and knows no increment of zero: such a vector is packed.
template <typename T>
class BlasVector {
 public:
  BlasVector(T* first, int64_t length, int64_t stride) : data_(first), increment_(stride) {
    if ((stride == 0 && length > 1) || stride > INT32_MAX || stride < -INT32_MAX) {
      packed_.emplace(length);
      for (int64_t i = 0; i < length; ++i) packed_->data()[i] = first[i * stride];
      data_ = packed_->data();
      increment_ = 1;
    } else if (stride < 0) {
      data_ = first + (length - 1) * stride;
    } else if (stride == 0) {
      increment_ = 1;
    }
  }
  // Of a view that has one row or one column.
  explicit BlasVector(const View<T>& view)
      : BlasVector(view.data, view.size(),
                   view.columns == 1 ? view.row_stride : view.column_stride) {}

  T* data() const { return data_; }
  blas::Int increment() const { return blas::Int(increment_); }
  bool packed() const { return packed_.has_value(); }
  // Writes a packed vector back to where it came from.
  void store(T* first, int64_t length, int64_t stride) const {
    if (!packed_) return;
    for (int64_t i = 0; i < length; ++i) first[i * stride] = data_[i];
  }

 private:
  std::optional<Workspace<T>> packed_;
  T* data_;
  int64_t increment_;
};

}  // namespace heddle::linalg
