// QR factors and least squares.

#include "linalg/decompositions.h"
#include "linalg/lapack.h"
#include "linalg/operations.h"

namespace heddle::linalg {

using blas::Int;
using blas::IntArray;
using blas::IntOut;
using blas::Op;

namespace {

// The factors of m x n matrices; Q, where it is wanted, has `width` columns.
template <typename T>
class Reflections {
 public:
  Reflections(int64_t m, int64_t n, int64_t width, bool with_q)
      : k_(std::min(m, n)), factors_(m, n), tau_(k_) {
    // The reflectors are the first k columns; Q takes their place, or is made in a larger one.
    if (with_q && width > n) larger_.emplace(m, width);
  }

  void factor(const View<T>& a, const View<T>& r) {
    factors_.load(a);
    IntOut info;
    factor_room_.with([&](T* room, Int length) {
      blas::current().call<T>(Op::geqrf, Int(a.rows), Int(a.columns), factors_.data(),
                              factors_.leading_int(), tau_.data(), room, length, info);
    });
    require_accepted(info, "geqrf");
    const View<T> compact = factors_.view();
    for (int64_t i = 0; i < r.rows; ++i) {
      for (int64_t j = 0; j < r.columns; ++j) r.at(i, j) = j < i ? T{0} : compact.at(i, j);
    }
  }

  void make_q(const View<T>& q) {
    T* reflectors = factors_.data();
    if (larger_) {
      std::copy_n(factors_.data(), q.rows * k_, larger_->data());
      reflectors = larger_->data();
    }
    IntOut info;
    q_room_.with([&](T* room, Int length) {
      blas::current().call<T>(Op::orgqr, Int(q.rows), Int(q.columns), Int(k_), reflectors,
                              factors_.leading_int(), tau_.data(), room, length, info);
    });
    require_accepted(info, "orgqr");
    copy(View<T>{reflectors, q.rows, q.columns, 1, factors_.leading()}, q);
  }

 private:
  int64_t k_;
  Columns<T> factors_;
  Workspace<T> tau_;
  std::optional<Columns<T>> larger_;
  Room<T> factor_room_;
  Room<T> q_room_;
};

// Frame: stacks of A (m x n), R (r x n) and, if wanted, Q (m x r) with r = min(m, n) or m; whether
// Q is wanted, check. geqrf, orgqr.
template <typename T>
struct Qr {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> r = frame.stack<T>(1);
    const Stack<T> q = frame.stack<T>(2);  // empty where it is not wanted
    const bool with_q = frame.flag();
    const bool check = frame.flag();
    const int64_t m = a.first.rows;
    const int64_t n = a.first.columns;
    const int64_t k = std::min(m, n);
    const int64_t width = r.first.rows;
    require(frame, r.first.columns == n && (width == k || (with_q && width == m)));
    require_axes(frame, a, r);
    if (with_q) {
      require_shape(frame, q.first, m, width);
      require_axes(frame, a, q);
    }
    const int64_t columns_of_q = with_q ? width : 0;
    const auto lanes = kernels_for<T>(a.count(), k, QrGroup<T>::elements(m, n, columns_of_q));
    const Work work = qr_work(m, n) + (with_q ? qr_work(m, width) : Work{});
    return perform_stack(
        frame, a.count(), work_in(lanes, work), [=] { return Reflections<T>(m, n, width, with_q); },
        [=](Reflections<T>& kernel, int64_t index) -> int64_t {
          const View<T> from = a.at(index);
          if (check && !all_finite(from)) return kNotFiniteInfo;
          if (k == 0) {
            fill(r.at(index), T{0});
            if (with_q) fill_identity(q.at(index));
            return 0;
          }
          kernel.factor(from, r.at(index));
          if (with_q) kernel.make_q(q.at(index));
          return 0;
        },
        in_groups(
            lanes,
            [=](const LaneKernels<T>& kernels) { return QrGroup<T>(kernels, m, n, columns_of_q); },
            [=](QrGroup<T>& group, const GroupRange& range) { return group.run(a, q, r, range); }));
  }
};

// Least squares of one shape (gelsd).
template <typename T>
class Minimiser {
 public:
  Minimiser(int64_t m, int64_t n, int64_t columns)
      : m_(m),
        n_(n),
        columns_(columns),
        matrix_(m, n),
        rhs_(m, std::max<int64_t>(columns, 1), std::max(m, n)),
        values_(std::min(m, n)) {}

  // What one matrix gives: X (n x p), S (k x 1), residuals (p x 1), the rank (1 x 1).
  struct Results {
    View<T> x;
    View<T> s;
    View<T> residuals;
    View<T> rank;
  };

  int64_t run(const View<T>& a, const View<T>& b, T limit, const Results& out) {
    matrix_.load(a);
    const View<T> rhs = rhs_.view();
    // No column at all is as good as one of zeros, which is then left out.
    if (columns_ > 0) {
      copy(b, rhs);
    } else {
      fill(View<T>{rhs.data, rhs_.leading(), 1, 1, rhs_.leading()}, T{0});
    }
    IntOut rank;
    IntOut info;
    IntArray asked(1);
    const auto call = [&](T* room, Int length, IntArray& integers) {
      blas::current().call<T>(Op::gelsd, Int(m_), Int(n_), Int(std::max<int64_t>(columns_, 1)),
                              matrix_.data(), matrix_.leading_int(), rhs_.data(),
                              rhs_.leading_int(), values_.data(), limit, rank, room, length,
                              integers, info);
    };
    if (!integers_) {
      T best = 0;
      call(&best, Int(-1), asked);
      const int64_t wanted = asked.at(0, blas::current().ilp64());
      integers_.emplace(static_cast<size_t>(std::max<int64_t>(wanted, 1)));
    }
    room_.with([&](T* room, Int length) { call(room, length, *integers_); });
    if (info.value != 0) return info_of(info, "gelsd", a);
    for (int64_t i = 0; i < out.s.rows; ++i) out.s.at(i, 0) = values_.data()[i];
    out.rank.at(0, 0) = static_cast<T>(rank.value);
    if (columns_ > 0) {
      const View<T> solved{rhs_.data(), rhs_.leading(), columns_, 1, rhs_.leading()};
      copy(View<T>{rhs_.data(), n_, columns_, 1, rhs_.leading()}, out.x);
      for (int64_t j = 0; j < columns_; ++j) {
        out.residuals.at(j, 0) =
            m_ > n_ ? squares(View<T>{solved.data, m_, columns_, 1, solved.column_stride}, j, n_)
                    : T{0};
      }
    }
    return 0;
  }

  // The sum of squares of column j from row `first` on.
  static T squares(const View<T>& view, int64_t j, int64_t first) {
    T sum = 0;
    for (int64_t i = first; i < view.rows; ++i) sum += view.at(i, j) * view.at(i, j);
    return sum;
  }

 private:
  int64_t m_;
  int64_t n_;
  int64_t columns_;
  Columns<T> matrix_;
  Columns<T> rhs_;
  Workspace<T> values_;
  std::optional<IntArray> integers_;
  Room<T> room_;
};

// The limit that LAPACK takes in the place of one that is none.
template <typename T>
T rank_limit(T limit) {
  return limit > 0 && limit < 1 ? limit : std::numeric_limits<T>::epsilon() / 2;
}

// Frame: stacks of A (m x n), B (m x p), X (n x p), S (min(m, n) x 1), residuals (p x 1), the rank
// (1 x 1); the relative limit for singular values, check. Minimises |A X - B|.
template <typename T>
struct Lstsq {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> b = frame.stack<T>(1);
    const Stack<T> x = frame.stack<T>(2);
    const Stack<T> s = frame.stack<T>(3);
    const Stack<T> residuals = frame.stack<T>(4);
    const Stack<T> rank = frame.stack<T>(5);
    const T limit = static_cast<T>(frame.next());
    const bool check = frame.flag();
    const int64_t m = a.first.rows;
    const int64_t n = a.first.columns;
    const int64_t p = b.first.columns;
    const int64_t k = std::min(m, n);
    require_shape(frame, b.first, m, p);
    require_shape(frame, x.first, n, p);
    require_shape(frame, s.first, k, 1);
    require_shape(frame, residuals.first, p, 1);
    require_shape(frame, rank.first, 1, 1);
    require_axes(frame, x, a, b, s, residuals, rank);
    const auto longer = static_cast<double>(std::max(m, n));
    const auto shorter = static_cast<double>(k);
    const Work work = Work{4 * longer * shorter * shorter, svd_work(m, n, Vectors::kNone).grain} +
                      Work{4 * longer * shorter * static_cast<double>(p)};
    const auto lanes =
        p == 0 ? Lanes<T>{} : kernels_for<T>(x.count(), k, LeastSquaresGroup<T>::elements(m, n, p));
    return perform_stack(
        frame, x.count(), work_in(lanes, work), [=] { return Minimiser<T>(m, n, p); },
        [=](Minimiser<T>& kernel, int64_t index) -> int64_t {
          const View<T> matrix = a.at(index);
          const View<T> rhs = b.at(index);
          if (check && (!all_finite(matrix) || !all_finite(rhs))) return kNotFiniteInfo;
          const typename Minimiser<T>::Results out{x.at(index), s.at(index), residuals.at(index),
                                                   rank.at(index)};
          if (k > 0) return kernel.run(matrix, rhs, limit, out);
          fill(out.x, T{0});
          fill(out.rank, T{0});
          for (int64_t j = 0; j < p; ++j) {
            out.residuals.at(j, 0) = Minimiser<T>::squares(rhs, j, 0);
          }
          return 0;
        },
        in_groups(
            lanes,
            [=](const LaneKernels<T>& kernels) { return LeastSquaresGroup<T>(kernels, m, n, p); },
            [=](LeastSquaresGroup<T>& group, const GroupRange& range) {
              return group.run(a, b, rank_limit(limit), {x, s, residuals, rank}, range);
            }));
  }
};

}  // namespace

void define_orthogonal(call::Module& module) {
  define<Qr>(module, "qr");
  define<Lstsq>(module, "lstsq");
}

}  // namespace heddle::linalg
