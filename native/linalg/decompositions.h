// Groups of small matrices (linalg/group.h) that are decomposed in lanes.
#pragma once

#include <optional>

#include "linalg/group.h"

namespace heddle::linalg {

// LU factors of m x n matrices.
template <typename T>
class LuGroup {
 public:
  LuGroup(const LaneKernels<T>& kernels, int64_t m, int64_t n)
      : kernels_(kernels),
        m_(m),
        n_(n),
        k_(std::min(m, n)),
        matrix_(kernels, m, n),
        lower_(kernels, m, k_),
        exchanges_(kernels, k_, 1),
        rows_(kernels.lanes, m) {}

  LaneMask factor(const Stack<T>& a, const GroupRange& range) {
    LaneMask odd = 0;
    LaneMask left = matrix_.load(a, range, 0);
    left |= kernels_.eliminate(matrix_.data(), m_, n_, k_, &odd, exchanges_.data());
    kernels_.split(matrix_.data(), m_, n_, k_, lower_.data());
    rows_.exchange(range.count, k_, [&](int64_t lane, int64_t i) {
      return static_cast<int64_t>(exchanges_.at(lane, i, 0));
    });
    return left;
  }

  // L (m x k), with its rows in the order of A or in its own, and U (k x n).
  LaneMask store_factors(const Stack<T>& l, const Stack<T>& u, bool permuted,
                         const GroupRange& range) const {
    const LaneMask left = matrix_.store(u, range, 0);
    return left | (permuted ? lower_.store_rows(l, range, rows_) : lower_.store(l, range, 0));
  }

  // For each row of A its row in L U (m x 1).
  void store_places(const Stack<T>& p, const GroupRange& range) const {
    for (int64_t lane = 0; lane < range.count; ++lane) {
      const View<T> places = p.at(range.first + lane);
      for (int64_t i = 0; i < m_; ++i) places.at(rows_.at(lane, i), 0) = static_cast<T>(i);
    }
  }

 private:
  const LaneKernels<T>& kernels_;
  int64_t m_;
  int64_t n_;
  int64_t k_;
  Group<T> matrix_;
  Group<T> lower_;
  Group<T> exchanges_;
  LaneOrder rows_;  // the row of A that is row i of L U
};

// LU factors of n x n matrices, left in the place of these.
template <typename T>
class CompactGroup {
 public:
  CompactGroup(const LaneKernels<T>& kernels, int64_t n)
      : kernels_(kernels), n_(n), matrix_(kernels, n, n), exchanges_(kernels, n, 1) {}

  LaneMask factor(const Stack<T>& a, const GroupRange& range) {
    LaneMask odd = 0;
    const LaneMask left = matrix_.load(a, range, 0);
    return left | kernels_.eliminate(matrix_.data(), n_, n_, n_, &odd, exchanges_.data());
  }

  LaneMask store(const Stack<T>& lu, const GroupRange& range) const {
    return matrix_.store(lu, range, 0);
  }

  // The row that each row was exchanged with (n x 1).
  void store_pivots(const Stack<int32_t>& to, const GroupRange& range) const {
    for (int64_t lane = 0; lane < range.count; ++lane) {
      const View<int32_t> pivots = to.at(range.first + lane);
      for (int64_t i = 0; i < n_; ++i) {
        pivots.at(i, 0) = static_cast<int32_t>(exchanges_.at(lane, i, 0));
      }
    }
  }

 private:
  const LaneKernels<T>& kernels_;
  int64_t n_;
  Group<T> matrix_;
  Group<T> exchanges_;
};

// Symmetric matrices of n x n.
template <typename T>
class SymmetricGroup {
 public:
  SymmetricGroup(const LaneKernels<T>& kernels, int64_t n, bool vectors)
      : kernels_(kernels),
        n_(n),
        matrix_(kernels, n, n),
        values_(kernels, n, 1),
        room_(kernels, 11 * n, 1),
        order_(kernels.lanes, n) {
    if (vectors) vectors_.emplace(kernels, n, n);
  }
  static int64_t elements(int64_t n) { return 2 * n * n; }

  // The eigenvalues, rising, go to w, and the vectors as columns to v. `upper`: the triangle that
  // is read. Returns the lanes for LAPACK.
  LaneMask run(const Stack<T>& a, bool upper, const Stack<T>& w, const Stack<T>& v,
               const GroupRange& range) {
    LaneMask left = matrix_.load(upper ? a : a.transposed(), range, 0);
    left |= kernels_.eigh(matrix_.data(), n_, vectors_ ? vectors_->data() : nullptr, values_.data(),
                          room_.data());
    order_.sort(range.count, n_, LaneOrder::By::kRising,
                [&](int64_t lane, int64_t i) { return values_.at(lane, i, 0); });
    left |= values_.store_rows(w, range, order_);
    if (vectors_) left |= vectors_->store_rows(v.transposed(), range, order_);
    return left;
  }

 private:
  const LaneKernels<T>& kernels_;
  int64_t n_;
  Group<T> matrix_;
  Group<T> values_;
  Group<T> room_;
  std::optional<Group<T>> vectors_;
  LaneOrder order_;
};

// Any matrices of n x n.
template <typename T>
class GeneralGroup {
 public:
  GeneralGroup(const LaneKernels<T>& kernels, int64_t n, bool vectors)
      : kernels_(kernels),
        n_(n),
        matrix_(kernels, n, n),
        real_(kernels, n, 1),
        imaginary_(kernels, n, 1),
        room_(kernels, 4 * n, 1) {
    if (!vectors) return;
    vectors_real_.emplace(kernels, n, n);
    vectors_imaginary_.emplace(kernels, n, n);
    square_.emplace(kernels, n, n);
  }
  static int64_t elements(int64_t n) { return 4 * n * n; }

  // The eigenvalues' parts (n x 1), and those of the vectors as columns.
  struct Results {
    Stack<T> real;
    Stack<T> imaginary;
    Stack<T> vectors_real;
    Stack<T> vectors_imaginary;
  };

  LaneMask run(const Stack<T>& a, const Results& out, const GroupRange& range) {
    LaneMask left = matrix_.load(a, range, 0);
    const auto data = [](std::optional<Group<T>>& group) {
      return group ? group->data() : nullptr;
    };
    left |= kernels_.eig(matrix_.data(), n_,
                         {real_.data(), imaginary_.data(), data(vectors_real_),
                          data(vectors_imaginary_), data(square_), room_.data()});
    left |= real_.store(out.real, range, 0);
    left |= imaginary_.store(out.imaginary, range, 0);
    if (!vectors_real_) return left;
    left |= vectors_real_->store(out.vectors_real.transposed(), range, 0);
    return left | vectors_imaginary_->store(out.vectors_imaginary.transposed(), range, 0);
  }

 private:
  const LaneKernels<T>& kernels_;
  int64_t n_;
  Group<T> matrix_;
  Group<T> real_;
  Group<T> imaginary_;
  Group<T> room_;
  std::optional<Group<T>> vectors_real_;
  std::optional<Group<T>> vectors_imaginary_;
  std::optional<Group<T>> square_;
};

// The singular values, and vectors, of m x n matrices. Those with more columns than rows are
// decomposed as their transposes, whose left vectors are their right ones.
template <typename T>
class SingularGroup {
 public:
  SingularGroup(const LaneKernels<T>& kernels, int64_t m, int64_t n, Vectors vectors)
      : kernels_(kernels),
        tall_(m >= n),
        longer_(std::max(m, n)),
        shorter_(std::min(m, n)),
        width_(vectors == Vectors::kFull ? longer_ : shorter_),
        matrix_(kernels, longer_, shorter_),
        values_(kernels, shorter_, 1),
        room_(kernels, 17 * shorter_ + longer_, 1),
        order_(kernels.lanes, width_) {
    if (vectors == Vectors::kNone) return;
    long_.emplace(kernels, width_, longer_);
    short_.emplace(kernels, shorter_, shorter_);
  }
  static int64_t elements(int64_t m, int64_t n, Vectors vectors) {
    const int64_t longer = std::max(m, n);
    const int64_t shorter = std::min(m, n);
    if (vectors == Vectors::kNone) return longer * shorter;
    const int64_t width = vectors == Vectors::kFull ? longer : shorter;
    return longer * (shorter + width) + shorter * shorter;
  }

  // Returns the lanes for LAPACK; all else is there to be stored, or to be worked on.
  LaneMask decompose(const Stack<T>& a, const GroupRange& range) {
    const LaneMask left = matrix_.load(tall_ ? a : a.transposed(), range, 0);
    return left | kernels_.svd(matrix_.data(), longer_, shorter_, long_ ? long_->data() : nullptr,
                               width_, short_ ? short_->data() : nullptr, values_.data(),
                               room_.data());
  }

  // The values, falling; afterwards store_vectors() has the order for the vectors.
  LaneMask store_values(const Stack<T>& s, const GroupRange& range) {
    order_.sort(range.count, shorter_, LaneOrder::By::kFalling,
                [&](int64_t lane, int64_t i) { return values_.at(lane, i, 0); });
    return values_.store_rows(s, range, order_);
  }

  // The left vectors as columns, the right ones as rows.
  LaneMask store_vectors(const Stack<T>& u, const Stack<T>& vt, const GroupRange& range) const {
    const Group<T>& left = tall_ ? *long_ : *short_;
    const Group<T>& right = tall_ ? *short_ : *long_;
    return left.store_rows(u.transposed(), range, order_) | right.store_rows(vt, range, order_);
  }

  // What the kernels make other things of: left vectors are those of the matrices that were given.
  LaneSvd<T> factors() {
    T* const longer = long_->data();
    T* const shorter = short_->data();
    return {tall_ ? longer_ : shorter_, tall_ ? shorter_ : longer_, shorter_,
            tall_ ? longer : shorter,   tall_ ? shorter : longer,   values_.data()};
  }

 private:
  const LaneKernels<T>& kernels_;
  bool tall_;
  int64_t longer_;
  int64_t shorter_;
  int64_t width_;
  Group<T> matrix_;
  Group<T> values_;
  Group<T> room_;
  std::optional<Group<T>> long_;   // vectors as rows
  std::optional<Group<T>> short_;  // vectors as rows
  LaneOrder order_;
};

// Pseudo-inverses of m x n matrices.
template <typename T>
class InverseGroup {
 public:
  InverseGroup(const LaneKernels<T>& kernels, int64_t m, int64_t n)
      : kernels_(kernels), singular_(kernels, m, n, Vectors::kReduced), inverse_(kernels, n, m) {}

  LaneMask run(const Stack<T>& a, T limit, const Stack<T>& x, const GroupRange& range) {
    const LaneMask left = singular_.decompose(a, range);
    kernels_.pseudo_inverse(singular_.factors(), limit, inverse_.data());
    return left | inverse_.store(x, range, 0);
  }

 private:
  const LaneKernels<T>& kernels_;
  SingularGroup<T> singular_;
  Group<T> inverse_;
};

// Least squares of m x n matrices with p right-hand sides.
template <typename T>
class LeastSquaresGroup {
 public:
  LeastSquaresGroup(const LaneKernels<T>& kernels, int64_t m, int64_t n, int64_t p)
      : kernels_(kernels),
        p_(p),
        singular_(kernels, m, n, Vectors::kReduced),
        sides_(kernels, m, p),
        solutions_(kernels, n, p),
        residuals_(kernels, p, 1),
        rank_(kernels, 1, 1),
        room_(kernels, std::min(m, n) + m, p) {}
  static int64_t elements(int64_t m, int64_t n, int64_t p) {
    return SingularGroup<T>::elements(m, n, Vectors::kReduced) + (2 * m + n + std::min(m, n)) * p;
  }

  // What the matrices give: X (n x p), S (k x 1), residuals (p x 1), the rank (1 x 1).
  struct Results {
    Stack<T> x;
    Stack<T> s;
    Stack<T> residuals;
    Stack<T> rank;
  };

  LaneMask run(const Stack<T>& a, const Stack<T>& b, T limit, const Results& out,
               const GroupRange& range) {
    LaneMask left = singular_.decompose(a, range);
    left |= sides_.load(b, range, 0);
    left |= kernels_.least_squares(
        singular_.factors(), limit,
        {p_, sides_.data(), solutions_.data(), residuals_.data(), rank_.data(), room_.data()});
    left |= singular_.store_values(out.s, range);
    left |= residuals_.store(out.residuals, range, 0);
    left |= rank_.store(out.rank, range, 0);
    return left | solutions_.store(out.x, range, 0);
  }

 private:
  const LaneKernels<T>& kernels_;
  int64_t p_;
  SingularGroup<T> singular_;
  Group<T> sides_;
  Group<T> solutions_;
  Group<T> residuals_;
  Group<T> rank_;
  Group<T> room_;
};

// QR factors of m x n matrices; `width` columns of Q, or none.
template <typename T>
class QrGroup {
 public:
  QrGroup(const LaneKernels<T>& kernels, int64_t m, int64_t n, int64_t width)
      : kernels_(kernels),
        m_(m),
        n_(n),
        width_(width),
        columns_(kernels, n, m),
        q_(kernels, width, m),
        room_(kernels, std::min(m, n) + m, 1) {}
  static int64_t elements(int64_t m, int64_t n, int64_t width) { return m * (n + width); }

  LaneMask run(const Stack<T>& a, const Stack<T>& q, const Stack<T>& r, const GroupRange& range) {
    LaneMask left = columns_.load(a.transposed(), range, 0);
    left |= kernels_.qr(columns_.data(), m_, n_, q_.data(), width_, room_.data());
    left |= columns_.store(r.transposed(), range, 0);
    if (width_ > 0) left |= q_.store(q.transposed(), range, 0);
    return left;
  }

 private:
  const LaneKernels<T>& kernels_;
  int64_t m_;
  int64_t n_;
  int64_t width_;
  Group<T> columns_;
  Group<T> q_;
  Group<T> room_;
};

}  // namespace heddle::linalg
