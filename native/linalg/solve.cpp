// Cholesky factors and linear systems.

#include "linalg/group.h"
#include "linalg/lu.h"
#include "linalg/operations.h"

namespace heddle::linalg {

using blas::Int;
using blas::IntArray;
using blas::IntOut;
using blas::Op;

namespace {

// Goes through a triangle block by block, so that both it and its mirror image stay in cache.
template <typename Visit>
void each_below_diagonal(int64_t n, Visit&& visit) {
  constexpr int64_t kBlock = 16;
  for (int64_t i0 = 0; i0 < n; i0 += kBlock) {
    const int64_t i1 = std::min(i0 + kBlock, n);
    for (int64_t j0 = 0; j0 <= i0; j0 += kBlock) {
      for (int64_t i = i0; i < i1; ++i) {
        const int64_t j1 = std::min(j0 + kBlock, i);
        for (int64_t j = j0; j < j1; ++j) visit(i, j);
      }
    }
  }
}

// Frame: stacks of A and L (both n x n), whether the upper factor is wanted, check. L = the lower
// factor of A, read from A's lower triangle (potrf), or U = Lᵀ, read from the upper one.
template <typename T>
struct Cholesky {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> l = frame.stack<T>(1);
    const bool upper = frame.flag();
    const bool check = frame.flag();
    const int64_t n = a.first.rows;
    require_square(frame, n, a.first.columns);
    require_shape(frame, l.first, n, n);
    require_axes(frame, a, l);
    frame.require_apart(l, a);
    const auto lanes = kernels_for<T>(a.count(), n, n * n);
    const Work work = work_in(lanes, cholesky_work(n));
    return perform_stack(
        frame, n == 0 ? 0 : a.count(), work, [=] { return Workspace<T>(n * n); },
        [=](Workspace<T>& own, int64_t index) -> int64_t {
          const View<T> from = a.at(index);
          const View<T> to = l.at(index);
          if (check && !all_finite(from)) return kNotFiniteInfo;
          // A = UᵀU is Aᵀ = LLᵀ with L = Uᵀ.
          return upper ? factor(from.transposed(), to.transposed(), own) : factor(from, to, own);
        },
        in_groups(
            lanes, [=](const LaneKernels<T>& kernels) { return Group<T>(kernels, n, n); },
            [=](Group<T>& group, const typename Group<T>::Range& range) {
              LaneMask left = group.load(upper ? a.transposed() : a, range, 0);
              left |= group.cholesky();
              return left | group.store(upper ? l.transposed() : l, range, 0);
            }));
  }

  static int64_t factor(const View<T>& a, const View<T>& l, Workspace<T>& own) {
    const int64_t n = a.rows;
    const bool in_place = l.column_stride == 1 && l.row_stride >= n;
    const View<T> work = in_place ? l : View<T>{own.data(), n, n, n, 1};
    // The lower triangle of a row-major matrix is the upper one of its transpose, column-major.
    // It is turned over all the same: OpenBLAS takes half as long again for an upper one.
    each_below_diagonal(n, [&](int64_t i, int64_t j) { work.at(j, i) = a.at(i, j); });
    for (int64_t i = 0; i < n; ++i) work.at(i, i) = a.at(i, i);
    IntOut info;
    blas::current().call<T>(Op::potrf, 'L', Int(n), work.data, Int(work.row_stride), info);
    each_below_diagonal(n, [&](int64_t i, int64_t j) {
      work.at(i, j) = work.at(j, i);
      work.at(j, i) = 0;
    });
    if (!in_place) copy(work, l);
    return info.value;
  }
};

enum class Assume { kGeneral = 0, kPositiveDefinite = 1, kSymmetric = 2, kLower = 3, kUpper = 4 };

struct System {
  Assume assume;
  bool transposed;
  bool unit;
  bool check;

  bool triangle() const { return assume == Assume::kLower || assume == Assume::kUpper; }
};

// Solves systems of one shape, each by what is assumed of its matrix.
template <typename T>
class Solver {
 public:
  Solver(const System& system, int64_t n, int64_t columns)
      : system_(system), columns_(columns), rhs_(n, columns) {
    if (system.assume == Assume::kGeneral) {
      lu_.emplace(n);
    } else if (!system.triangle()) {
      factors_.emplace(n, n);
      pivots_.emplace(static_cast<size_t>(n));
    }
  }

  int64_t run(const View<T>& a, const View<T>& b, const View<T>& x) {
    if (system_.check && (!all_finite(a) || !all_finite(b))) return kNotFiniteInfo;
    // A solution that left the range is looked for once more, by LU factors of the scaled matrix;
    // where that would lose digits in any case, at once.
    if (!hard(a) || !attempt_scaled(a, b)) {
      rhs_.load(b);
      const int64_t info = attempt(a);
      if (info != 0) return info;
      if (!all_finite(rhs_.view()) && !attempt_scaled(a, b)) {
        rhs_.load(b);
        attempt(a);
      }
    }
    copy(rhs_.view(), x);
    return 0;
  }

 private:
  int64_t attempt(const View<T>& a) {
    switch (system_.assume) {
      case Assume::kGeneral: {
        const int64_t info = lu_->factor(a);
        if (info == 0) lu_->solve(rhs_, columns_, system_.transposed);
        return info;
      }
      case Assume::kPositiveDefinite:
        return positive_definite(a);
      case Assume::kSymmetric:
        return symmetric(a);
      default:
        return triangle(a);
    }
  }

  // Whether elements by which is divided are at the end of the range. (LuKernel looks itself.)
  bool hard(const View<T>& a) const {
    if (system_.assume == Assume::kSymmetric) {
      T most = 0;
      for (int64_t i = 0; i < a.rows; ++i) {
        for (int64_t j = 0; j <= i; ++j) most = std::max(most, std::fabs(a.at(i, j)));
      }
      return most != 0 && hard_pivot(most);
    }
    for (int64_t i = 0; system_.triangle() && !system_.unit && i < a.rows; ++i) {
      if (a.at(i, i) != 0 && hard_pivot(a.at(i, i))) return true;
    }
    return false;
  }

  // Whether it could be solved so.
  bool attempt_scaled(const View<T>& a, const View<T>& b) {
    if (!lu_) lu_.emplace(a.rows);
    if (system_.assume == Assume::kPositiveDefinite) return false;
    if (system_.assume == Assume::kGeneral && lu_->scaled()) return false;
    Columns<T> whole(a.rows, a.columns);
    if (lu_->factor_scaled(meant(a, whole)) != 0) return false;
    rhs_.load(b);
    lu_->solve(rhs_, columns_, system_.transposed);
    return true;
  }

  // The matrix that only a triangle of which is read.
  View<T> meant(const View<T>& a, Columns<T>& whole) const {
    if (system_.assume == Assume::kGeneral) return a;
    const View<T> to = whole.view();
    for (int64_t i = 0; i < a.rows; ++i) {
      for (int64_t j = 0; j < a.columns; ++j) {
        if (system_.assume == Assume::kSymmetric) {
          to.at(i, j) = i >= j ? a.at(i, j) : a.at(j, i);
        } else {
          const bool inside = system_.assume == Assume::kLower ? i >= j : i <= j;
          to.at(i, j) = i == j && system_.unit ? T{1} : inside ? a.at(i, j) : T{0};
        }
      }
    }
    return to;
  }

  int64_t triangle(const View<T>& a) {
    const BlasMatrix<T> matrix(a);
    // Seen as its column-major transpose, a lower triangle is an upper one.
    const bool lower = (system_.assume == Assume::kLower) != matrix.transposed();
    IntOut info;
    blas::current().call<T>(Op::trtrs, lower ? 'L' : 'U',
                            system_.transposed != matrix.transposed() ? 'T' : 'N',
                            system_.unit ? 'U' : 'N', Int(a.rows), Int(columns_), matrix.data(),
                            Int(matrix.leading()), rhs_.data(), rhs_.leading_int(), info);
    require_accepted(info, "trtrs");
    return info.value;
  }

  int64_t positive_definite(const View<T>& a) {
    factors_->load(a);
    const Int n(a.rows);
    IntOut info;
    blas::current().call<T>(Op::potrf, 'L', n, factors_->data(), factors_->leading_int(), info);
    require_accepted(info, "potrf");
    if (info.value != 0) return info.value;
    blas::current().call<T>(Op::potrs, 'L', n, Int(columns_), factors_->data(),
                            factors_->leading_int(), rhs_.data(), rhs_.leading_int(), info);
    require_accepted(info, "potrs");
    return info.value;
  }

  int64_t symmetric(const View<T>& a) {
    factors_->load(a);
    const Int n(a.rows);
    IntOut info;
    room_.with([&](T* work, Int length) {
      blas::current().call<T>(Op::sytrf, 'L', n, factors_->data(), factors_->leading_int(),
                              *pivots_, work, length, info);
    });
    require_accepted(info, "sytrf");
    if (info.value != 0) return info.value;
    blas::current().call<T>(Op::sytrs, 'L', n, Int(columns_), factors_->data(),
                            factors_->leading_int(), *pivots_, rhs_.data(), rhs_.leading_int(),
                            info);
    require_accepted(info, "sytrs");
    return info.value;
  }

  System system_;
  int64_t columns_;
  Columns<T> rhs_;
  std::optional<LuKernel<T>> lu_;
  std::optional<Columns<T>> factors_;
  std::optional<IntArray> pivots_;
  Room<T> room_;
};

// Frame: stacks of A (n x n), B and X (n x m), what is assumed of A, whether Aᵀ is meant, whether
// the diagonal of a triangle is all ones, check. Solves A X = B.
template <typename T>
struct Solve {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> b = frame.stack<T>(1);
    const Stack<T> x = frame.stack<T>(2);
    System system{};
    system.assume = static_cast<Assume>(frame.count());
    system.transposed = frame.flag();
    system.unit = frame.flag();
    system.check = frame.flag();
    const int64_t rows = a.first.rows;
    const int64_t columns = b.first.columns;
    require_square(frame, rows, a.first.columns);
    require_shape(frame, b.first, rows, columns);
    require_shape(frame, x.first, rows, columns);
    require_axes(frame, x, a, b);
    frame.require_apart(x, a, b);
    const double n = static_cast<double>(rows);
    const Work whole = (system.triangle()                   ? Work{}
                        : system.assume == Assume::kGeneral ? lu_work(rows, rows)
                                                            : cholesky_work(rows)) +
                       Work{2 * n * n * static_cast<double>(columns)};
    const int64_t width = rows + columns;
    const auto lanes = system.assume == Assume::kGeneral
                           ? kernels_for<T>(x.count(), rows, rows * width)
                           : Lanes<T>{};
    const Work work = work_in(lanes, whole);
    return perform_stack(
        frame, x.first.size() == 0 ? 0 : x.count(), work,
        [=] { return Solver<T>(system, rows, columns); },
        [=](Solver<T>& solver, int64_t index) {
          return solver.run(a.at(index), b.at(index), x.at(index));
        },
        in_groups(
            lanes, [=](const LaneKernels<T>& kernels) { return Group<T>(kernels, rows, width); },
            [=](Group<T>& group, const typename Group<T>::Range& range) {
              LaneMask odd = 0;
              LaneMask left = group.load(system.transposed ? a.transposed() : a, range, 0);
              left |= group.load(b, range, rows);
              left |= group.eliminate(&odd);
              group.substitute();
              return left | group.store(x, range, rows);
            }));
  }
};

}  // namespace

void define_solvers(call::Module& module) {
  define<Cholesky>(module, "cholesky");
  define<Solve>(module, "solve");
}

}  // namespace heddle::linalg
