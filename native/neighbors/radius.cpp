#include "neighbors/radius.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "neighbors/arguments.h"
#include "neighbors/plan.h"
#include "openmp/team.h"

namespace heddle::neighbors {

namespace {

struct Hit {
  double distance;
  int32_t row;
};

// What one operation found: for each row of X a list, in the order of Y's rows.
struct Found {
  std::vector<std::vector<Hit>> rows;
};

// Tells what radiusKeeper() has made from what others wrap.
constexpr napi_type_tag kFoundTag = {0x5e1f7c0283ab46d9, 0x94d06b3fa7512ce8};

Found* keeper(Frame& frame, size_t argument) {
  Found* const found = unwrap<Found>(frame.argument(argument), kFoundTag);
  if (found == nullptr) {
    throw type_error(frame.env(), "heddle: this is no keeper of a radius search");
  }
  return found;
}

bool nearer(const Hit& a, const Hit& b) {
  return a.distance < b.distance || (a.distance == b.distance && a.row < b.row);
}
// Distances of products are largest first.
bool larger(const Hit& a, const Hit& b) {
  return a.distance > b.distance || (a.distance == b.distance && a.row < b.row);
}

class Lists {
 public:
  static constexpr bool kCountsAll = true;
  static constexpr bool kWantsAll = false;

  // `own`: which row of Y the first row of X is, and is no neighbour of; below 0: none.
  Lists(const Measure& measure, double radius, int64_t own, std::vector<Hit>* rows)
      : measure_(measure), radius_(radius), limit_(measure.limit(radius)), own_(own), rows_(rows) {}

  double bound(int64_t /*r*/) const { return limit_; }

  bool offer(int64_t r, int64_t y, double ranking) {
    if (own_ >= 0 && own_ + r == y) return false;
    if (!measure_.within(ranking, radius_)) return false;
    rows_[r].push_back({measure_.distance(ranking), static_cast<int32_t>(y)});
    return true;
  }

 private:
  Measure measure_;
  double radius_;
  double limit_;
  int64_t own_;
  std::vector<Hit>* rows_;
};

template <typename T>
struct Problem {
  View<T> x, y;
  Request request;
  double radius;
  bool sort;
  double* starts;  // n + 1
  int32_t* progress;
  Found* found;
};

// Brings the lists into their final order and writes where each starts.
template <typename T>
double conclude(const Problem<T>& problem) {
  double start = 0;
  const auto order = problem.request.measure.metric == Metric::kDot ? larger : nearer;
  for (int64_t r = 0; r < problem.x.rows; ++r) {
    std::vector<Hit>& list = problem.found->rows[static_cast<size_t>(r)];
    if (problem.sort) std::sort(list.begin(), list.end(), order);
    problem.starts[r] = start;
    start += static_cast<double>(list.size());
  }
  problem.starts[problem.x.rows] = start;
  return start;
}

template <typename R, typename T>
double search(const Problem<T>& problem, const Grant& grant) {
  const Layout<R> layout = lay_out<R>(problem.x, problem.y, problem.request, grant.width);
  const Search<R>& search = layout.search;
  const bool own_rows = problem.request.own;
  const int64_t n = problem.x.rows;
  const int64_t chunks = search.chunks();
  Control control(grant, problem.progress, layout.over_y ? chunks : layout.blocks * chunks);
  std::atomic<int64_t> next{0};
  problem.found->rows.assign(static_cast<size_t>(n), {});
  std::vector<std::vector<std::vector<Hit>>> own(static_cast<size_t>(grant.width));
  openmp::run_team(grant.width, [&](int rank, int) {
    const blas::NarrowBlas narrow;
    control.guard([&] {
      Worker<R> worker(search);
      if (layout.over_y) {
        auto& rows = own[static_cast<size_t>(rank)];
        rows.resize(static_cast<size_t>(n));
        Lists lists(search.measure, problem.radius, own_rows ? 0 : -1, rows.data());
        worker.begin(0, n);
        while (control.go_on()) {
          const int64_t chunk = next.fetch_add(1, std::memory_order_relaxed);
          if (chunk >= chunks) return;
          worker.search(chunk, lists);
          control.step();
        }
        return;
      }
      while (true) {
        const int64_t block = next.fetch_add(1, std::memory_order_relaxed);
        if (block >= layout.blocks) return;
        const int64_t first = block * search.block;
        Lists lists(search.measure, problem.radius, own_rows ? first : -1,
                    problem.found->rows.data() + static_cast<size_t>(first));
        worker.begin(first, std::min(search.block, n - first));
        for (int64_t chunk = 0; chunk < chunks; ++chunk) {
          if (!control.go_on()) return;
          worker.search(chunk, lists);
          control.step();
        }
      }
    });
  });
  if (!control.go_on()) return control.outcome();
  if (layout.over_y) {
    for (int64_t r = 0; r < n; ++r) {
      std::vector<Hit>& list = problem.found->rows[static_cast<size_t>(r)];
      for (auto& rows : own) {
        if (rows.empty()) continue;
        const std::vector<Hit> part = std::move(rows[static_cast<size_t>(r)]);
        list.insert(list.end(), part.begin(), part.end());
      }
      std::sort(list.begin(), list.end(), [](const Hit& a, const Hit& b) { return a.row < b.row; });
    }
  }
  return 0;
}

// Buffers: X, Y, scale, starts (Float64, n + 1), the keeper.
// Frame: X (n × d), Y (m × d), settings, radius, sort. Outcome: how many were found.
template <typename T>
struct Radius {
  static Napi::Value call(Frame& frame) {
    Problem<T> problem;
    problem.x = frame.matrix<T>(0);
    problem.y = frame.matrix<T>(1);
    problem.request = read_request(frame, problem.x, problem.y, 2);
    problem.radius = frame.next();
    problem.sort = frame.flag();
    problem.starts = frame.elements<double>(3, problem.x.rows + 1);
    problem.found = keeper(frame, 4);
    problem.progress = frame.progress();
    return perform(frame, problem.x, problem.y, [problem](const Grant& grant) -> double {
      if (problem.x.rows > 0 && problem.y.rows > 0) {
        const double outcome = with_rows<T>(problem.request, [&](auto as) {
          return search<typename decltype(as)::Type>(problem, grant);
        });
        if (outcome < 0 || grant.is_cancelled()) return outcome;
      } else {
        problem.found->rows.assign(static_cast<size_t>(problem.x.rows), {});
      }
      return conclude(problem);
    });
  }
};

Napi::Value new_keeper(Frame& frame) {
  return wrapped(frame.env(), std::make_unique<Found>(), kFoundTag);
}

// Copies what the keeper (argument 0) holds to indices (Int32) and distances (Float64, or undefined
// where none are wanted), and empties it.
void take(Frame& frame) {
  Found* const found = keeper(frame, 0);
  int64_t total = 0;
  for (const auto& list : found->rows) total += static_cast<int64_t>(list.size());
  auto* rows = frame.elements<int32_t>(1, total);
  const bool far = !frame.argument(2).IsUndefined();
  auto* distances = far ? frame.elements<double>(2, total) : nullptr;
  for (auto& list : found->rows) {
    for (const Hit& hit : list) {
      *rows++ = hit.row;
      if (far) *distances++ = hit.distance;
    }
    std::vector<Hit>().swap(list);
  }
  found->rows.clear();
}

}  // namespace

void define_radius(call::Module& module) {
  define<Radius>(module, "radius");
  module.define<new_keeper>("radiusKeeper");
  module.define<take>("takeRadius");
}

}  // namespace heddle::neighbors
