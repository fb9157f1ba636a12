// Matrix products.

#include "linalg/lapack.h"
#include "linalg/operations.h"
#include "linalg/vector.h"

namespace heddle::linalg {

using blas::Int;
using blas::Op;

namespace {

// What a product is multiplied by, and what the target had before it.
template <typename T>
struct Factors {
  T alpha;
  T beta;
};

template <typename T>
void scale_by(const View<T>& c, T beta) {
  for (int64_t i = 0; i < c.rows; ++i) {
    for (int64_t j = 0; j < c.columns; ++j) c.at(i, j) = beta == 0 ? T{0} : c.at(i, j) * beta;
  }
}

// y = alpha A x + beta y.
template <typename T>
void apply(const View<T>& a, const View<T>& x, const View<T>& y, const Factors<T>& factors) {
  const BlasMatrix<T> matrix(a);
  const BlasVector<T> from(x);
  const BlasVector<T> to(y);
  const bool flipped = matrix.transposed();
  blas::current().call<T>(Op::gemv, flipped ? 'T' : 'N', Int(flipped ? a.columns : a.rows),
                          Int(flipped ? a.rows : a.columns), factors.alpha, matrix.data(),
                          Int(matrix.leading()), from.data(), from.increment(), factors.beta,
                          to.data(), to.increment());
  to.store(y.data, y.size(), y.columns == 1 ? y.row_stride : y.column_stride);
}

// C = alpha A B + beta C.
//
// A row-major C is the transpose of a column-major one, and Cᵀ = Bᵀ Aᵀ: so the two factors change
// places, and each is passed as what it is the transpose of.
template <typename T>
void multiply(const View<T>& a, const View<T>& b, const View<T>& c, const Factors<T>& factors) {
  if (c.size() == 0) return;
  if (a.columns == 0) return scale_by(c, factors.beta);
  if (c.columns == 1) return apply(a, b, c, factors);
  if (c.rows == 1) return apply(b.transposed(), a, c, factors);
  const BlasMatrix<T> left(a);
  const BlasMatrix<T> right(b);
  const BlasMatrix<T> out(c);
  const blas::Blas& blas = blas::current();
  if (out.transposed()) {
    const auto flipped = [](const BlasMatrix<T>& matrix) {
      return matrix.transposed() ? 'N' : 'T';
    };
    blas.call<T>(Op::gemm, flipped(right), flipped(left), Int(c.columns), Int(c.rows),
                 Int(a.columns), factors.alpha, right.data(), Int(right.leading()), left.data(),
                 Int(left.leading()), factors.beta, out.data(), Int(out.leading()));
  } else {
    blas.call<T>(Op::gemm, left.operation(), right.operation(), Int(c.rows), Int(c.columns),
                 Int(a.columns), factors.alpha, left.data(), Int(left.leading()), right.data(),
                 Int(right.leading()), factors.beta, out.data(), Int(out.leading()));
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

// Frame: A (n x k), B (k x m), C (n x m), alpha, beta. C = alpha A B + beta C (gemm, gemv).
template <typename T>
struct Matmul {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> b = frame.matrix<T>(1);
    const View<T> c = frame.matrix<T>(2);
    const Factors<T> factors{static_cast<T>(frame.next()), static_cast<T>(frame.next())};
    require(frame, a.columns == b.rows && c.rows == a.rows && c.columns == b.columns);
    frame.require_apart(c, a, b);
    return perform(frame, product_work(a, b), [a, b, c, factors](const Grant&) -> call::Outcome {
      multiply(a, b, c, factors);
      return 0;
    });
  }
};

struct Nothing {};

// Frame: stacks of A (n x k), B (k x m), C (n x m), with the same axes; alpha, beta.
template <typename T>
struct MatmulStack {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> b = frame.stack<T>(1);
    const Stack<T> c = frame.stack<T>(2);
    const Factors<T> factors{static_cast<T>(frame.next()), static_cast<T>(frame.next())};
    require(frame, a.first.columns == b.first.rows && c.first.rows == a.first.rows &&
                       c.first.columns == b.first.columns);
    require_axes(frame, c, a, b);
    frame.require_apart(c, a, b);
    return perform_stack(
        frame, c.first.size() == 0 ? 0 : c.count(), Work{product_work(a.first, b.first)},
        [] { return Nothing(); },
        [=](Nothing&, int64_t index) -> int64_t {
          multiply(a.at(index), b.at(index), c.at(index), factors);
          return 0;
        });
  }
};

// Frame: stacks of A (n x k) and C (n x n), alpha, beta. C = alpha A Aᵀ + beta C, of whose C the
// upper triangle is read; both are written (syrk).
template <typename T>
struct Gram {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> c = frame.stack<T>(1);
    const Factors<T> factors{static_cast<T>(frame.next()), static_cast<T>(frame.next())};
    const int64_t n = a.first.rows;
    require_shape(frame, c.first, n, n);
    require_axes(frame, a, c);
    frame.require_apart(c, a);
    const double work =
        static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(a.first.columns);
    return perform_stack(
        frame, n == 0 ? 0 : c.count(), Work{work}, [] { return Nothing(); },
        [=](Nothing&, int64_t index) -> int64_t {
          multiply_by_itself(a.at(index), c.at(index), factors);
          return 0;
        });
  }

  static void multiply_by_itself(const View<T>& a, const View<T>& c, const Factors<T>& factors) {
    const BlasMatrix<T> from(a);
    const BlasMatrix<T> out(c);
    // Seen as its column-major transpose, the upper triangle is the lower one.
    const char triangle = out.transposed() ? 'L' : 'U';
    blas::current().call<T>(Op::syrk, triangle, from.operation(), Int(a.rows), Int(a.columns),
                            factors.alpha, from.data(), Int(from.leading()), factors.beta,
                            out.data(), Int(out.leading()));
    const View<T> made{out.data(), c.rows, c.rows, 1, out.leading()};
    mirror(triangle == 'U' ? made : made.transposed());
    if (out.packed()) copy(made, c);
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

// Which triangular system: A on the left of X or on the right, its lower triangle or the upper one,
// Aᵀ in A's place, a diagonal of ones that is not read.
struct Triangular {
  bool left;
  bool lower;
  bool transposed;
  bool unit;
};

// Frame: stacks of A (n x n), B and X (n x m, or m x n from the right), the flags of Triangular,
// alpha, check. A X = alpha B, or X A = alpha B; X may be B itself. The info is the first element
// of the diagonal that is zero (trsm).
template <typename T>
struct Trsm {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> b = frame.stack<T>(1);
    const Stack<T> x = frame.stack<T>(2);
    const bool left = frame.flag();
    const bool lower = frame.flag();
    const bool transposed = frame.flag();
    const Triangular kind{left, lower, transposed, frame.flag()};
    const T alpha = static_cast<T>(frame.next());
    const bool check = frame.flag();
    const int64_t n = a.first.rows;
    require_square(frame, n, a.first.columns);
    require_shape(frame, x.first, b.first.rows, b.first.columns);
    require(frame, (left ? b.first.rows : b.first.columns) == n);
    require_axes(frame, x, a, b);
    frame.require_apart(x, a);
    const bool in_place = same_elements(x, b);
    if (!in_place) frame.require_apart(x, b);
    const double work = static_cast<double>(n) * static_cast<double>(b.first.size());
    return perform_stack(
        frame, x.first.size() == 0 ? 0 : x.count(), Work{work}, [] { return Nothing(); },
        [=](Nothing&, int64_t index) -> int64_t {
          const View<T> matrix = a.at(index);
          const View<T> sides = b.at(index);
          if (check && (!all_finite(matrix) || !all_finite(sides))) return kNotFiniteInfo;
          for (int64_t i = 0; !kind.unit && i < n; ++i) {
            if (matrix.at(i, i) == 0) return i + 1;
          }
          const View<T> to = x.at(index);
          if (!in_place) copy(sides, to);
          solve(matrix, to, kind, alpha);
          return 0;
        });
  }

  static bool same_elements(const Stack<T>& x, const Stack<T>& b) {
    bool same = x.first.data == b.first.data && x.first.row_stride == b.first.row_stride &&
                x.first.column_stride == b.first.column_stride;
    for (size_t axis = 0; same && axis < x.axis_count; ++axis) {
      same = x.axes[axis].length == 1 || x.axes[axis].stride == b.axes[axis].stride;
    }
    return same;
  }

  static void solve(const View<T>& a, const View<T>& x, const Triangular& kind, T alpha) {
    const BlasMatrix<T> matrix(a);
    const BlasMatrix<T> out(x);
    // Of the transpose of X the other side is solved; seen as its column-major transpose, a lower
    // triangle is an upper one.
    const bool flipped = out.transposed();
    const bool as_lower = kind.lower != matrix.transposed();
    const bool as_transposed = kind.transposed != (matrix.transposed() != flipped);
    blas::current().call<T>(
        Op::trsm, kind.left != flipped ? 'L' : 'R', as_lower ? 'L' : 'U', as_transposed ? 'T' : 'N',
        kind.unit ? 'U' : 'N', Int(flipped ? x.columns : x.rows), Int(flipped ? x.rows : x.columns),
        alpha, matrix.data(), Int(matrix.leading()), out.data(), Int(out.leading()));
    if (out.packed()) copy(View<T>{out.data(), x.rows, x.columns, 1, out.leading()}, x);
  }
};

}  // namespace

void define_products(call::Module& module) {
  define<Matmul>(module, "matmul");
  define<MatmulStack>(module, "matmulStack");
  define<Gram>(module, "gram");
  define<Trsm>(module, "trsm");
}

}  // namespace heddle::linalg
