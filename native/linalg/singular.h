// Singular values and vectors, for every kernel that is made of them.
#pragma once

#include "linalg/lapack.h"

namespace heddle::linalg {

// Decomposes m x n matrices, which have elements, by divide and conquer (gesdd), and where that
// does not converge by QR iteration (gesvd).
template <typename T>
class SingularKernel {
 public:
  SingularKernel(int64_t m, int64_t n, Vectors vectors)
      : m_(m),
        n_(n),
        k_(std::min(m, n)),
        job_(vectors == Vectors::kNone      ? 'N'
             : vectors == Vectors::kReduced ? 'S'
                                            : 'A'),
        work_(m, n),
        left_(m, vectors == Vectors::kNone      ? 0
                 : vectors == Vectors::kReduced ? k_
                                                : m),
        right_(vectors == Vectors::kNone      ? 0
               : vectors == Vectors::kReduced ? k_
                                              : n,
               n),
        values_(k_),
        integers_(static_cast<size_t>(8 * std::max<int64_t>(k_, 1))) {}

  // Returns 0, how many superdiagonals did not converge, or kNotFiniteInfo.
  int64_t run(const View<T>& a) {
    if (k_ == 0) return 0;
    IntOut info;
    work_.load(a);
    room_.with([&](T* room, Int length) {
      blas::current().call<T>(blas::Op::gesdd, job_, Int(m_), Int(n_), work_.data(),
                              work_.leading_int(), values_.data(), left_.data(),
                              left_.leading_int(), right_.data(), right_.leading_int(), room,
                              length, integers_, info);
    });
    if (info.value <= 0) return info_of(info, "gesdd", a);
    work_.load(a);
    second_room_.with([&](T* room, Int length) {
      blas::current().call<T>(blas::Op::gesvd, job_, job_, Int(m_), Int(n_), work_.data(),
                              work_.leading_int(), values_.data(), left_.data(),
                              left_.leading_int(), right_.data(), right_.leading_int(), room,
                              length, info);
    });
    return info_of(info, "gesvd", a);
  }

  int64_t count() const { return k_; }
  // In falling order.
  const T* values() const { return values_.data(); }
  // The left vectors as columns (m x k, or m x m), and the right ones as rows (k x n, or n x n).
  View<T> left() { return left_.view(); }
  View<T> right() { return right_.view(); }

 private:
  using Int = blas::Int;
  using IntOut = blas::IntOut;

  int64_t m_;
  int64_t n_;
  int64_t k_;
  char job_;
  Columns<T> work_;
  Columns<T> left_;
  Columns<T> right_;
  Workspace<T> values_;
  blas::IntArray integers_;
  Room<T> room_;
  Room<T> second_room_;
};

}  // namespace heddle::linalg
