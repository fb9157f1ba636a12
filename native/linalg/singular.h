// Singular values and vectors, for every operation that is made of them.
#pragma once

#include "linalg/lapack.h"
#include "linalg/work.h"

namespace heddle::linalg {

// The singular values of an m x n matrix in falling order, and if asked for its left vectors as
// columns (m x k, or m x m) and its right ones as rows (k x n, or n x n), all column-major.
template <typename T>
struct Singular {
  View<T> u;
  View<T> vt;
  T* s;
};

// Decomposes `a`, which has elements, by divide and conquer (gesdd), and where that does not
// converge by QR iteration (gesvd). The outcome is 0, how many superdiagonals did not converge, or
// kNotFinite.
template <typename T>
call::Outcome decompose(const View<T>& a, Vectors vectors, const Singular<T>& out) {
  const blas::Blas& blas = blas::current();
  const char job = vectors == Vectors::kNone ? 'N' : vectors == Vectors::kReduced ? 'S' : 'A';
  const auto leading = [](const View<T>& view) {
    return blas::Int(std::max<int64_t>(view.rows, 1));
  };
  const blas::Int m(a.rows);
  const blas::Int n(a.columns);
  T nothing = 0;  // LAPACK wants an address for what it does not write
  T* const u = out.u.data != nullptr ? out.u.data : &nothing;
  T* const vt = out.vt.data != nullptr ? out.vt.data : &nothing;
  blas::IntOut info;
  {
    Columns<T> work(a);
    blas::IntArray integers(static_cast<size_t>(8 * std::min(a.rows, a.columns)));
    with_workspace<T>([&](T* room, blas::Int length) {
      blas.call<T>(blas::Op::gesdd, job, m, n, work.data(), m, out.s, u, leading(out.u), vt,
                   leading(out.vt), room, length, integers, info);
    });
  }
  if (info.value <= 0) return outcome_of(info, "gesdd", a);
  Columns<T> work(a);
  with_workspace<T>([&](T* room, blas::Int length) {
    blas.call<T>(blas::Op::gesvd, job, job, m, n, work.data(), m, out.s, u, leading(out.u), vt,
                 leading(out.vt), room, length, info);
  });
  return outcome_of(info, "gesvd", a);
}

// Only the singular values, min(m, n) of them.
template <typename T>
call::Outcome singular_values(const View<T>& a, T* s) {
  return decompose(a, Vectors::kNone, Singular<T>{{}, {}, s});
}

}  // namespace heddle::linalg
