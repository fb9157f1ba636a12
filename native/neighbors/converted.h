// Rows prepared for BLAS products that bound ranking values from below.
//
// A product is computed in float32 or float64 on rows that were moved by a common centre (so that
// an offset they share costs no digits), and its result together with a bias for each row is never
// above the true ranking value: what is rounded away is taken off in advance. A row whose bound
// is too large can be passed over for certain; all others are computed exactly.
#pragma once

#include <limits>

#include "blas/blas.h"
#include "neighbors/rows.h"

namespace heddle::neighbors {

// How the bound is put together: ranking ≥ scale_x · (factor · product + bias_y) + bias_x.
template <typename F>
struct Rounding {
  // Of Σ over `columns` products, two sums of squares, the rounding of the rows themselves and of
  // the last addition, relative to |x|² + |y|² (or |x||y|), and of the exact value in float64.
  static double relative(int64_t columns) {
    const auto terms = 2.0 * static_cast<double>(columns) + 32;
    return terms * (std::numeric_limits<F>::epsilon() + std::numeric_limits<double>::epsilon()) / 2;
  }
  // Of products that vanish because they are too small.
  static double absolute(int64_t columns) {
    return (2.0 * static_cast<double>(columns) + 32) * std::numeric_limits<F>::min();
  }
  // Sums of squares above this may overflow in what is computed from them.
  static double largest() { return std::numeric_limits<F>::max() / 16; }
};

template <typename F>
class Converted {
 public:
  // Takes rows [first, first + count). Returns false where a row has no place in F's range.
  template <typename R>
  bool take_x(const R& rows, Metric metric, const double* centre, int64_t first, int64_t count) {
    return take(rows, metric, centre, first, count, false, false);
  }
  template <typename R>
  bool take_y(const R& rows, Metric metric, const double* centre, int64_t first, int64_t count,
              bool check) {
    return take(rows, metric, centre, first, count, true, check);
  }

  const F* data() const { return data_.get(); }
  int64_t leading() const { return leading_; }
  const F* bias() const { return bias_.get(); }  // of rows of Y
  double bias_x(int64_t row) const { return bias_x_[static_cast<size_t>(row)]; }
  double scale_x(int64_t row) const { return scale_x_[static_cast<size_t>(row)]; }
  double square(int64_t row) const { return squares_[static_cast<size_t>(row)]; }
  // What a row was multiplied by for unit length (cosine); 0: it has none.
  double unit(int64_t row) const { return units_[static_cast<size_t>(row)]; }

 private:
  template <typename R>
  bool take(const R& rows, Metric metric, const double* centre, int64_t first, int64_t count,
            bool of_y, bool check) {
    const int64_t columns = rows.columns();
    const double relative = Rounding<F>::relative(columns);
    const double absolute = Rounding<F>::absolute(columns);
    leading_ = (columns + 15) / 16 * 16;
    if (leading_ * static_cast<int64_t>(sizeof(F)) % 4096 == 0) leading_ += 16;
    F* const data = data_.reserve(count * leading_);
    F* const bias = bias_.reserve(count);
    const auto size = static_cast<size_t>(count);
    bias_x_.resize(size);
    scale_x_.assign(size, 1);
    units_.assign(size, 1);
    squares_.resize(size);
    Buffer<typename R::Element> room;
    bool fits = true;
    for (int64_t r = 0; r < count; ++r) {
      const auto at = static_cast<size_t>(r);
      const auto* const row = rows.embedded(first + r, room);
      double scale = 1;
      if (metric == Metric::kCosine || (metric == Metric::kDot && !of_y)) {
        scale = unit_scale(row, columns);
      }
      const double square = convert(row, columns, centre, scale, data + r * leading_);
      if (!(square <= Rounding<F>::largest())) {
        if (check) rows.check(first + r);
        fits = false;
      }
      squares_[at] = square;
      if (metric == Metric::kDot) {
        if (scale > 0) scale_x_[at] = 1 / scale;
        bias[r] = static_cast<F>(-(relative * std::sqrt(square) + absolute) * 1.01);
        bias_x_[at] = 0;
      } else {
        units_[at] = scale;
        const double zero = scale == 0 ? kZeroRowRanking / 2 : 0;
        bias_x_[at] = square * (1 - relative) + zero * (1 - relative);
        bias[r] = static_cast<F>(bias_x_[at] - absolute);
      }
    }
    return fits;
  }

  Buffer<F> data_;
  Buffer<F> bias_;
  std::vector<double> bias_x_, scale_x_, units_, squares_;
  int64_t leading_ = 0;
};

// values[r * leading + j] = factor · x_r · y_j for rows [x0, x0 + x_count) of x and all of y.
template <typename F>
void products(const Converted<F>& x, int64_t x0, int64_t x_count, const Converted<F>& y,
              int64_t y_count, int64_t columns, F factor, F* values, int64_t leading) {
  using blas::Int;
  // Seen by columns: values (y_count × x_count) = factor · Y X, where Y is the transpose of what is
  // stored.
  blas::current().call<F>(blas::Op::gemm, 'T', 'N', Int(y_count), Int(x_count), Int(columns),
                          factor, y.data(), Int(y.leading()), x.data() + x0 * x.leading(),
                          Int(x.leading()), F{0}, values, Int(leading));
}

}  // namespace heddle::neighbors
