// LU factors, and what is computed from them: inverses, determinants, repeated solutions.

#include "linalg/lu.h"

#include "linalg/decompositions.h"
#include "linalg/operations.h"

namespace heddle::linalg {

using blas::Int;
using blas::IntArray;
using blas::IntOut;
using blas::Op;

namespace {

// The factors of m x n matrices (getrf), for those who look at them.
template <typename T>
class Factors {
 public:
  Factors(int64_t m, int64_t n)
      : work_(m, n), rows_(static_cast<size_t>(m)), pivots_(static_cast<size_t>(std::min(m, n))) {}

  void factor(const View<T>& a) {
    work_.load(a);
    IntOut info;
    blas::current().call<T>(Op::getrf, Int(a.rows), Int(a.columns), work_.data(),
                            work_.leading_int(), pivots_, info);
    require_accepted(info, "getrf");
    // Swaps rows as the pivots say: rows_[i] becomes the row of A that is row i of L U.
    const bool wide = blas::current().ilp64();
    for (size_t i = 0; i < rows_.size(); ++i) rows_[i] = static_cast<int64_t>(i);
    const int64_t k = std::min(a.rows, a.columns);
    for (int64_t i = 0; i < k; ++i) {
      const auto other = static_cast<size_t>(pivots_.at(static_cast<size_t>(i), wide) - 1);
      std::swap(rows_[static_cast<size_t>(i)], rows_[other]);
    }
  }

  View<T> view() { return work_.view(); }
  int64_t row(int64_t i) const { return rows_[static_cast<size_t>(i)]; }

 private:
  Columns<T> work_;
  std::vector<int64_t> rows_;
  IntArray pivots_;
};

// Frame: stacks of A (m x n), L (m x k), U (k x n) with k = min(m, n), P (m x 1), whether the rows
// of L are to be put back in A's order (then there is no P), check. P: for each row of A its row in
// L U. getrf.
template <typename T>
struct Lu {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> l = frame.stack<T>(1);
    const Stack<T> u = frame.stack<T>(2);
    const Stack<T> p = frame.stack<T>(3);
    const bool permuted = frame.flag();
    const bool check = frame.flag();
    const int64_t m = a.first.rows;
    const int64_t n = a.first.columns;
    const int64_t k = std::min(m, n);
    require_shape(frame, l.first, m, k);
    require_shape(frame, u.first, k, n);
    require_axes(frame, a, l, u);
    if (!permuted) {
      require_shape(frame, p.first, m, 1);
      require_axes(frame, a, p);
    }
    const auto lanes = k == 0 ? Lanes<T>{} : kernels_for<T>(a.count(), std::max(m, n), m * (n + k));
    return perform_stack(
        frame, permuted && k == 0 ? 0 : a.count(), work_in(lanes, lu_work(m, n)),
        [=] { return Factors<T>(k == 0 ? 0 : m, k == 0 ? 0 : n); },
        [=](Factors<T>& kernel, int64_t index) -> int64_t {
          const View<T> from = a.at(index);
          if (check && !all_finite(from)) return kNotFiniteInfo;
          if (k > 0) {
            kernel.factor(from);
            put(kernel, l.at(index), u.at(index), permuted);
          }
          if (permuted) return 0;
          const View<T> places = p.at(index);
          for (int64_t i = 0; i < m; ++i) {
            places.at(k == 0 ? i : kernel.row(i), 0) = static_cast<T>(i);
          }
          return 0;
        },
        in_groups(
            lanes, [=](const LaneKernels<T>& kernels) { return LuGroup<T>(kernels, m, n); },
            [=](LuGroup<T>& group, const GroupRange& range) {
              LaneMask left = group.factor(a, range);
              left |= group.store_factors(l, u, permuted, range);
              if (!permuted) group.store_places(p, range);
              return left;
            }));
  }

  static void put(Factors<T>& kernel, const View<T>& l, const View<T>& u, bool permuted) {
    const View<T> factors = kernel.view();
    for (int64_t i = 0; i < u.rows; ++i) {
      for (int64_t j = 0; j < u.columns; ++j) u.at(i, j) = j < i ? T{0} : factors.at(i, j);
    }
    for (int64_t i = 0; i < l.rows; ++i) {
      const int64_t to = permuted ? kernel.row(i) : i;
      for (int64_t j = 0; j < l.columns; ++j) {
        l.at(to, j) = j < i ? factors.at(i, j) : (j == i ? T{1} : T{0});
      }
    }
  }
};

// Frame: stacks of A and X (both n x n), check. X = A⁻¹ (getrf, getri).
template <typename T>
struct Inv {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> x = frame.stack<T>(1);
    const bool check = frame.flag();
    const int64_t n = a.first.rows;
    require_square(frame, n, a.first.columns);
    require_shape(frame, x.first, n, n);
    require_axes(frame, a, x);
    frame.require_apart(x, a);
    const auto lanes = kernels_for<T>(a.count(), n, 2 * n * n);
    const Work work = work_in(lanes, inverse_work(n));
    return perform_stack(
        frame, n == 0 ? 0 : a.count(), work, [=] { return LuKernel<T>(n); },
        [=](LuKernel<T>& kernel, int64_t index) -> int64_t {
          const View<T> from = a.at(index);
          if (check && !all_finite(from)) return kNotFiniteInfo;
          int64_t info = kernel.factor(from);
          if (info == 0) info = kernel.invert();
          if (info != 0) return info;
          if (!kernel.scaled() && !all_finite(kernel.factors())) {
            info = kernel.factor_scaled(from);
            if (info == 0) info = kernel.invert();
            if (info != 0) return info;
          }
          copy(kernel.factors(), x.at(index));
          return 0;
        },
        in_groups(
            lanes, [=](const LaneKernels<T>& kernels) { return Group<T>(kernels, n, 2 * n); },
            [=](Group<T>& group, const typename Group<T>::Range& range) {
              LaneMask odd = 0;
              LaneMask left = group.load(a, range, 0);
              group.load_identity(n);
              left |= group.eliminate(&odd);
              group.substitute();
              return left | group.store(x, range, n);
            }));
  }
};

// The parts of a determinant: its sign (0 where it is zero), and the logarithm of its size.
struct Determinant {
  double sign = 1;
  double mantissa = 1;  // of its size, times 2^exponent; from 1/2 to 1
  int64_t exponent = 0;

  void multiply(double factor) {
    if (factor < 0) sign = -sign;
    double size = std::fabs(factor);
    int shift = 0;
    if (!(size >= std::numeric_limits<double>::min())) {  // half of it would lose digits
      size = std::frexp(size, &shift);
      exponent += shift;
    }
    mantissa = std::frexp(mantissa * size, &shift);
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

// Frame: stacks of A (n x n), and of the determinant, or of its sign and the logarithm of its size
// (each 1 x 1); whether it is the determinant that is wanted, check. getrf.
template <typename T>
struct Det {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> value = frame.stack<T>(1);
    const Stack<T> sign = frame.stack<T>(2);
    const Stack<T> log = frame.stack<T>(3);
    const bool whole = frame.flag();
    const bool check = frame.flag();
    const int64_t n = a.first.rows;
    require_square(frame, n, a.first.columns);
    for (const Stack<T>* out : {&value, &sign, &log}) {
      if (whole != (out == &value)) continue;
      require_shape(frame, out->first, 1, 1);
      require_axes(frame, a, *out);
    }
    const auto lanes = kernels_for<T>(a.count(), n, n * n);
    const Work work = work_in(lanes, lu_work(n, n));
    const auto put = [=](int64_t index, const Determinant& found) {
      if (whole) {
        value.at(index).at(0, 0) = static_cast<T>(found.value());
        return;
      }
      sign.at(index).at(0, 0) = static_cast<T>(found.sign);
      log.at(index).at(0, 0) = static_cast<T>(found.log());
    };
    return perform_stack(
        frame, a.count(), work, [=] { return LuKernel<T>(n); },
        [=](LuKernel<T>& kernel, int64_t index) -> int64_t {
          const View<T> from = a.at(index);
          if (check && !all_finite(from)) return kNotFiniteInfo;
          put(index, n == 0 ? Determinant() : determinant(kernel, from));
          return 0;
        },
        in_groups(
            lanes, [=](const LaneKernels<T>& kernels) { return Group<T>(kernels, n, n); },
            [=](Group<T>& group, const typename Group<T>::Range& range) {
              LaneMask odd = 0;
              LaneMask left = group.load(a, range, 0);
              left |= group.eliminate(&odd);
              for (int64_t lane = 0; lane < range.count; ++lane) {
                if ((left >> lane & 1) != 0) continue;
                Determinant found;
                if ((odd >> lane & 1) != 0) found.sign = -1;
                for (int64_t i = 0; i < n; ++i) found.multiply(group.at(lane, i, i));
                put(range.first + lane, found);
              }
              return left;
            }));
  }

  static Determinant determinant(LuKernel<T>& kernel, const View<T>& a) {
    Determinant result;
    if (kernel.factor(a) > 0) {
      result.sign = result.mantissa = 0;
      return result;
    }
    for (int64_t i = 0; i < a.rows; ++i) {
      result.multiply(static_cast<double>(kernel.factors().at(i, i)));
      if (kernel.exchanged(i)) result.sign = -result.sign;
    }
    if (kernel.scaled()) result.exponent -= kernel.scaling().exponent();
    return result;
  }
};

}  // namespace

void define_lu(call::Module& module) {
  define<Lu>(module, "lu");
  define<Inv>(module, "inv");
  define<Det>(module, "det");
}

}  // namespace heddle::linalg
