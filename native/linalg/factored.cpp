// LU factors in compact form, and what is solved with them again and again.

#include <memory>
#include <optional>
#include <vector>

#include "linalg/decompositions.h"
#include "linalg/lapack.h"
#include "linalg/operations.h"

namespace heddle::linalg {

using blas::Int;
using blas::IntArray;
using blas::IntOut;
using blas::Op;

namespace {

// Frame: stacks of A (n x n), LU (n x n, column-major) and the pivots (n x 1 integers), check.
// getrf.
template <typename T>
struct LuFactor {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> lu = frame.stack<T>(1);
    const Stack<int32_t> pivots = frame.stack<int32_t>(2);
    const bool check = frame.flag();
    const int64_t n = a.first.rows;
    require_square(frame, n, a.first.columns);
    require_shape(frame, lu.first, n, n);
    require(frame, lu.first.row_stride == 1 && lu.first.column_stride == n);
    require(frame, pivots.first.rows == n && pivots.first.columns == 1);
    require_axes(frame, a, lu, pivots);
    frame.require_apart(lu, a);
    const auto lanes = kernels_for<T>(a.count(), n, n * n);
    return perform_stack(
        frame, n == 0 ? 0 : a.count(), work_in(lanes, lu_work(n, n)),
        [=] { return IntArray(static_cast<size_t>(n)); },
        [=](IntArray& exchanged, int64_t index) -> int64_t {
          const View<T> from = a.at(index);
          if (check && !all_finite(from)) return kNotFiniteInfo;
          const View<T> to = lu.at(index);
          copy(from, to);
          IntOut info;
          blas::current().call<T>(Op::getrf, Int(n), Int(n), to.data, Int(n), exchanged, info);
          require_accepted(info, "getrf");
          const bool wide = blas::current().ilp64();
          const View<int32_t> out = pivots.at(index);
          for (int64_t i = 0; i < n; ++i) {
            out.at(i, 0) = static_cast<int32_t>(exchanged.at(static_cast<size_t>(i), wide) - 1);
          }
          return 0;
        },
        in_groups(
            lanes, [=](const LaneKernels<T>& kernels) { return CompactGroup<T>(kernels, n); },
            [=](CompactGroup<T>& group, const GroupRange& range) {
              const LaneMask left = group.factor(a, range);
              group.store_pivots(pivots, range);
              return left | group.store(lu, range);
            }));
  }
};

// Solves with factors of n x n for m right-hand sides: the workspaces of a thread.
template <typename T>
class FactoredKernel {
 public:
  FactoredKernel(int64_t n, int64_t m)
      : n_(n), m_(m), sides_(n, m), swaps_(static_cast<size_t>(n)) {}

  // Returns the first element of U's diagonal that is zero, or 0.
  int64_t solve(const View<T>& lu, const int32_t* pivots, const View<T>& b, const View<T>& x,
                bool transposed) {
    for (int64_t i = 0; i < n_; ++i) {
      if (lu.at(i, i) == 0) return i + 1;
    }
    const bool wide = blas::current().ilp64();
    for (int64_t i = 0; i < n_; ++i) swaps_.set(static_cast<size_t>(i), pivots[i] + 1, wide);
    sides_.load(b);
    const bool ready = lu.row_stride == 1 && lu.column_stride == n_;
    if (!ready) {
      if (!packed_) packed_.emplace(n_, n_);
      packed_->load(lu);
    }
    IntOut info;
    blas::current().call<T>(Op::getrs, transposed ? 'T' : 'N', Int(n_), Int(m_),
                            ready ? lu.data : packed_->data(), Int(n_), swaps_, sides_.data(),
                            sides_.leading_int(), info);
    require_accepted(info, "getrs");
    copy(sides_.view(), x);
    return 0;
  }

 private:
  int64_t n_;
  int64_t m_;
  Columns<T> sides_;
  IntArray swaps_;
  std::optional<Columns<T>> packed_;
};

// A copy of pivots, checked, which nobody can change: LAPACK swaps the rows that they name. Those
// that a stack repeats are there once.
class Pivots {
 public:
  Pivots(Frame& frame, const Stack<int32_t>& from) : copies_(from) {
    const int64_t n = from.first.rows;
    Stack<int32_t> distinct = from;
    int64_t step = n;
    for (size_t axis = from.axis_count; axis-- > 0;) {
      const bool repeated = from.axes[axis].stride == 0;
      copies_.axes[axis].stride = repeated ? 0 : step;
      if (repeated && distinct.axes[axis].length > 0) distinct.axes[axis].length = 1;
      step *= distinct.axes[axis].length;
    }
    const int64_t count = distinct.count();
    values_.reserve(static_cast<size_t>(count * n));
    for (int64_t index = 0; index < count; ++index) {
      const View<int32_t> given = distinct.at(index);
      for (int64_t i = 0; i < n; ++i) {
        const int32_t pivot = given.at(i, 0);
        require(frame, pivot >= 0 && pivot < n);
        values_.push_back(pivot);
      }
    }
    copies_.first = {values_.data(), n, 1, 1, 1};
  }
  Pivots(const Pivots&) = delete;
  Pivots& operator=(const Pivots&) = delete;

  const int32_t* at(int64_t index) const { return copies_.at(index).data; }

 private:
  Stack<int32_t> copies_;
  std::vector<int32_t> values_;
};

// Frame: stacks of LU (n x n), B and X (n x m), and of the pivots (n x 1 integers); whether A's
// transpose is meant, check. The info is the first pivot that is zero. getrs.
template <typename T>
struct LuSolve {
  static Napi::Value call(Frame& frame) {
    const Stack<T> lu = frame.stack<T>(0);
    const Stack<T> b = frame.stack<T>(1);
    const Stack<T> x = frame.stack<T>(2);
    const Stack<int32_t> given = frame.stack<int32_t>(3);
    const bool transposed = frame.flag();
    const bool check = frame.flag();
    const int64_t n = lu.first.rows;
    const int64_t m = b.first.columns;
    require_square(frame, n, lu.first.columns);
    require_shape(frame, b.first, n, x.first.columns);
    require_shape(frame, x.first, n, m);
    require(frame, given.first.rows == n && given.first.columns == 1);
    require_axes(frame, x, lu, b, given);
    frame.require_apart(x, lu, b);
    const auto pivots = std::make_shared<const Pivots>(frame, given);
    const auto order = static_cast<double>(n);
    return perform_stack(
        frame, x.first.size() == 0 ? 0 : x.count(),
        Work{2 * order * order * static_cast<double>(m)}, [=] { return FactoredKernel<T>(n, m); },
        [=](FactoredKernel<T>& kernel, int64_t index) -> int64_t {
          const View<T> factors = lu.at(index);
          const View<T> sides = b.at(index);
          if (check && (!all_finite(factors) || !all_finite(sides))) return kNotFiniteInfo;
          return kernel.solve(factors, pivots->at(index), sides, x.at(index), transposed);
        });
  }
};

}  // namespace

void define_factored(call::Module& module) {
  define<LuFactor>(module, "luFactor");
  define<LuSolve>(module, "luSolve");
}

}  // namespace heddle::linalg
