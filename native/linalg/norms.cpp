// Norms of vectors and matrices, and the condition numbers made of them.

#include "linalg/lapack.h"
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

// Frame: A (n x m), which norm, its exponent, check. Outcome: the norm; for those of singular
// values -info where these do not converge.
template <typename T>
struct NormOf {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const auto kind = static_cast<Norm>(frame.count());
    const double exponent = frame.next();
    const bool check = frame.flag();
    const Work work = spectral(kind) ? svd_work(a.rows, a.columns, Vectors::kNone)
                                     : Work{2 * static_cast<double>(a.size())};
    return perform(frame, work, [=](const Grant&) -> call::Outcome {
      if (a.size() == 0) return 0;
      if (!spectral(kind)) return static_cast<double>(static_cast<T>(norm_of(a, kind, exponent)));
      if (check && !all_finite(a)) return kNotFinite;
      const int64_t k = std::min(a.rows, a.columns);
      Workspace<T> values(k);
      const T* const s = values.data();
      const call::Outcome info = singular_values(a, values.data());
      if (info != 0) return info < 0 ? info : -info;
      if (kind == Norm::kSpectralMost) return static_cast<double>(s[0]);
      if (kind == Norm::kSpectralLeast) return static_cast<double>(s[k - 1]);
      T sum = 0;
      for (int64_t i = 0; i < k; ++i) sum += s[i];
      return static_cast<double>(sum);
    });
  }
};

// Frame: A (n x n), which norm, check. Outcome: |A| |A⁻¹|, infinite where A is singular. getrf,
// getri.
template <typename T>
struct Cond {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const auto kind = static_cast<Norm>(frame.count());
    const bool check = frame.flag();
    require_square(frame, a.rows, a.columns);
    return perform(frame, inverse_work(a.rows), [=](const Grant&) -> call::Outcome {
      if (a.rows == 0) return 0;
      if (check && !all_finite(a)) return kNotFinite;
      Columns<T> work(a);
      if (invert(work, a.rows) != 0) return std::numeric_limits<double>::infinity();
      return static_cast<double>(
          static_cast<T>(norm_of(a, kind, 0) * norm_of(work.view(), kind, 0)));
    });
  }
};

}  // namespace

void define_norms(call::Module& module) {
  define<NormOf>(module, "norm");
  define<Cond>(module, "cond");
}

}  // namespace heddle::linalg
