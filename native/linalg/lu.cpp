// LU factors, and what is computed from them: inverses, determinants, repeated solutions.

#include "linalg/lapack.h"
#include "linalg/operations.h"

namespace heddle::linalg {

using blas::Int;
using blas::IntArray;
using blas::IntOut;
using blas::Op;

namespace {

// Factors the columns in place (getrf). Returns info: the first pivot that is zero, or 0.
template <typename T>
int64_t factor(T* data, int64_t leading, int64_t m, int64_t n, IntArray& pivots) {
  IntOut info;
  blas::current().call<T>(Op::getrf, Int(m), Int(n), data, Int(leading), pivots, info);
  require_accepted(info, "getrf");
  return info.value;
}

// Swaps rows as the pivots say: rows[i] becomes the row of A that is row i of L U.
void permute(const IntArray& pivots, int64_t count, int32_t* rows, int64_t m) {
  const bool wide = blas::current().ilp64();
  for (int64_t i = 0; i < m; ++i) rows[i] = static_cast<int32_t>(i);
  for (int64_t i = 0; i < count; ++i) std::swap(rows[i], rows[pivots.at(i, wide) - 1]);
}

// Frame: A (m x n), L (m x k), U (k x n) with k = min(m, n), whether the rows of L are to be put
// back in A's order, check; then the rows of A in the order of L's (m integers). getrf.
template <typename T>
struct Lu {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> l = frame.matrix<T>(1);
    const View<T> u = frame.matrix<T>(2);
    const bool permuted = frame.flag();
    const bool check = frame.flag();
    const int64_t k = std::min(a.rows, a.columns);
    require_shape(frame, l, a.rows, k);
    require_shape(frame, u, k, a.columns);
    auto* const rows = frame.elements<int32_t>(3, a.rows);
    return perform(frame, lu_work(a.rows, a.columns), [=](const Grant&) -> call::Outcome {
      IntArray pivots(static_cast<size_t>(k));
      if (a.size() == 0) {
        permute(pivots, 0, rows, a.rows);
        return 0;
      }
      if (check && !all_finite(a)) return kNotFinite;
      Columns<T> work(a);
      factor(work.data(), work.leading(), a.rows, a.columns, pivots);
      permute(pivots, k, rows, a.rows);
      const View<T> factors = work.view();
      for (int64_t i = 0; i < k; ++i) {
        for (int64_t j = 0; j < a.columns; ++j) u.at(i, j) = j < i ? T{0} : factors.at(i, j);
      }
      for (int64_t i = 0; i < a.rows; ++i) {
        // The buffer of the integers may be shared: what is read from it again is not trusted.
        const int64_t to = permuted ? std::clamp<int64_t>(rows[i], 0, a.rows - 1) : i;
        for (int64_t j = 0; j < k; ++j) {
          l.at(to, j) = j < i ? factors.at(i, j) : (j == i ? T{1} : T{0});
        }
      }
      return 0;
    });
  }
};

// Frame: A (n x n), LU (n x n, column-major), check; then the pivots (n integers). getrf.
// Outcome: info.
template <typename T>
struct LuFactor {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> lu = frame.matrix<T>(1);
    const bool check = frame.flag();
    require_square(frame, a.rows, a.columns);
    require_shape(frame, lu, a.rows, a.rows);
    require(frame, lu.row_stride == 1 && lu.column_stride == a.rows);
    auto* const out = frame.elements<int32_t>(2, a.rows);
    return perform(frame, lu_work(a.rows, a.rows), [=](const Grant&) -> call::Outcome {
      if (a.rows == 0) return 0;
      if (check && !all_finite(a)) return kNotFinite;
      copy(a, lu);
      IntArray pivots(static_cast<size_t>(a.rows));
      const int64_t info = factor(lu.data, a.rows, a.rows, a.rows, pivots);
      const bool wide = blas::current().ilp64();
      for (int64_t i = 0; i < a.rows; ++i) {
        out[i] = static_cast<int32_t>(pivots.at(i, wide) - 1);
      }
      return static_cast<call::Outcome>(info);
    });
  }
};

// Frame: LU (n x n), B and X (n x m), whether A's transpose is meant, check; then the pivots.
// Outcome: the first pivot that is zero, or 0. getrs.
template <typename T>
struct LuSolve {
  static Napi::Value call(Frame& frame) {
    const View<T> lu = frame.matrix<T>(0);
    const View<T> b = frame.matrix<T>(1);
    const View<T> x = frame.matrix<T>(2);
    const bool transposed = frame.flag();
    const bool check = frame.flag();
    require_square(frame, lu.rows, lu.columns);
    require_shape(frame, b, lu.rows, x.columns);
    require_shape(frame, x, lu.rows, b.columns);
    frame.require_apart(x, lu, b);
    const auto* const given = frame.elements<int32_t>(3, lu.rows);
    const double n = static_cast<double>(lu.rows);
    // A copy, checked, which nobody can change: LAPACK swaps the rows that the pivots name.
    std::vector<int32_t> pivots(given, given + lu.rows);
    for (const int32_t pivot : pivots) require(frame, pivot >= 0 && pivot < lu.rows);
    return perform(frame, 2 * n * n * static_cast<double>(b.columns),
                   [=, pivots = std::move(pivots)](const Grant&) -> call::Outcome {
                     if (x.size() == 0) return 0;
                     if (check && (!all_finite(lu) || !all_finite(b))) return kNotFinite;
                     for (int64_t i = 0; i < lu.rows; ++i) {
                       if (lu.at(i, i) == 0) return static_cast<call::Outcome>(i + 1);
                     }
                     IntArray swaps(pivots.size());
                     const bool wide = blas::current().ilp64();
                     for (size_t i = 0; i < pivots.size(); ++i) swaps.set(i, pivots[i] + 1, wide);
                     Columns<T> rhs(b);
                     std::optional<Columns<T>> own;
                     const bool ready = lu.row_stride == 1 && lu.column_stride == lu.rows;
                     if (!ready) own.emplace(lu);
                     IntOut info;
                     blas::current().call<T>(Op::getrs, transposed ? 'T' : 'N', Int(lu.rows),
                                             Int(b.columns), ready ? lu.data : own->data(),
                                             Int(lu.rows), swaps, rhs.data(), Int(rhs.leading()),
                                             info);
                     require_accepted(info, "getrs");
                     copy(rhs.view(), x);
                     return 0;
                   });
  }
};

// Frame: A, X (both n x n), check. X = A⁻¹ (getrf, getri). Outcome: info.
template <typename T>
struct Inv {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> x = frame.matrix<T>(1);
    const bool check = frame.flag();
    require_square(frame, a.rows, a.columns);
    require_shape(frame, x, a.rows, a.rows);
    frame.require_apart(x, a);
    return perform(frame, inverse_work(a.rows), [=](const Grant&) -> call::Outcome {
      if (a.rows == 0) return 0;
      if (check && !all_finite(a)) return kNotFinite;
      Columns<T> work(a);
      const int64_t info = invert(work, a.rows);
      if (info == 0) copy(work.view(), x);
      return static_cast<call::Outcome>(info);
    });
  }
};

// The parts of a determinant: its sign (0 where it is zero), and the logarithm of its size.
struct Determinant {
  double sign = 1;
  double mantissa = 1;  // of its size, times 2^exponent
  int64_t exponent = 0;

  void multiply(double factor) {
    if (factor < 0) sign = -sign;
    int shift = 0;
    mantissa *= std::frexp(std::fabs(factor), &shift);
    exponent += shift;
    mantissa = std::frexp(mantissa, &shift);
    exponent += shift;
  }
  double log() const {
    constexpr double kLn2 = 0.693147180559945309417232121458;
    return std::log(mantissa) + static_cast<double>(exponent) * kLn2;
  }
  double value() const {
    const auto shift = static_cast<int>(std::clamp<int64_t>(exponent, -100000, 100000));
    return sign * std::ldexp(mantissa, shift);
  }
};

// Frame: A (n x n), out (3 x 1), check. out = determinant, its sign, the logarithm of its size
// (getrf).
template <typename T>
struct Det {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> out = frame.matrix<T>(1);
    const bool check = frame.flag();
    require_square(frame, a.rows, a.columns);
    require_shape(frame, out, 3, 1);
    return perform(frame, lu_work(a.rows, a.rows), [=](const Grant&) -> call::Outcome {
      if (check && !all_finite(a)) return kNotFinite;
      Determinant determinant;
      if (a.rows > 0) {
        Columns<T> work(a);
        IntArray pivots(static_cast<size_t>(a.rows));
        const bool wide = blas::current().ilp64();
        if (factor(work.data(), work.leading(), a.rows, a.rows, pivots) > 0) {
          determinant.sign = determinant.mantissa = 0;
        }
        for (int64_t i = 0; determinant.sign != 0 && i < a.rows; ++i) {
          determinant.multiply(static_cast<double>(work.view().at(i, i)));
          if (pivots.at(i, wide) != i + 1) determinant.sign = -determinant.sign;
        }
      }
      out.at(0, 0) = static_cast<T>(determinant.value());
      out.at(1, 0) = static_cast<T>(determinant.sign);
      out.at(2, 0) = static_cast<T>(determinant.log());
      return 0;
    });
  }
};

}  // namespace

void define_lu(call::Module& module) {
  define<Lu>(module, "lu");
  define<LuFactor>(module, "luFactor");
  define<LuSolve>(module, "luSolve");
  define<Inv>(module, "inv");
  define<Det>(module, "det");
}

}  // namespace heddle::linalg
