// Norms of vectors and matrices, and the condition numbers made of them.

#include "linalg/lu.h"
#include "linalg/operations.h"
#include "linalg/singular.h"
#include "linalg/vector.h"

namespace heddle::linalg {

using blas::Int;
using blas::Op;

namespace {

// Which norm; src/linalg/norms.ts has the same numbers.
enum class Norm {
  kFrobenius = 0,   // of all elements, as of one vector
  kPower = 1,       // of all elements, (sum |x|^p)^(1/p)
  kCount = 2,       // how many elements are not zero
  kLargest = 3,     // of all elements
  kSmallest = 4,    // of all elements
  kColumnMost = 5,  // largest and smallest sum of a column's sizes
  kColumnLeast = 6,
  kRowMost = 7,
  kRowLeast = 8,
  kSpectralMost = 9,  // largest and smallest singular value, and the sum of all
  kSpectralLeast = 10,
  kNuclear = 11,
};

// NaN, once met, stays.
struct Largest {
  double value = 0;
  void add(double next) {
    if (next > value || next != next) value = next;
  }
};
struct Smallest {
  double value = std::numeric_limits<double>::infinity();
  void add(double next) {
    if (next < value || next != next) value = next;
  }
};

template <typename T, typename Body>
void for_each(const View<T>& view, Body&& body) {
  for (int64_t i = 0; i < view.rows; ++i) {
    const T* row = view.data + i * view.row_stride;
    for (int64_t j = 0; j < view.columns; ++j) {
      body(static_cast<double>(std::fabs(row[j * view.column_stride])));
    }
  }
}

// The root of the sum of squares, without overflow on the way (nrm2): of each row, then of these.
template <typename T>
double frobenius(const View<T>& given) {
  // Along the denser axis; the sign of a stride makes no difference.
  const View<T> view =
      std::abs(given.row_stride) < std::abs(given.column_stride) ? given.transposed() : given;
  const auto nrm2 = [](T* first, int64_t length, int64_t stride) {
    const BlasVector<T> line(first, length, stride < 0 ? -stride : stride);
    return blas::current().call_function<T>(Op::nrm2, Int(length), line.data(), line.increment());
  };
  const auto lowest = [](T* first, int64_t length, int64_t stride) {
    return stride < 0 ? first + (length - 1) * stride : first;
  };
  if (view.row_stride == view.columns * view.column_stride) {
    return static_cast<double>(
        nrm2(lowest(view.data, view.size(), view.column_stride), view.size(), view.column_stride));
  }
  Workspace<T> rows(view.rows);
  for (int64_t i = 0; i < view.rows; ++i) {
    rows.data()[i] = nrm2(lowest(view.data + i * view.row_stride, view.columns, view.column_stride),
                          view.columns, view.column_stride);
  }
  return static_cast<double>(nrm2(rows.data(), view.rows, 1));
}

template <typename T>
double power(const View<T>& view, double p) {
  double sum = 0;
  if (p == 1) {
    for_each(view, [&](double x) { sum += x; });
    return sum;
  }
  for_each(view, [&](double x) { sum += std::pow(x, p); });
  return std::pow(sum, 1 / p);
}

// The sums of the sizes in each row, through `limit`.
template <typename Limit, typename T>
double row_sums(const View<T>& view) {
  Limit limit;
  if (std::abs(view.row_stride) < std::abs(view.column_stride)) {  // all sums at a time
    Workspace<double> sums(view.rows);
    std::fill_n(sums.data(), view.rows, 0.0);
    for (int64_t j = 0; j < view.columns; ++j) {
      for (int64_t i = 0; i < view.rows; ++i) {
        sums.data()[i] += static_cast<double>(std::fabs(view.at(i, j)));
      }
    }
    for (int64_t i = 0; i < view.rows; ++i) limit.add(sums.data()[i]);
    return limit.value;
  }
  for (int64_t i = 0; i < view.rows; ++i) {
    double sum = 0;
    for_each(View<T>{view.data + i * view.row_stride, 1, view.columns, 0, view.column_stride},
             [&](double x) { sum += x; });
    limit.add(sum);
  }
  return limit.value;
}

template <typename T>
double norm_of(const View<T>& view, Norm kind, double p) {
  switch (kind) {
    case Norm::kFrobenius:
      return frobenius(view);
    case Norm::kPower:
      return power(view, p);
    case Norm::kCount: {
      double count = 0;
      for_each(view, [&](double x) { count += x != 0 ? 1 : 0; });
      return count;
    }
    case Norm::kLargest: {
      Largest limit;
      for_each(view, [&](double x) { limit.add(x); });
      return limit.value;
    }
    case Norm::kSmallest: {
      Smallest limit;
      for_each(view, [&](double x) { limit.add(x); });
      return limit.value;
    }
    case Norm::kColumnMost:
      return row_sums<Largest>(view.transposed());
    case Norm::kColumnLeast:
      return row_sums<Smallest>(view.transposed());
    case Norm::kRowMost:
      return row_sums<Largest>(view);
    case Norm::kRowLeast:
      return row_sums<Smallest>(view);
    default:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

bool spectral(Norm kind) { return kind >= Norm::kSpectralMost; }

// A norm of m x n matrices.
template <typename T>
class NormKernel {
 public:
  NormKernel(Norm kind, double exponent, int64_t m, int64_t n) : kind_(kind), exponent_(exponent) {
    if (spectral(kind)) singular_.emplace(m, n, Vectors::kNone);
  }

  int64_t run(const View<T>& a, bool check, T& norm) {
    norm = 0;
    if (a.size() == 0) return 0;
    if (!singular_) {
      norm = static_cast<T>(norm_of(a, kind_, exponent_));
      return 0;
    }
    if (check && !all_finite(a)) return kNotFiniteInfo;
    const int64_t info = singular_->run(a);
    if (info != 0) return info;
    const T* const s = singular_->values();
    const int64_t k = singular_->count();
    if (kind_ == Norm::kNuclear) {
      for (int64_t i = 0; i < k; ++i) norm += s[i];
    } else {
      norm = kind_ == Norm::kSpectralMost ? s[0] : s[k - 1];
    }
    return 0;
  }

 private:
  Norm kind_;
  double exponent_;
  std::optional<SingularKernel<T>> singular_;
};

// Frame: stacks of A (m x n) and of the norm (1 x 1), which norm, its exponent, check.
template <typename T>
struct NormOf {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> out = frame.stack<T>(1);
    const auto kind = static_cast<Norm>(frame.count());
    const double exponent = frame.next();
    const bool check = frame.flag();
    const int64_t m = a.first.rows;
    const int64_t n = a.first.columns;
    require_shape(frame, out.first, 1, 1);
    require_axes(frame, a, out);
    const Work work = spectral(kind) ? svd_work(m, n, Vectors::kNone)
                                     : Work{2 * static_cast<double>(a.first.size())};
    return perform_stack(
        frame, out.count(), work, [=] { return NormKernel<T>(kind, exponent, m, n); },
        [=](NormKernel<T>& kernel, int64_t index) {
          return kernel.run(a.at(index), check, out.at(index).at(0, 0));
        });
  }
};

// Frame: stacks of A (n x n) and of the condition number (1 x 1), which norm, check. |A| |A⁻¹|,
// infinite where A is singular. getrf, getri.
template <typename T>
struct Cond {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> out = frame.stack<T>(1);
    const auto kind = static_cast<Norm>(frame.count());
    const bool check = frame.flag();
    const int64_t n = a.first.rows;
    require_square(frame, n, a.first.columns);
    require_shape(frame, out.first, 1, 1);
    require_axes(frame, a, out);
    return perform_stack(
        frame, out.count(), inverse_work(n), [=] { return LuKernel<T>(n); },
        [=](LuKernel<T>& kernel, int64_t index) -> int64_t {
          const View<T> from = a.at(index);
          T& to = out.at(index).at(0, 0);
          if (check && !all_finite(from)) return kNotFiniteInfo;
          if (n == 0) {
            to = 0;
          } else if (kernel.factor(from) != 0 || kernel.invert() != 0) {
            to = std::numeric_limits<T>::infinity();
          } else {
            to = static_cast<T>(norm_of(from, kind, 0) * norm_of(kernel.factors(), kind, 0));
          }
          return 0;
        });
  }
};

}  // namespace

void define_norms(call::Module& module) {
  define<NormOf>(module, "norm");
  define<Cond>(module, "cond");
}

}  // namespace heddle::linalg
