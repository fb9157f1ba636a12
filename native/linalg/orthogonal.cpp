// QR factors and least squares.

#include "linalg/lapack.h"
#include "linalg/operations.h"

namespace heddle::linalg {

using blas::Int;
using blas::IntArray;
using blas::IntOut;
using blas::Op;

namespace {

// Frame: A (m x n), R (r x n), whether Q is wanted, check, and if so Q (m x r) with r = min(m, n)
// or m. geqrf, orgqr.
template <typename T>
struct Qr {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> r = frame.matrix<T>(1);
    const View<T> q = frame.matrix<T>(2);  // empty where it is not wanted
    const bool with_q = frame.flag();
    const bool check = frame.flag();
    const int64_t k = std::min(a.rows, a.columns);
    require(frame, r.columns == a.columns && (r.rows == k || (with_q && r.rows == a.rows)));
    if (with_q) require_shape(frame, q, a.rows, r.rows);
    const Work work = qr_work(a.rows, a.columns) + (with_q ? qr_work(a.rows, r.rows) : Work{});
    return perform(frame, work, [=](const Grant&) -> call::Outcome {
      if (check && !all_finite(a)) return kNotFinite;
      if (k == 0) {
        fill(r, T{0});
        if (with_q) fill_identity(q);
        return 0;
      }
      const blas::Blas& blas = blas::current();
      Columns<T> factors(a);
      const Int leading(factors.leading());
      Workspace<T> tau(k);
      IntOut info;
      with_workspace<T>([&](T* room, Int length) {
        blas.call<T>(Op::geqrf, Int(a.rows), Int(a.columns), factors.data(), leading, tau.data(),
                     room, length, info);
      });
      require_accepted(info, "geqrf");
      const View<T> compact = factors.view();
      for (int64_t i = 0; i < r.rows; ++i) {
        for (int64_t j = 0; j < r.columns; ++j) r.at(i, j) = j < i ? T{0} : compact.at(i, j);
      }
      if (!with_q) return 0;
      // The reflectors are the first k columns; Q takes their place, or is made in a larger one.
      std::optional<Workspace<T>> larger;
      T* reflectors = factors.data();
      if (q.columns > a.columns) {
        larger.emplace(q.rows * q.columns);
        std::copy_n(factors.data(), a.rows * k, larger->data());
        reflectors = larger->data();
      }
      with_workspace<T>([&](T* room, Int length) {
        blas.call<T>(Op::orgqr, Int(q.rows), Int(q.columns), Int(k), reflectors, leading,
                     tau.data(), room, length, info);
      });
      require_accepted(info, "orgqr");
      copy(View<T>{reflectors, q.rows, q.columns, 1, q.rows}, q);
      return 0;
    });
  }
};

// Frame: A (m x n), B (m x p), X (n x p), S (min(m, n) x 1), residuals (p x 1), the relative limit
// for singular values, check. Minimises |A X - B| (gelsd). Outcome: the rank, or -info.
template <typename T>
struct Lstsq {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> b = frame.matrix<T>(1);
    const View<T> x = frame.matrix<T>(2);
    const View<T> s = frame.matrix<T>(3);
    const View<T> residuals = frame.matrix<T>(4);
    const T limit = static_cast<T>(frame.next());
    const bool check = frame.flag();
    const int64_t m = a.rows;
    const int64_t n = a.columns;
    const int64_t k = std::min(m, n);
    require_shape(frame, b, m, x.columns);
    require_shape(frame, x, n, b.columns);
    require_shape(frame, s, k, 1);
    require_shape(frame, residuals, b.columns, 1);
    require(frame, s.row_stride == 1);
    const auto longer = static_cast<double>(std::max(m, n));
    const auto shorter = static_cast<double>(k);
    const Work work = Work{4 * longer * shorter * shorter, svd_work(m, n, Vectors::kNone).grain} +
                      Work{4 * longer * shorter * static_cast<double>(b.columns)};
    return perform(frame, work, [=](const Grant&) -> call::Outcome {
      if (check && (!all_finite(a) || !all_finite(b))) return kNotFinite;
      if (k == 0 || b.columns == 0) {
        fill(x, T{0});
        fill(s, T{0});
        for (int64_t j = 0; j < b.columns; ++j) residuals.at(j, 0) = squares(b, j, 0);
        if (k == 0) return 0;
      }
      Columns<T> matrix(a);
      // No column at all is as good as one, which is then left out.
      const View<T> none{nullptr, m, 0, 1, 1};
      Columns<T> rhs(b.columns > 0 ? b : none, std::max(m, n));
      Workspace<T> dummy(std::max(m, n));
      if (b.columns == 0) std::fill_n(dummy.data(), std::max(m, n), T{0});
      T* const right = b.columns > 0 ? rhs.data() : dummy.data();
      const int64_t columns = std::max<int64_t>(b.columns, 1);
      const blas::Blas& blas = blas::current();
      IntOut rank;
      IntOut info;
      IntArray asked(1);
      T best = 0;
      const auto call = [&](T* room, Int length, IntArray& integers) {
        blas.call<T>(Op::gelsd, Int(m), Int(n), Int(columns), matrix.data(), Int(matrix.leading()),
                     right, Int(rhs.leading()), s.data, limit, rank, room, length, integers, info);
      };
      call(&best, Int(-1), asked);
      IntArray integers(static_cast<size_t>(std::max<int64_t>(asked.at(0, blas.ilp64()), 1)));
      with_workspace<T>([&](T* room, Int length) { call(room, length, integers); });
      if (info.value > 0) return static_cast<call::Outcome>(-info.value);
      if (info.value < 0) return outcome_of(info, "gelsd", a);
      if (b.columns > 0) {
        const View<T> solved{rhs.data(), rhs.leading(), b.columns, 1, rhs.leading()};
        copy(View<T>{rhs.data(), n, b.columns, 1, rhs.leading()}, x);
        for (int64_t j = 0; j < b.columns; ++j) {
          residuals.at(j, 0) =
              m > n ? squares(View<T>{solved.data, m, b.columns, 1, solved.column_stride}, j, n)
                    : T{0};
        }
      }
      return static_cast<call::Outcome>(rank.value);
    });
  }

  // The sum of squares of column j from row `first` on.
  static T squares(const View<T>& view, int64_t j, int64_t first) {
    T sum = 0;
    for (int64_t i = first; i < view.rows; ++i) sum += view.at(i, j) * view.at(i, j);
    return sum;
  }
};

}  // namespace

void define_orthogonal(call::Module& module) {
  define<Qr>(module, "qr");
  define<Lstsq>(module, "lstsq");
}

}  // namespace heddle::linalg
