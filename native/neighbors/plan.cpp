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
template <typename R>
std::vector<double> centre_of(const R& y, Metric metric) {
  const int64_t rows = std::min(y.count(), kCentreRows);
  const int64_t columns = y.columns();
  std::vector<double> sum(static_cast<size_t>(columns), 0.0);
  std::vector<double> row(static_cast<size_t>(columns));
  Buffer<typename R::Element> room;
  for (int64_t r = 0; r < rows; ++r) {
    const auto* const from = y.embedded(r * (y.count() / rows), room);
    const double scale = metric == Metric::kCosine ? unit_scale(from, columns) : 1;
    convert(from, columns, nullptr, scale, row.data());
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += row[i];
  }
  for (double& value : sum) value /= static_cast<double>(rows);
  return sum;
}

Tier first_tier(Family family, int64_t x_rows, int64_t y_rows, int64_t columns, double expected) {
  // Rough powers in panels cost less than exact ones even of one row.
  if (x_rows <= kMostPairRows && family != Family::kPowers) return Tier::kPairs;
  if (!has_products(family)) return Tier::kPanels;
  if (columns <= kFewColumns && family != Family::kHaversine) return Tier::kPanels;
  // Rows that get into a heap and out again, where rows come in no order: k (1 + ln(n / k)).
  const auto all = static_cast<double>(y_rows);
  const double candidates = expected * (1 + std::log(all / std::fmax(expected, 1)));
  if (family == Family::kHaversine) return candidates > all / 40 ? Tier::kPanels : Tier::kSingle;
  const auto width = static_cast<double>(columns);
  return candidates * (30 + width / 4) > all * (2 + width / 8) ? Tier::kPanels : Tier::kSingle;
}

int64_t rows_within(int64_t most, int64_t columns) {
  const int64_t fit = kBufferBytes / (4 * std::max<int64_t>(columns, 1));
  return std::max<int64_t>(std::min(most, fit), kPanel);
}

}  // namespace

template <typename R, typename T>
Layout<R> lay_out(const View<T>& x, const View<T>& y, const Request& request, int width) {
  const Family family = request.measure.family();
  const R rows_x(x, false, request.transform);
  const R rows_y(y, true, request.transform);
  const int64_t columns = rows_x.columns();
  const bool given = request.measure.metric == Metric::kPrecomputed;
  Search<R> search{
      rows_x,
      rows_y,
      request.measure,
      request.check,
      given ? Tier::kGiven : first_tier(family, x.rows, y.rows, columns, request.expected),
      {},
      given ? request.chunk : rows_within(request.chunk, columns),
      rows_within(std::max(kBlockRows, request.chunk), columns)};
  if (search.tier == Tier::kSingle && family != Family::kProduct) {
    search.centre = centre_of(search.y, request.measure.metric);
  }
  Layout<R> layout{std::move(search), false, 1};
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

template Layout<Rows<double>> lay_out(const View<double>&, const View<double>&, const Request&,
                                      int);
template Layout<Rows<float>> lay_out(const View<float>&, const View<float>&, const Request&, int);
template Layout<Transformed<double>> lay_out(const View<double>&, const View<double>&,
                                             const Request&, int);
template Layout<Transformed<float>> lay_out(const View<float>&, const View<float>&, const Request&,
                                            int);

}  // namespace heddle::neighbors
