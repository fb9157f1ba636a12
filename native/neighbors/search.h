// One thread's search: every row of a block of X against a chunk of Y, whatever is cheapest.
//
// Exact ranking values are computed in float64 by the kernels, always with the same bits. For most
// pairs a bound from a BLAS product shows that they need none (see converted.h). Where too many
// bounds are too weak to decide — data whose distances are tiny beside their spread, or full of
// ties — the search goes on with float64 products, and then with exact values for all. None of
// this changes a result.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "neighbors/converted.h"
#include "neighbors/rows.h"

namespace heddle::neighbors {

// How pairs are gone through, cheapest first.
enum class Tier {
  kPairs,   // exact values, row by row: few rows of X
  kSingle,  // float32 products
  kDouble,  // float64 products
  kPanels,  // exact values, panel by panel
  kGiven,   // the distances are what X holds
};

// What is searched: shared by all threads, and not changed by them.
template <typename R>
struct Search {
  R x;
  R y;
  Measure measure;
  bool check;                  // whether NaN and infinities are looked for
  Tier tier;                   // the first
  std::vector<double> centre;  // what products are computed relative to; empty: nothing
  int64_t chunk;               // rows of Y that are gone through at once
  int64_t block;               // rows of X that are

  int64_t columns() const { return x.columns(); }
  int64_t chunks() const { return (y.count() + chunk - 1) / chunk; }
};

template <typename R>
class Worker {
  using T = typename R::Element;

 public:
  explicit Worker(const Search<R>& search)
      : search_(search),
        family_(search.measure.family()),
        unit_(search.measure.metric == Metric::kCosine),
        columns_(search.columns()),
        length_(padded(columns_)),
        tier_(search.tier) {}

  // The rows of X that chunks are searched for from now on.
  void begin(int64_t first, int64_t count) {
    first_ = first;
    count_ = count;
    single_ready_ = false;
    double_ready_ = false;
    if (search_.check && tier_ != Tier::kGiven) {
      for (int64_t r = first; r < first + count; ++r) check_row(search_.x, r);
    }
  }

  // Shows the sink all pairs of the block and the chunk that may matter to it. A sink has
  //   double bound(r): the largest ranking value that row r of the block has use for
  //   bool offer(r, j, ranking): whether the pair was of use
  //   kWantsAll: whether every pair is of use
  template <typename Sink>
  void search(int64_t chunk, Sink& sink) {
    const int64_t y0 = chunk * search_.chunk;
    const int64_t y_count = std::min(search_.chunk, search_.y.count() - y0);
    while (true) {
      bool done = true;
      looked_ = 0;
      switch (tier_) {
        case Tier::kPairs:
          by_pairs(y0, y_count, sink);
          return;
        case Tier::kSingle:
          done = by_products(single_x_, single_ready_, single_y_, y0, y_count, sink);
          break;
        case Tier::kDouble:
          done = by_products(double_x_, double_ready_, double_y_, y0, y_count, sink);
          break;
        case Tier::kPanels:
          by_panels(y0, y_count, sink);
          return;
        case Tier::kGiven:
          by_given(y0, y_count, sink);
          return;
      }
      if (!done || wasteful(y_count)) tier_ = next(tier_);
      if (done) return;
    }
  }

  static constexpr int64_t kValues = int64_t{1} << 18;  // products in a buffer

 private:
  static Tier next(Tier tier) { return tier == Tier::kSingle ? Tier::kDouble : Tier::kPanels; }

  // Whether the exact values computed in vain in this chunk cost more than better bounds would.
  bool wasteful(int64_t y_count) const {
    const auto columns = static_cast<double>(columns_);
    const double pairs = static_cast<double>(count_) * static_cast<double>(y_count);
    const double exact = family_ == Family::kHaversine ? 120 : 30 + columns / 4;  // cycles, about
    const double better = tier_ == Tier::kSingle ? 1 + columns / 24 : 1 + columns / 12;
    return static_cast<double>(looked_) * exact > pairs * better;
  }

  void check_row(const R& rows, int64_t row) {
    const T* const from = rows.contiguous(row, check_room_);
    if (!std::isfinite(pair_value(Family::kProduct, from, from, columns_))) rows.check(row);
  }

  // ---- Exact values of single pairs
  // --------------------------------------------------------------

  // A row as exact values are computed from it.
  struct Exact {
    const T* row = nullptr;
    const double* unit = nullptr;  // cosine: at unit length
    double scale = 1;
    Buffer<T> room;
    Buffer<double> unit_room;
  };

  void take(const R& rows, int64_t row, Exact& exact) const {
    exact.row = rows.contiguous(row, exact.room);
    if (!unit_) return;
    exact.scale = unit_scale(exact.row, columns_);
    double* const unit = exact.unit_room.reserve(columns_);
    convert(exact.row, columns_, nullptr, exact.scale, unit);
    exact.unit = unit;
  }

  double value(const Exact& x, const Exact& y) const {
    if (!unit_) return pair_value(family_, x.row, y.row, columns_, search_.measure.p);
    if (x.scale == 0 || y.scale == 0) return kZeroRowRanking;
    return pair_value(family_, x.unit, y.unit, columns_);
  }

  template <typename Sink>
  void by_pairs(int64_t y0, int64_t y_count, Sink& sink) {
    double* const values = exact_values_.reserve(count_ * y_count);
    if (static_cast<int64_t>(exact_x_.size()) < count_) {
      exact_x_ = std::vector<Exact>(static_cast<size_t>(count_));
    }
    for (int64_t r = 0; r < count_; ++r) {
      take(search_.x, first_ + r, exact_x_[static_cast<size_t>(r)]);
    }
    if (!unit_ && search_.y.plain()) {
      for (int64_t r = 0; r < count_; ++r) {
        column_values(family_, exact_x_[static_cast<size_t>(r)].row, search_.y.plain_row(y0),
                      search_.y.stride(), y_count, columns_, search_.measure.p,
                      values + r * y_count);
      }
    } else {
      for (int64_t j = 0; j < y_count; ++j) {
        take(search_.y, y0 + j, exact_y_);
        for (int64_t r = 0; r < count_; ++r) {
          values[r * y_count + j] = value(exact_x_[static_cast<size_t>(r)], exact_y_);
        }
      }
    }
    if (search_.check && (!leaves_trace(family_) || unit_ || !finite(values, y_count))) {
      for (int64_t j = 0; j < y_count; ++j) check_row(search_.y, y0 + j);
    }
    offer_exact(values, y_count, 0, count_, y0, y_count, sink);
  }

  // Whether all values are finite; one pass that stops nowhere.
  static bool finite(const double* values, int64_t length) {
    double trace = 0;
    for (int64_t i = 0; i < length; ++i) trace += values[i] * 0;
    return trace == 0;
  }

  // ---- Products
  // ----------------------------------------------------------------------------------

  const double* centre() const { return search_.centre.empty() ? nullptr : search_.centre.data(); }

  template <typename F, typename Sink>
  bool by_products(Converted<F>& x, bool& ready, Converted<F>& y, int64_t y0, int64_t y_count,
                   Sink& sink) {
    if (!ready) {
      if (!x.take_x(search_.x, search_.measure.metric, centre(), first_, count_)) return false;
      ready = true;
    }
    if (!y.take_y(search_.y, search_.measure.metric, centre(), y0, y_count, search_.check))
      return false;
    const F factor = family_ == Family::kProduct ? F{-1} : F{-2};
    const int64_t leading = (y_count + 15) / 16 * 16;
    const int64_t step = std::max<int64_t>(kValues / leading, 1);
    F* const values = values_of(F{}).reserve(std::min(step, count_) * leading);
    hits_.resize(static_cast<size_t>(y_count));
    for (int64_t r0 = 0; r0 < count_; r0 += step) {
      const int64_t rows = std::min(step, count_ - r0);
      products(x, r0, rows, y, y_count, columns_, factor, values, leading);
      for (int64_t r = 0; r < rows; ++r) {
        offer_bounded(x, y, values + r * leading, r0 + r, y0, y_count, sink);
      }
    }
    return true;
  }

  // The largest bound of a pair whose ranking value can be `ranking` at most.
  template <typename F>
  static F limit_of(const Converted<F>& x, int64_t row, double ranking) {
    const double limit = (ranking - x.bias_x(row)) / x.scale_x(row);
    constexpr F kMost = std::numeric_limits<F>::max();
    if (!(limit < static_cast<double>(kMost))) return std::numeric_limits<F>::infinity();
    if (limit < -static_cast<double>(kMost)) return -kMost;
    return std::nextafter(static_cast<F>(limit), std::numeric_limits<F>::infinity());
  }

  template <typename F, typename Sink>
  void offer_bounded(const Converted<F>& x, const Converted<F>& y, const F* values, int64_t row,
                     int64_t y0, int64_t y_count, Sink& sink) {
    const double bound = sink.bound(row);
    if (of_no_use(bound)) return;
    F limit = limit_of(x, row, bound);
    const F* const bias = y.bias();
    const int64_t found = scan(values, bias, y_count, limit, hits_.data());
    if (found == 0) return;
    take(search_.x, first_ + row, candidate_x_);
    for (int64_t h = 0; h < found; ++h) {
      const int32_t j = hits_[static_cast<size_t>(h)];
      if (values[j] + bias[j] > limit) continue;  // the limit has come down meanwhile
      take(search_.y, y0 + j, exact_y_);
      if (sink.offer(row, y0 + j, value(candidate_x_, exact_y_))) {
        if (Sink::kCountsAll) ++looked_;
        limit = limit_of(x, row, sink.bound(row));
      } else {
        ++looked_;
      }
    }
  }

  // No ranking value but a negative product is below zero.
  bool of_no_use(double bound) const { return bound < 0 && family_ != Family::kProduct; }

  static int64_t scan(const float* values, const float* bias, int64_t length, float limit,
                      int32_t* hits) {
    return kernels().scan32(values, bias, length, limit, hits);
  }
  static int64_t scan(const double* values, const double* bias, int64_t length, double limit,
                      int32_t* hits) {
    return kernels().scan64(values, bias, length, limit, hits);
  }

  // ---- Panels
  // ------------------------------------------------------------------------------------

  static constexpr int64_t kPanelRows = 32;  // rows of X at once, so that they stay in cache

  template <typename Sink>
  void by_panels(int64_t y0, int64_t y_count, Sink& sink) {
    const int64_t panels = (y_count + kPanel - 1) / kPanel;
    const int64_t leading = panels * kPanel;
    pack_panels(y0, y_count, panels);
    double* const x = panel_x_.reserve(kPanelRows * length_);
    double* const values = exact_values_.reserve(kPanelRows * leading);
    const bool rough =
        !Sink::kWantsAll && family_ == Family::kPowers && search_.measure.p <= kMaxRoughPower;
    const Family family = rough ? Family::kRoughPowers : family_;
    const auto kernel = kernels().panel[static_cast<int>(family)];
    bool zero_x[kPanelRows];
    for (int64_t r0 = 0; r0 < count_; r0 += kPanelRows) {
      const int64_t rows = std::min(kPanelRows, count_ - r0);
      for (int64_t r = 0; r < rows; ++r) {
        zero_x[r] = !take_padded(search_.x, first_ + r0 + r, false, x + r * length_);
      }
      for (int64_t p = 0; p < panels; ++p) {
        kernel(x, length_, rows, panels_.get() + p * kPanel * length_, length_, search_.measure.p,
               values + p * kPanel, leading);
      }
      if (unit_) {
        for (int64_t r = 0; r < rows; ++r) {
          for (int64_t j = 0; j < y_count; ++j) {
            if (zero_x[r] || zero_y_[static_cast<size_t>(j)])
              values[r * leading + j] = kZeroRowRanking;
          }
        }
      }
      if (rough) {
        offer_rough(values, leading, r0, rows, y0, y_count, sink);
      } else {
        offer_exact(values, leading, r0, rows, y0, y_count, sink);
      }
    }
  }

  // A row as float64 with zeros behind it; false where it has no length (cosine).
  bool take_padded(const R& rows, int64_t row, bool check, double* to) {
    const T* const from = rows.contiguous(row, check_room_);
    const double scale = unit_ ? unit_scale(from, columns_) : 1;
    const double square = convert(from, columns_, nullptr, scale, to);
    if (check && (!std::isfinite(square) || scale == 0)) rows.check(row);
    for (int64_t i = columns_; i < length_; ++i) to[i] = 0;
    return scale != 0;
  }

  void pack_panels(int64_t y0, int64_t y_count, int64_t panels) {
    double* to = panels_.reserve(panels * kPanel * length_);
    double* const row = pack_room_.reserve(kPanel * length_);
    zero_y_.assign(static_cast<size_t>(y_count), false);
    for (int64_t j0 = 0; j0 < y_count; j0 += kPanel) {
      const int64_t rows = std::min<int64_t>(kPanel, y_count - j0);
      for (int64_t j = 0; j < kPanel; ++j) {
        double* const at = row + j * length_;
        if (j >= rows) {
          std::fill_n(at, length_, 0.0);
        } else if (!take_padded(search_.y, y0 + j0 + j, search_.check, at)) {
          zero_y_[static_cast<size_t>(j0 + j)] = true;
        }
      }
      for (int64_t i = 0; i < length_; ++i) {
        for (int64_t j = 0; j < kPanel; ++j) *to++ = row[j * length_ + i];
      }
    }
  }

  // ---- Distances that are given
  // ------------------------------------------------------------------------

  template <typename Sink>
  void by_given(int64_t y0, int64_t y_count, Sink& sink) {
    double* const values = exact_values_.reserve(y_count);
    for (int64_t r = 0; r < count_; ++r) {
      double least = 0;
      for (int64_t j = 0; j < y_count; ++j) {
        values[j] = search_.x.at(first_ + r, y0 + j);
        least = std::fmin(least, values[j]);
      }
      if (search_.check) {
        if (!finite(values, y_count)) search_.x.check(first_ + r);
        if (least < 0) throw BadRow{BadRow::kNegative, first_ + r};
      }
      offer_exact(values, y_count, r, 1, y0, y_count, sink);
    }
  }

  // ---- Offering exact values
  // ---------------------------------------------------------------------

  // Rows [row0, row0 + rows) of the block: values[(r - row0) * leading + j].
  template <typename Sink>
  void offer_exact(const double* values, int64_t leading, int64_t row0, int64_t rows, int64_t y0,
                   int64_t y_count, Sink& sink) {
    no_bias_.resize(static_cast<size_t>(y_count), 0);
    hits_.resize(static_cast<size_t>(y_count));
    for (int64_t r = 0; r < rows; ++r) {
      const double bound = sink.bound(row0 + r);
      if (of_no_use(bound)) continue;
      const double* const from = values + r * leading;
      const int64_t found = scan(from, no_bias_.data(), y_count, bound, hits_.data());
      for (int64_t h = 0; h < found; ++h) {
        const int32_t j = hits_[static_cast<size_t>(h)];
        sink.offer(row0 + r, y0 + j, from[j]);
      }
    }
  }

  // The same of values that may be too large by the slack: those that pass are computed exactly.
  template <typename Sink>
  void offer_rough(const double* values, int64_t leading, int64_t row0, int64_t rows, int64_t y0,
                   int64_t y_count, Sink& sink) {
    const double factor = 1 + bound_slack(search_.measure.p, columns_);
    no_bias_.resize(static_cast<size_t>(y_count), 0);
    hits_.resize(static_cast<size_t>(y_count));
    for (int64_t r = 0; r < rows; ++r) {
      const double bound = sink.bound(row0 + r);
      if (of_no_use(bound)) continue;
      double limit = bound * factor + kRoughZero;
      const double* const from = values + r * leading;
      const int64_t found = scan(from, no_bias_.data(), y_count, limit, hits_.data());
      if (found == 0) continue;
      take(search_.x, first_ + row0 + r, candidate_x_);
      for (int64_t h = 0; h < found; ++h) {
        const int32_t j = hits_[static_cast<size_t>(h)];
        if (from[j] > limit) continue;  // the limit has come down meanwhile
        take(search_.y, y0 + j, exact_y_);
        if (sink.offer(row0 + r, y0 + j, value(candidate_x_, exact_y_))) {
          limit = sink.bound(row0 + r) * factor + kRoughZero;
        }
      }
    }
  }

  Buffer<float>& values_of(float) { return single_values_; }
  Buffer<double>& values_of(double) { return exact_values_; }

  const Search<R>& search_;
  const Family family_;
  const bool unit_;
  const int64_t columns_;
  const int64_t length_;  // of padded rows
  Tier tier_;
  int64_t first_ = 0;
  int64_t count_ = 0;
  int64_t looked_ = 0;  // exact values that were of no use

  Converted<float> single_x_, single_y_;
  Converted<double> double_x_, double_y_;
  bool single_ready_ = false;
  bool double_ready_ = false;
  Buffer<float> single_values_;
  Buffer<double> exact_values_;
  Exact candidate_x_, exact_y_;
  std::vector<Exact> exact_x_;
  Buffer<double> panels_, panel_x_, pack_room_;
  Buffer<T> check_room_;
  std::vector<bool> zero_y_;
  std::vector<double> no_bias_;
  std::vector<int32_t> hits_;
};

}  // namespace heddle::neighbors
