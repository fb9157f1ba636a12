// Between views with any strides and what BLAS takes: columns one after the other. For float and
// double, once for all operations (layout.cpp).
#pragma once

#include <optional>

#include "call/frame.h"

namespace heddle::linalg {

// Copies element by element, in blocks so that both sides stay in cache when one is transposed.
template <typename T>
void copy(const View<T>& from, const View<T>& to);

// Whether no element is NaN or infinite.
template <typename T>
bool all_finite(const View<T>& view);

// A matrix as a BLAS routine takes it: column-major with a leading dimension, or the transpose of
// such a one. Row-major and transposed views are taken as they are; others are packed.
template <typename T>
class BlasMatrix {
 public:
  explicit BlasMatrix(const View<T>& view);

  T* data() const { return data_; }
  int64_t leading() const { return leading_; }
  // Whether the matrix meant is the transpose of the column-major one.
  bool transposed() const { return transposed_; }
  char operation() const { return transposed_ ? 'T' : 'N'; }
  bool packed() const { return packed_.has_value(); }

 private:
  static constexpr int64_t kMaxLeading = INT32_MAX;

  void set(T* data, int64_t leading, bool transposed);

  std::optional<Workspace<T>> packed_;
  T* data_ = nullptr;
  int64_t leading_ = 1;
  bool transposed_ = false;
};

}  // namespace heddle::linalg
