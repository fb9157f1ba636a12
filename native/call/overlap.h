// Whether an operation would write to what it still has to read.
//
// Compares addresses, not JavaScript's buffers: two buffers may be the same memory (two objects for
// one SharedArrayBuffer, a file mapped twice).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "call/view.h"

namespace heddle::call {

// The bytes that strided elements take.
struct Region {
  struct Axis {
    int64_t length;
    int64_t stride;  // in bytes, not zero
  };

  const char* first = nullptr;  // the element with all indices zero; null: no element
  int64_t item = 0;             // bytes of an element
  size_t axis_count = 0;
  std::array<Axis, kMaxStackAxes + 2> axes;

  void add(int64_t length, int64_t stride) {
    if (length > 1 && stride != 0) axes[axis_count++] = {length, stride * item};
  }
};

template <typename T>
Region region_of(const View<T>& view) {
  Region region;
  region.first = view.size() == 0 ? nullptr : reinterpret_cast<const char*>(view.data);
  region.item = sizeof(T);
  region.add(view.rows, view.row_stride);
  region.add(view.columns, view.column_stride);
  return region;
}

template <typename T>
Region region_of(const Stack<T>& stack) {
  Region region = region_of(stack.first);
  if (stack.count() == 0) region.first = nullptr;
  for (size_t axis = 0; axis < stack.axis_count; ++axis) {
    region.add(stack.axes[axis].length, stack.axes[axis].stride);
  }
  return region;
}

inline Region region_of(const void* data, size_t bytes) {
  Region region;
  region.first = bytes == 0 ? nullptr : static_cast<const char*>(data);
  region.item = static_cast<int64_t>(bytes);
  return region;
}

// Whether writing the one changes the other: exactly, but for layouts so intricate that finding out
// would take long, which are taken to overlap.
bool overlap(const Region& written, const Region& read);

}  // namespace heddle::call
