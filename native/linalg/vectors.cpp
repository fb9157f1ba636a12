// Inner products and multiples of vectors and matrices.

#include "linalg/lapack.h"
#include "linalg/operations.h"
#include "linalg/vector.h"

namespace heddle::linalg {

using blas::Int;
using blas::Op;

namespace {

// Frame: x, y (n x 1). Outcome: the inner product (dot).
template <typename T>
struct Dot {
  static Napi::Value call(Frame& frame) {
    const View<T> x = frame.matrix<T>(0);
    const View<T> y = frame.matrix<T>(1);
    require_shape(frame, x, y.rows, 1);
    require_shape(frame, y, x.rows, 1);
    return perform(frame, 2.0 * static_cast<double>(x.rows), [x, y](const Grant&) -> call::Outcome {
      if (x.rows == 0) return 0;
      const BlasVector<T> left(x);
      const BlasVector<T> right(y);
      return static_cast<call::Outcome>(blas::current().call_function<T>(
          Op::dot, Int(x.rows), left.data(), left.increment(), right.data(), right.increment()));
    });
  }
};

// Calls `body(length, offset...)` for each line of views of one shape, taken along the axis in
// which `out` is dense, so that there are few lines where the views are contiguous.
template <typename T, typename Body>
void for_each_line(const View<T>& from, const View<T>& out, Body&& body) {
  const auto dense = [](const View<T>& view) {
    return view.row_stride == view.columns * view.column_stride;
  };
  if (dense(from) && dense(out)) {  // one line
    body(out.size(), from.data, from.column_stride, out.data, out.column_stride);
  } else if (out.columns == 1 || (out.row_stride == 1 && out.rows > 1)) {
    for (int64_t j = 0; j < out.columns; ++j) {
      body(out.rows, from.data + j * from.column_stride, from.row_stride,
           out.data + j * out.column_stride, out.row_stride);
    }
  } else {
    for (int64_t i = 0; i < out.rows; ++i) {
      body(out.columns, from.data + i * from.row_stride, from.column_stride,
           out.data + i * out.row_stride, out.column_stride);
    }
  }
}

template <typename T>
bool same_place(const View<T>& one, const View<T>& other) {
  return one.data == other.data && one.row_stride == other.row_stride &&
         one.column_stride == other.column_stride;
}

// Frame: X, Y, out (all n x m), alpha. out = alpha X + Y (axpy); out may be Y itself.
template <typename T>
struct Axpy {
  static Napi::Value call(Frame& frame) {
    const View<T> x = frame.matrix<T>(0);
    const View<T> y = frame.matrix<T>(1);
    const View<T> out = frame.matrix<T>(2);
    const T alpha = static_cast<T>(frame.next());
    require_shape(frame, x, out.rows, out.columns);
    require_shape(frame, y, out.rows, out.columns);
    frame.require_apart(out, x);
    if (!same_place(y, out)) frame.require_apart(out, y);
    return perform(frame, 2.0 * static_cast<double>(out.size()), [=](const Grant&) {
      if (out.size() == 0) return call::Outcome{0};
      if (!same_place(y, out)) copy(y, out);
      for_each_line(x, out, [alpha](int64_t n, T* from, int64_t step, T* to, int64_t to_step) {
        const BlasVector<T> source(from, n, step);
        const BlasVector<T> target(to, n, to_step);
        blas::current().call<T>(Op::axpy, Int(n), alpha, source.data(), source.increment(),
                                target.data(), target.increment());
        target.store(to, n, to_step);
      });
      return call::Outcome{0};
    });
  }
};

// Frame: X, out (both n x m), alpha. out = alpha X; out may be X itself. No scal: that of some
// libraries makes 0 of 0 times NaN, and has no source besides its target.
template <typename T>
struct Scale {
  static Napi::Value call(Frame& frame) {
    const View<T> x = frame.matrix<T>(0);
    const View<T> out = frame.matrix<T>(1);
    const T alpha = static_cast<T>(frame.next());
    require_shape(frame, x, out.rows, out.columns);
    if (!same_place(x, out)) frame.require_apart(out, x);
    return perform(frame, static_cast<double>(out.size()), [=](const Grant&) {
      if (out.size() == 0) return call::Outcome{0};
      for_each_line(x, out, [alpha](int64_t n, T* from, int64_t step, T* to, int64_t to_step) {
        if (step == 1 && to_step == 1) {
          for (int64_t i = 0; i < n; ++i) to[i] = alpha * from[i];
        } else {
          for (int64_t i = 0; i < n; ++i) to[i * to_step] = alpha * from[i * step];
        }
      });
      return call::Outcome{0};
    });
  }
};

}  // namespace

void define_vectors(call::Module& module) {
  define<Dot>(module, "dot");
  define<Axpy>(module, "axpy");
  define<Scale>(module, "scale");
}

}  // namespace heddle::linalg
