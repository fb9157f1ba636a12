// The memory of a group: matrices that are worked on at once, one in each lane of the vectors.
#pragma once

#include <algorithm>
#include <memory>

#include "linalg/lanes.h"
#include "linalg/stack.h"

namespace heddle::linalg {

// The kernels for `count` matrices of n x n in groups that have `columns` columns, or null where
// LAPACK is to have them: single ones, so that its threads and blocks are made use of, and large
// ones, of which a group would not stay in the cache.
template <typename T>
const LaneKernels<T>* kernels_for(int64_t count, int64_t n, int64_t columns) {
  constexpr int64_t kMaxElements = 8192;
  const LaneKernels<T>* const kernels = lane_kernels<T>();
  const bool fits = kernels != nullptr && count > 1 && n > 0 && n <= kernels->max_order &&
                    n * columns <= kMaxElements;
  return fits ? kernels : nullptr;
}

// Work that lanes do in the time of one flop of LAPACK's on matrices as small.
constexpr double kLaneSpeed = 4;

inline Work in_lanes(const Work& work) { return {work.flops / kLaneSpeed, work.grain}; }

template <typename T>
class Group {
 public:
  // The matrices `first` to `first + count - 1` of the stacks; lanes beyond repeat the first one.
  struct Range {
    int64_t first;
    int64_t count;
  };

  Group(const LaneKernels<T>& kernels, int64_t rows, int64_t columns)
      : kernels_(kernels),
        rows_(rows),
        columns_(columns),
        own_(rows * columns * kernels.lanes + kLaneAlignment / static_cast<int64_t>(sizeof(T))) {
    void* start = own_.data();
    size_t room = static_cast<size_t>(rows * columns * kernels.lanes) * sizeof(T) + kLaneAlignment;
    data_ = static_cast<T*>(std::align(kLaneAlignment, room - kLaneAlignment, start, room));
  }

  // Reads the group's matrices into the columns from `column` on. What is returned, here and below,
  // are the lanes for LAPACK.
  LaneMask load(const Stack<T>& from, const Range& range, int64_t column) {
    const T* lanes[kMaxLanes];
    const T* const first = from.at(range.first).data;
    for (int64_t lane = 0; lane < kernels_.lanes; ++lane) {
      lanes[lane] = lane < range.count ? from.at(range.first + lane).data : first;
    }
    const View<T>& view = from.first;
    return kernels_.load(lanes, view.row_stride, view.column_stride, view.rows, view.columns,
                         data_ + column * kernels_.lanes, columns_);
  }

  void load_identity(int64_t column) {
    for (int64_t i = 0; i < rows_; ++i) {
      T* const row = data_ + (i * columns_ + column) * kernels_.lanes;
      std::fill_n(row, rows_ * kernels_.lanes, T{0});
      std::fill_n(row + i * kernels_.lanes, kernels_.lanes, T{1});
    }
  }

  LaneMask store(const Stack<T>& to, const Range& range, int64_t column) const {
    T* lanes[kMaxLanes];
    for (int64_t lane = 0; lane < range.count; ++lane) {
      lanes[lane] = to.at(range.first + lane).data;
    }
    const View<T>& view = to.first;
    return kernels_.store(data_ + column * kernels_.lanes, columns_, view.rows, view.columns, lanes,
                          view.row_stride, view.column_stride, range.count);
  }

  // A = P L U, and what is behind A becomes L⁻¹ Pᵀ times it.
  LaneMask eliminate(LaneMask* odd) { return kernels_.eliminate(data_, rows_, columns_, odd); }
  void substitute() { kernels_.substitute(data_, rows_, columns_); }
  LaneMask cholesky() { return kernels_.cholesky(data_, rows_); }

  T at(int64_t lane, int64_t row, int64_t column) const {
    return data_[(row * columns_ + column) * kernels_.lanes + lane];
  }
  int64_t lanes() const { return kernels_.lanes; }

 private:
  const LaneKernels<T>& kernels_;
  int64_t rows_;
  int64_t columns_;
  Workspace<T> own_;
  T* data_;
};

// How a stack is worked on in groups: `make(kernels)` makes a thread's group, and
// `apply(group, range)` returns the lanes that are left for LAPACK.
template <typename T, typename Make, typename Apply>
struct Groups {
  const LaneKernels<T>* kernels;  // null: all is left for LAPACK
  Make make;
  Apply apply;

  using Own = decltype(std::declval<Make>()(std::declval<const LaneKernels<T>&>()));

  int64_t size() const { return kernels == nullptr ? 1 : kernels->lanes; }
};

template <typename T, typename Make, typename Apply>
Groups<T, Make, Apply> in_groups(const LaneKernels<T>* kernels, Make make, Apply apply) {
  return {kernels, make, apply};
}

}  // namespace heddle::linalg
