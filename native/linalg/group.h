// The memory of a group: matrices that are worked on at once, one in each lane of the vectors.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "linalg/lanes.h"
#include "linalg/stack.h"

namespace heddle::linalg {

// What works on groups of matrices, and the elements that each matrix takes of a group's memory.
template <typename T>
struct Lanes {
  const LaneKernels<T>* kernels = nullptr;  // null: all is LAPACK's
  int64_t elements = 0;
};

// The kernels for `count` matrices of order n, or none where LAPACK is to have them: single ones,
// so that its threads and blocks are made use of, and large ones, of which a group would not stay
// in the cache.
template <typename T>
Lanes<T> kernels_for(int64_t count, int64_t n, int64_t elements) {
  constexpr int64_t kMaxElements = int64_t{5} * 64 * 64;
  const LaneKernels<T>* const kernels = lane_kernels<T>();
  const bool fits = kernels != nullptr && count > 1 && n > 0 && n <= kernels->max_order &&
                    elements <= kMaxElements;
  return fits ? Lanes<T>{kernels, elements} : Lanes<T>{};
}

// What an element takes on its way into a group and out, in flops.
constexpr double kLaneElementWork = 16;
// What an operation's work is where kernels are there for it.
template <typename T>
Work work_in(const Lanes<T>& lanes, const Work& work) {
  if (lanes.kernels == nullptr) return work;
  return {work.flops + kLaneElementWork * static_cast<double>(lanes.elements), kWorkPerCore};
}

// Where each of a lane's values, and the row that belongs to it, stands among all that are sorted.
class LaneOrder {
 public:
  enum class By { kRising, kFalling };

  LaneOrder(int64_t lanes, int64_t rows) : rows_(rows), places_(lanes * rows), sorted_(rows) {}

  // Rows behind the first `count` stay where they are. `value(lane, i)`; NaN may stand anywhere.
  template <typename Value>
  void sort(int64_t lanes, int64_t count, By by, Value&& value) {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      int32_t* const sorted = sorted_.data();
      for (int64_t i = 0; i < count; ++i) {
        const auto x = value(lane, i);
        int64_t at = i;
        for (; at > 0; --at) {
          const auto before = value(lane, sorted[at - 1]);
          if (!(by == By::kRising ? x < before : x > before)) break;
          sorted[at] = sorted[at - 1];
        }
        sorted[at] = static_cast<int32_t>(i);
      }
      int32_t* const places = places_.data() + lane * rows_;
      for (int64_t i = 0; i < count; ++i) places[sorted[i]] = static_cast<int32_t>(i);
      for (int64_t i = count; i < rows_; ++i) places[i] = static_cast<int32_t>(i);
    }
  }

  // What row exchanges make of the rows: `other(lane, i)` is what row i was exchanged with, for the
  // first `count` of them in this order.
  template <typename Other>
  void exchange(int64_t lanes, int64_t count, Other&& other) {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      int32_t* const places = places_.data() + lane * rows_;
      for (int64_t i = 0; i < rows_; ++i) places[i] = static_cast<int32_t>(i);
      for (int64_t i = 0; i < count; ++i) std::swap(places[i], places[other(lane, i)]);
    }
  }

  int64_t at(int64_t lane, int64_t row) const { return places_.data()[lane * rows_ + row]; }

 private:
  int64_t rows_;
  Workspace<int32_t> places_;
  Workspace<int32_t> sorted_;
};

// The matrices `first` to `first + count - 1` of stacks; lanes beyond repeat the first one.
struct GroupRange {
  int64_t first;
  int64_t count;
};

template <typename T>
class Group {
 public:
  using Range = GroupRange;

  Group(const LaneKernels<T>& kernels, int64_t rows, int64_t columns)
      : kernels_(kernels),
        rows_(rows),
        columns_(columns),
        leading_(lane_leading(columns)),
        own_(rows * leading_ * kernels.lanes + kLaneAlignment / static_cast<int64_t>(sizeof(T))) {
    void* start = own_.data();
    size_t room = static_cast<size_t>(rows * leading_ * kernels.lanes) * sizeof(T) + kLaneAlignment;
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
                         data_ + column * kernels_.lanes, leading_);
  }

  void load_identity(int64_t column) {
    for (int64_t i = 0; i < rows_; ++i) {
      T* const row = data_ + (i * leading_ + column) * kernels_.lanes;
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
    return kernels_.store(data_ + column * kernels_.lanes, leading_, view.rows, view.columns, lanes,
                          view.row_stride, view.column_stride, range.count);
  }

  // Row r of each lane becomes row places.at(lane, r) of its matrix.
  LaneMask store_rows(const Stack<T>& to, const Range& range, const LaneOrder& places) const {
    T* first[kMaxLanes];
    for (int64_t lane = 0; lane < range.count; ++lane) {
      first[lane] = to.at(range.first + lane).data;
    }
    const View<T>& view = to.first;
    LaneMask left = 0;
    for (int64_t row = 0; row < view.rows; ++row) {
      T* lanes[kMaxLanes];
      for (int64_t lane = 0; lane < range.count; ++lane) {
        lanes[lane] = first[lane] + places.at(lane, row) * view.row_stride;
      }
      left |= kernels_.store(data_ + row * leading_ * kernels_.lanes, leading_, 1, view.columns,
                             lanes, view.row_stride, view.column_stride, range.count);
    }
    return left;
  }

  // A = P L U, and what is behind A becomes L⁻¹ Pᵀ times it.
  LaneMask eliminate(LaneMask* odd) {
    return kernels_.eliminate(data_, rows_, columns_, rows_, odd, nullptr);
  }
  void substitute() { kernels_.substitute(data_, rows_, columns_); }
  LaneMask cholesky() { return kernels_.cholesky(data_, rows_); }

  T at(int64_t lane, int64_t row, int64_t column) const {
    return data_[(row * leading_ + column) * kernels_.lanes + lane];
  }
  int64_t lanes() const { return kernels_.lanes; }
  T* data() { return data_; }

 private:
  const LaneKernels<T>& kernels_;
  int64_t rows_;
  int64_t columns_;
  int64_t leading_;
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
Groups<T, Make, Apply> in_groups(const Lanes<T>& lanes, Make make, Apply apply) {
  return {lanes.kernels, make, apply};
}

}  // namespace heddle::linalg
