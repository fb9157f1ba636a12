// LU factors with row exchanges, for every kernel that is made of them.
#pragma once

#include "linalg/lapack.h"
#include "linalg/scaling.h"

namespace heddle::linalg {

// Factors n x n matrices, scaled where elimination would leave the range of their elements.
template <typename T>
class LuKernel {
 public:
  explicit LuKernel(int64_t n)
      : n_(n), factors_(n, n), pivots_(static_cast<size_t>(std::max<int64_t>(n, 1))) {}

  // Returns the first pivot that is zero, or 0. `scaled()` tells whether R A C was factored.
  int64_t factor(const View<T>& a) {
    scaled_ = false;
    factors_.load(a);
    const int64_t info = eliminate();
    if (!hard()) return info;
    return factor_scaled(a);
  }

  // The same, scaled in any case: where a solution without it was not finite.
  int64_t factor_scaled(const View<T>& a) {
    scaled_ = true;
    scaling_.choose(a);
    scaling_.scale(a, factors_.view());
    return eliminate();
  }

  // Overwrites the columns of X by the solution of A X = B, or Aᵀ X = B.
  void solve(Columns<T>& x, int64_t columns, bool transposed) {
    if (scaled_) scaling_.scale_sides(x.view(), transposed);
    blas::IntOut info;
    blas::current().call<T>(blas::Op::getrs, transposed ? 'T' : 'N', blas::Int(n_),
                            blas::Int(columns), factors_.data(), factors_.leading_int(), pivots_,
                            x.data(), x.leading_int(), info);
    require_accepted(info, "getrs");
    if (scaled_) scaling_.scale_solution(x.view(), transposed);
  }

  // Overwrites the factors by the inverse.
  int64_t invert() {
    blas::IntOut info;
    room_.with([&](T* work, blas::Int length) {
      blas::current().call<T>(blas::Op::getri, blas::Int(n_), factors_.data(),
                              factors_.leading_int(), pivots_, work, length, info);
    });
    require_accepted(info, "getri");
    if (info.value == 0 && scaled_) scaling_.unscale_inverse(factors_.view());
    return info.value;
  }

  int64_t order() const { return n_; }
  bool scaled() const { return scaled_; }
  const Scaling<T>& scaling() const { return scaling_; }
  View<T> factors() { return factors_.view(); }
  bool exchanged(int64_t i) const {
    return pivots_.at(static_cast<size_t>(i), blas::current().ilp64()) != i + 1;
  }

 private:
  int64_t eliminate() {
    blas::IntOut info;
    blas::current().call<T>(blas::Op::getrf, blas::Int(n_), blas::Int(n_), factors_.data(),
                            factors_.leading_int(), pivots_, info);
    require_accepted(info, "getrf");
    return info.value;
  }

  // Whether a pivot is one by which elimination leaves the range; zero is none.
  bool hard() {
    for (int64_t i = 0; i < n_; ++i) {
      const T pivot = factors_.view().at(i, i);
      if (pivot != 0 && hard_pivot(pivot)) return true;
    }
    return false;
  }

  int64_t n_;
  bool scaled_ = false;
  Columns<T> factors_;
  blas::IntArray pivots_;
  Scaling<T> scaling_;
  Room<T> room_;
};

}  // namespace heddle::linalg
