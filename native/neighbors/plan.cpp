#include "neighbors/plan.h"

#include <algorithm>
#include <cmath>

namespace heddle::neighbors {

namespace {

constexpr int64_t kMostPairRows = 3;       // rows of X up to which pairs are computed one by one
constexpr int64_t kFewColumns = 12;        // up to which exact values cost less than products
constexpr int64_t kBlockRows = 1024;       // of X, so that converting a chunk of Y pays
constexpr int64_t kBufferBytes = 4 << 20;  // of a block or chunk in float32
constexpr int64_t kCentreRows = 512;       // rows that the centre is the mean of

// The mean of some rows of Y, spread evenly: any point near the data will do.
template <typename T>
std::vector<double> centre_of(const Rows<T>& y, Metric metric) {
  const int64_t rows = std::min(y.count(), kCentreRows);
  const int64_t columns = y.columns();
  std::vector<double> sum(static_cast<size_t>(columns), 0.0);
  std::vector<double> row(static_cast<size_t>(columns));
  Buffer<T> room;
  for (int64_t r = 0; r < rows; ++r) {
    const T* const from = y.contiguous(r * (y.count() / rows), room);
    const double scale = metric == Metric::kCosine ? unit_scale(from, columns) : 1;
    convert(from, columns, nullptr, scale, row.data());
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += row[i];
  }
  for (double& value : sum) value /= static_cast<double>(rows);
  return sum;
}

Tier first_tier(Family family, int64_t x_rows, int64_t y_rows, int64_t columns, double expected) {
  if (x_rows <= kMostPairRows) return Tier::kPairs;
  if (family == Family::kAbsolute || family == Family::kMaximum) return Tier::kPanels;
  if (columns <= kFewColumns) return Tier::kPanels;
  // Rows that get into a heap and out again, where rows come in no order: k (1 + ln(n / k)).
  const auto all = static_cast<double>(y_rows);
  const double candidates = expected * (1 + std::log(all / std::fmax(expected, 1)));
  const auto width = static_cast<double>(columns);
  return candidates * (30 + width / 4) > all * (2 + width / 8) ? Tier::kPanels : Tier::kSingle;
}

int64_t rows_within(int64_t most, int64_t columns) {
  const int64_t fit = kBufferBytes / (4 * std::max<int64_t>(columns, 1));
  return std::max<int64_t>(std::min(most, fit), kPanel);
}

}  // namespace

template <typename T>
Layout<T> lay_out(const View<T>& x, const View<T>& y, const Request& request, int width) {
  const Family family = family_of(request.metric);
  Search<T> search{Rows<T>(x, false),
                   Rows<T>(y, true),
                   request.metric,
                   request.check,
                   first_tier(family, x.rows, y.rows, x.columns, request.expected),
                   {},
                   rows_within(request.chunk, x.columns),
                   rows_within(std::max(kBlockRows, request.chunk), x.columns)};
  if (search.tier == Tier::kSingle && family == Family::kSquares) {
    search.centre = centre_of(search.y, request.metric);
  }
  Layout<T> layout{std::move(search), false, 1};
  int64_t& block = layout.search.block;
  // Sharing out Y needs heaps for all of X in each thread.
  const double heaps = static_cast<double>(x.rows) * request.expected * 12;
  const bool short_x =
      x.rows == 1 || (x.rows <= 2 * block && heaps <= 4.0 * static_cast<double>(kBufferBytes));
  if (width > 1 && short_x && layout.search.chunks() >= 2 * width) {
    layout.over_y = true;
    block = std::max<int64_t>(x.rows, 1);
  } else {
    // Blocks of one size, and some for each thread, so that all end at about the same time.
    const int64_t wanted =
        std::max<int64_t>((x.rows + block - 1) / block, width > 1 ? 4 * width : 1);
    const int64_t even = (x.rows + wanted - 1) / wanted;
    block = std::min(block, std::max<int64_t>(even, std::min<int64_t>(block, 128)));
  }
  layout.blocks = (x.rows + block - 1) / block;
  return layout;
}

template Layout<double> lay_out(const View<double>&, const View<double>&, const Request&, int);
template Layout<float> lay_out(const View<float>&, const View<float>&, const Request&, int);

bool needs_blas(Metric metric) {
  const Family family = family_of(metric);
  return family == Family::kSquares || family == Family::kProduct;
}

}  // namespace heddle::neighbors
