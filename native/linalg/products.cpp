// Matrix products.

#include "linalg/products.h"

#include "linalg/layout.h"
#include "linalg/operation.h"

namespace heddle::linalg {

using blas::Int;
using blas::Op;

namespace {

// C = A B.
//
// A row-major C is the transpose of a column-major one, and Cᵀ = Bᵀ Aᵀ: so the two factors change
// places, and each is passed as what it is the transpose of.
template <typename T>
void multiply(const View<T>& a, const View<T>& b, const View<T>& c) {
  if (c.size() == 0) return;
  if (a.columns == 0) {
    for (int64_t i = 0; i < c.rows; ++i) {
      for (int64_t j = 0; j < c.columns; ++j) c.at(i, j) = 0;
    }
    return;
  }
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

// Frame: A (n x k), B (k x m), C (n x m). C = A B (gemm).
template <typename T>
struct Matmul {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> b = frame.matrix<T>(1);
    const View<T> c = frame.matrix<T>(2);
    if (a.columns != b.rows || c.rows != a.rows || c.columns != b.columns) {
      throw Napi::RangeError::New(frame.env(), "heddle: the shapes of a product don't fit");
    }
    const double work = 2.0 * static_cast<double>(a.rows) * static_cast<double>(a.columns) *
                        static_cast<double>(b.columns);
    return perform(frame, work, [a, b, c](const Grant&) -> executor::Outcome {
      multiply(a, b, c);
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
    if (c.rows != a.rows || c.columns != a.rows) {
      throw Napi::RangeError::New(frame.env(), "heddle: the shapes of a Gram matrix don't fit");
    }
    const double work =
        static_cast<double>(a.rows) * static_cast<double>(a.rows) * static_cast<double>(a.columns);
    return perform(frame, work, [a, c](const Grant&) -> executor::Outcome {
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

void define_products(Napi::Env env, Napi::Object exports, double* frame) {
  exports.Set("matmul", Napi::Function::New(env, entry<Matmul>, "matmul", frame));
  exports.Set("gram", Napi::Function::New(env, entry<Gram>, "gram", frame));
}

}  // namespace heddle::linalg
