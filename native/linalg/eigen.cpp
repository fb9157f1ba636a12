// Eigenvalues and eigenvectors.

#include <cstring>

#include "linalg/lapack.h"
#include "linalg/operations.h"

namespace heddle::linalg {

using blas::Int;
using blas::IntArray;
using blas::IntOut;
using blas::Op;

namespace {

// Frame: A (n x n), W (n x 1), V (n x n row-major, or empty where it is not wanted), whether it is,
// whether the lower triangle is read, check. Of a symmetric matrix (syevd). Outcome: info.
template <typename T>
struct Eigh {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> w = frame.matrix<T>(1);
    const View<T> v = frame.matrix<T>(2);
    const bool vectors = frame.flag();
    const bool lower = frame.flag();
    const bool check = frame.flag();
    require_square(frame, a.rows, a.columns);
    require_shape(frame, w, a.rows, 1);
    require(frame, w.rows == 0 || w.row_stride == 1);
    if (vectors) require_shape(frame, v, a.rows, a.rows);
    return perform(frame, eigh_work(a.rows, vectors), [=](const Grant&) -> call::Outcome {
      if (a.rows == 0) return 0;
      if (check && !all_finite(a)) return kNotFinite;
      Columns<T> work(a);
      const IntOut info = solve(work, a.rows, w.data, vectors, lower);
      if (info.value == 0 && vectors) copy(work.view(), v);
      return outcome_of(info, "syevd", a);
    });
  }

  static IntOut solve(Columns<T>& a, int64_t n, T* w, bool vectors, bool lower) {
    const blas::Blas& blas = blas::current();
    IntOut info;
    IntArray asked(1);
    T best = 0;
    const auto call = [&](T* room, Int length, IntArray& integers, Int integer_count) {
      blas.call<T>(Op::syevd, vectors ? 'V' : 'N', lower ? 'L' : 'U', Int(n), a.data(),
                   Int(a.leading()), w, room, length, integers, integer_count, info);
    };
    call(&best, Int(-1), asked, Int(-1));
    const int64_t count = std::max<int64_t>(asked.at(0, blas.ilp64()), 1);
    IntArray integers(static_cast<size_t>(count));
    with_workspace<T>([&](T* room, Int length) {
      const bool asking = length.value < 0;
      call(room, length, integers, Int(asking ? -1 : count));
    });
    return info;
  }
};

// Frame: A (n x n), the eigenvalues' real and imaginary parts (n x 1), those of the right
// eigenvectors (n x n, or empty where they are not wanted), whether they are (geev). NaN and
// infinity are always looked for: LAPACK's gebal returns on a NaN without setting the range that
// the routines after it use as indices. Outcome: info.
template <typename T>
struct Eig {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> real = frame.matrix<T>(1);
    const View<T> imaginary = frame.matrix<T>(2);
    const View<T> vector_real = frame.matrix<T>(3);
    const View<T> vector_imaginary = frame.matrix<T>(4);
    const bool vectors = frame.flag();
    const int64_t n = a.rows;
    require_square(frame, n, a.columns);
    require_shape(frame, real, n, 1);
    require_shape(frame, imaginary, n, 1);
    require(frame, n == 0 || (real.row_stride == 1 && imaginary.row_stride == 1));
    if (vectors) {
      require_shape(frame, vector_real, n, n);
      require_shape(frame, vector_imaginary, n, n);
    }
    return perform(frame, eig_work(n, vectors), [=](const Grant&) -> call::Outcome {
      if (n == 0) return 0;
      if (!all_finite(a)) return kNotFinite;
      const blas::Blas& blas = blas::current();
      Columns<T> work(a);
      Workspace<T> packed(vectors ? n * n : 1);
      // LAPACK's own results, not the caller's buffers, tell below which values are pairs.
      Workspace<T> parts(2 * n);
      T* const re = parts.data();
      T* const im = parts.data() + n;
      T nothing = 0;
      IntOut info;
      with_workspace<T>([&](T* room, Int length) {
        blas.call<T>(Op::geev, 'N', vectors ? 'V' : 'N', Int(n), work.data(), Int(n), re, im,
                     &nothing, Int(1), packed.data(), Int(vectors ? n : 1), room, length, info);
      });
      if (info.value != 0) return outcome_of(info, "geev", a);
      std::memcpy(real.data, re, sizeof(T) * static_cast<size_t>(n));
      std::memcpy(imaginary.data, im, sizeof(T) * static_cast<size_t>(n));
      if (vectors) {
        unpack(View<T>{packed.data(), n, n, 1, n}, im, vector_real, vector_imaginary);
      }
      return 0;
    });
  }

  // A complex pair of values j, j + 1 has the vectors v(j) + i v(j + 1) and v(j) - i v(j + 1).
  static void unpack(const View<T>& packed, const T* im, const View<T>& re_out,
                     const View<T>& im_out) {
    const int64_t n = packed.rows;
    for (int64_t j = 0; j < n; ++j) {
      if (im[j] == 0 || j + 1 == n) {
        for (int64_t i = 0; i < n; ++i) {
          re_out.at(i, j) = packed.at(i, j);
          im_out.at(i, j) = 0;
        }
        continue;
      }
      for (int64_t i = 0; i < n; ++i) {
        re_out.at(i, j) = re_out.at(i, j + 1) = packed.at(i, j);
        im_out.at(i, j) = packed.at(i, j + 1);
        im_out.at(i, j + 1) = -packed.at(i, j + 1);
      }
      ++j;
    }
  }
};

}  // namespace

void define_eigen(call::Module& module) {
  define<Eigh>(module, "eigh");
  define<Eig>(module, "eig");
}

}  // namespace heddle::linalg
