// Matrix products.

#include "linalg/lapack.h"
#include "linalg/operations.h"
#include "linalg/vector.h"
#include "openmp/team.h"

namespace heddle::linalg {

using blas::Int;
using blas::Op;

namespace {

// y = A x.
template <typename T>
void apply(const View<T>& a, const View<T>& x, const View<T>& y) {
  const BlasMatrix<T> matrix(a);
  const BlasVector<T> from(x);
  const BlasVector<T> to(y);
  const bool flipped = matrix.transposed();
  blas::current().call<T>(Op::gemv, flipped ? 'T' : 'N', Int(flipped ? a.columns : a.rows),
                          Int(flipped ? a.rows : a.columns), T{1}, matrix.data(),
                          Int(matrix.leading()), from.data(), from.increment(), T{0}, to.data(),
                          to.increment());
  to.store(y.data, y.size(), y.columns == 1 ? y.row_stride : y.column_stride);
}

// C = A B.
//
// A row-major C is the transpose of a column-major one, and Cᵀ = Bᵀ Aᵀ: so the two factors change
// places, and each is passed as what it is the transpose of.
template <typename T>
void multiply(const View<T>& a, const View<T>& b, const View<T>& c) {
  if (c.size() == 0) return;
  if (a.columns == 0) {
    fill(c, T{0});
    return;
  }
  if (c.columns == 1) return apply(a, b, c);
  if (c.rows == 1) return apply(b.transposed(), a, c);
  const BlasMatrix<T> left(a);
  const BlasMatrix<T> right(b);
  const BlasMatrix<T> out(c);
  const blas::Blas& blas = blas::current();
  const T one = 1;
  const T zero = 0;
  if (out.transposed()) {
    const auto flipped = [](const BlasMatrix<T>& matrix) {
      return matrix.transposed() ? 'N' : 'T';
    };
    blas.call<T>(Op::gemm, flipped(right), flipped(left), Int(c.columns), Int(c.rows),
                 Int(a.columns), one, right.data(), Int(right.leading()), left.data(),
                 Int(left.leading()), zero, out.data(), Int(out.leading()));
  } else {
    blas.call<T>(Op::gemm, left.operation(), right.operation(), Int(c.rows), Int(c.columns),
                 Int(a.columns), one, left.data(), Int(left.leading()), right.data(),
                 Int(right.leading()), zero, out.data(), Int(out.leading()));
  }
  if (out.packed()) {
    copy(View<T>{out.data(), c.rows, c.columns, out.leading(), 1}, c);
  }
}

template <typename T>
double product_work(const View<T>& a, const View<T>& b) {
  return 2.0 * static_cast<double>(a.rows) * static_cast<double>(a.columns) *
         static_cast<double>(b.columns);
}

// Frame: A (n x k), B (k x m), C (n x m). C = A B (gemm, gemv).
template <typename T>
struct Matmul {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> b = frame.matrix<T>(1);
    const View<T> c = frame.matrix<T>(2);
    require(frame, a.columns == b.rows && c.rows == a.rows && c.columns == b.columns);
    frame.require_apart(c, a, b);
    return perform(frame, product_work(a, b), [a, b, c](const Grant&) -> call::Outcome {
      multiply(a, b, c);
      return 0;
    });
  }
};

// Frame: stacks of A (n x k), B (k x m), C (n x m), with the same axes. C = A B for each.
template <typename T>
struct MatmulStack {
  // Products of less work than this are shared out whole; larger ones are better spread by BLAS.
  static constexpr double kSmall = 5e7;

  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> b = frame.stack<T>(1);
    const Stack<T> c = frame.stack<T>(2);
    require(frame, a.first.columns == b.first.rows && c.first.rows == a.first.rows &&
                       c.first.columns == b.first.columns);
    require(frame, a.axis_count == c.axis_count && b.axis_count == c.axis_count);
    for (size_t axis = 0; axis < c.axis_count; ++axis) {
      require(frame, a.axes[axis].length == c.axes[axis].length &&
                         b.axes[axis].length == c.axes[axis].length);
    }
    frame.require_apart(c, a, b);
    const int64_t count = c.first.size() == 0 ? 0 : c.count();
    const double each = product_work(a.first, b.first);
    Demand demand = frame.demand(each * static_cast<double>(count));
    const bool team = each < kSmall && count > 1;
    if (team) demand.parallelism = Parallelism::kTeam;
    return call::perform(frame, demand, [=](const Grant& grant) -> call::Outcome {
      openmp::run_team(team ? grant.width : 1, [&](int rank, int size) {
        const int64_t end = count * (rank + 1) / size;
        for (int64_t index = count * rank / size; index < end; ++index) {
          if (grant.is_cancelled()) return;
          multiply(a.at(index), b.at(index), c.at(index));
        }
      });
      return 0;
    });
  }
};

// Frame: A (n x k), C (n x n). C = A Aᵀ; both triangles are written (syrk).
template <typename T>
struct Gram {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> c = frame.matrix<T>(1);
    require_shape(frame, c, a.rows, a.rows);
    frame.require_apart(c, a);
    const double work =
        static_cast<double>(a.rows) * static_cast<double>(a.rows) * static_cast<double>(a.columns);
    return perform(frame, work, [a, c](const Grant&) -> call::Outcome {
      const BlasMatrix<T> from(a);
      const BlasMatrix<T> out(c);
      if (c.size() == 0) return 0;
      // The result is symmetric, so it does not matter whether it is seen as transposed.
      blas::current().call<T>(Op::syrk, 'U', from.operation(), Int(a.rows), Int(a.columns), T{1},
                              from.data(), Int(from.leading()), T{0}, out.data(),
                              Int(out.leading()));
      mirror(View<T>{out.data(), c.rows, c.rows, 1, out.leading()});
      if (out.packed()) copy(View<T>{out.data(), c.rows, c.rows, 1, out.leading()}, c);
      return 0;
    });
  }

  // Copies the upper triangle to the lower one, block by block.
  static void mirror(const View<T>& c) {
    constexpr int64_t kBlock = 32;
    for (int64_t j0 = 0; j0 < c.columns; j0 += kBlock) {
      for (int64_t i0 = 0; i0 <= j0; i0 += kBlock) {
        const int64_t j1 = std::min(j0 + kBlock, c.columns);
        for (int64_t j = j0; j < j1; ++j) {
          const int64_t i1 = std::min(i0 + kBlock, j);
          for (int64_t i = i0; i < i1; ++i) c.at(j, i) = c.at(i, j);
        }
      }
    }
  }
};

}  // namespace

void define_products(call::Module& module) {
  define<Matmul>(module, "matmul");
  define<MatmulStack>(module, "matmulStack");
  define<Gram>(module, "gram");
}

}  // namespace heddle::linalg
