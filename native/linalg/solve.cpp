// Cholesky factors and linear systems.

#include "linalg/lapack.h"
#include "linalg/operations.h"

namespace heddle::linalg {

using blas::Int;
using blas::IntArray;
using blas::IntOut;
using blas::Op;

namespace {

// Frame: A, L (both n x n), check. L = the lower factor of A, read from A's lower triangle
// (potrf). Outcome: info.
template <typename T>
struct Cholesky {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> l = frame.matrix<T>(1);
    const bool check = frame.flag();
    require_square(frame, a.rows, a.columns);
    require_square(frame, l.rows, a.rows);
    require_square(frame, l.columns, a.rows);
    frame.require_apart(l, a);
    return perform(frame, cholesky_work(a.rows), [a, l, check](const Grant&) -> call::Outcome {
      const int64_t n = a.rows;
      if (n == 0) return 0;
      if (check && !all_finite(a)) return kNotFinite;
      const bool in_place = l.column_stride == 1 && l.row_stride >= n;
      Workspace<T> own(in_place ? 0 : n * n);
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
      return static_cast<call::Outcome>(info.value);
    });
  }

  // Goes through a triangle block by block, so that both it and its mirror image stay in cache.
  template <typename Visit>
  static void each_below_diagonal(int64_t n, Visit&& visit) {
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
};

enum class Assume { kGeneral = 0, kPositiveDefinite = 1, kSymmetric = 2, kLower = 3, kUpper = 4 };

// Frame: A (n x n), B and X (n x m), what is assumed of A, whether Aᵀ is meant, whether the
// diagonal of a triangle is all ones, check. Solves A X = B. Outcome: info.
template <typename T>
struct Solve {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> b = frame.matrix<T>(1);
    const View<T> x = frame.matrix<T>(2);
    const auto assume = static_cast<Assume>(frame.count());
    const bool transposed = frame.flag();
    const bool unit = frame.flag();
    const bool check = frame.flag();
    require_square(frame, a.rows, a.columns);
    require_square(frame, b.rows, a.rows);
    require_square(frame, x.rows, a.rows);
    require_square(frame, x.columns, b.columns);
    frame.require_apart(x, a, b);
    const bool triangle = assume == Assume::kLower || assume == Assume::kUpper;
    const double n = static_cast<double>(a.rows);
    const Work work = (triangle                     ? Work{}
                       : assume == Assume::kGeneral ? lu_work(a.rows, a.rows)
                                                    : cholesky_work(a.rows)) +
                      Work{2 * n * n * static_cast<double>(b.columns)};
    return perform(frame, work, [=](const Grant&) -> call::Outcome {
      if (x.size() == 0) return 0;
      if (check && (!all_finite(a) || !all_finite(b))) return kNotFinite;
      Columns<T> rhs(b);
      const int64_t info =
          triangle ? solve_triangle(a, rhs, assume, transposed, unit, x.columns)
                   : solve_factored(transposed && assume == Assume::kGeneral ? a.transposed() : a,
                                    rhs, assume, x.columns);
      if (info == 0) copy(rhs.view(), x);
      return static_cast<call::Outcome>(info);
    });
  }

  static int64_t solve_triangle(const View<T>& a, Columns<T>& rhs, Assume assume, bool transposed,
                                bool unit, int64_t columns) {
    const BlasMatrix<T> matrix(a);
    // Seen as its column-major transpose, a lower triangle is an upper one.
    const bool lower = (assume == Assume::kLower) != matrix.transposed();
    IntOut info;
    blas::current().call<T>(Op::trtrs, lower ? 'L' : 'U',
                            transposed != matrix.transposed() ? 'T' : 'N', unit ? 'U' : 'N',
                            Int(a.rows), Int(columns), matrix.data(), Int(matrix.leading()),
                            rhs.data(), Int(rhs.leading()), info);
    return info.value;
  }

  static int64_t solve_factored(const View<T>& a, Columns<T>& rhs, Assume assume, int64_t columns) {
    const blas::Blas& blas = blas::current();
    const Int n(a.rows);
    Columns<T> factors(a);
    const Int leading(factors.leading());
    IntOut info;
    if (assume == Assume::kPositiveDefinite) {
      blas.call<T>(Op::potrf, 'L', n, factors.data(), leading, info);
      if (info.value != 0) return info.value;
      blas.call<T>(Op::potrs, 'L', n, Int(columns), factors.data(), leading, rhs.data(), leading,
                   info);
      return info.value;
    }
    IntArray pivots(static_cast<size_t>(a.rows));
    if (assume == Assume::kSymmetric) {
      with_workspace<T>([&](T* work, Int length) {
        blas.call<T>(Op::sytrf, 'L', n, factors.data(), leading, pivots, work, length, info);
      });
      if (info.value != 0) return info.value;
      blas.call<T>(Op::sytrs, 'L', n, Int(columns), factors.data(), leading, pivots, rhs.data(),
                   leading, info);
      return info.value;
    }
    blas.call<T>(Op::getrf, n, n, factors.data(), leading, pivots, info);
    if (info.value != 0) return info.value;
    blas.call<T>(Op::getrs, 'N', n, Int(columns), factors.data(), leading, pivots, rhs.data(),
                 leading, info);
    return info.value;
  }
};

}  // namespace

void define_solvers(call::Module& module) {
  define<Cholesky>(module, "cholesky");
  define<Solve>(module, "solve");
}

}  // namespace heddle::linalg
