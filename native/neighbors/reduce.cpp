// What neighbours say together: the votes of their classes, or the means of their values.
// Neighbours are counted as they are found, and never kept for more than a block of rows.
#include "neighbors/reduce.h"

#include <algorithm>
#include <vector>

#include "neighbors/arguments.h"
#include "neighbors/nearest.h"

namespace heddle::neighbors {

namespace {

enum class Result {
  kVotes,    // the share of each class
  kWinners,  // the class with the largest share, of several the first
  kMeans,    // of values
};

// What rows of Y stand for, and where the results go.
struct Targets {
  Result result = Result::kVotes;
  bool by_distance = false;         // else all neighbours count the same
  int64_t outputs = 1;              // classes or values for each row of Y
  const int32_t* codes = nullptr;   // m × outputs: classes by number
  const int32_t* starts = nullptr;  // outputs + 1: where each output's classes begin among all
  const double* values = nullptr;   // m × outputs
  int64_t width = 1;                // sums for one row: all classes, or all values
  double* numbers = nullptr;        // n × width: shares or means
  int32_t* winners = nullptr;       // n × outputs
  int32_t* counts = nullptr;        // n: how many neighbours there were

  void add(double* sums, int64_t row, double weight) const {
    if (codes != nullptr) {
      for (int64_t o = 0; o < outputs; ++o) sums[starts[o] + codes[row * outputs + o]] += weight;
    } else {
      for (int64_t o = 0; o < outputs; ++o) sums[o] += weight * values[row * outputs + o];
    }
  }

  // Without neighbours there is no winner and no mean, and nobody has a share.
  void finish(int64_t row, const double* sums, double total, int64_t count) const {
    counts[row] = static_cast<int32_t>(count);
    if (result == Result::kWinners) {
      for (int64_t o = 0; o < outputs; ++o) {
        winners[row * outputs + o] = count == 0 ? -1 : winner(sums + starts[o], classes(o));
      }
      return;
    }
    const double none = result == Result::kMeans ? std::nan("") : 0;
    for (int64_t i = 0; i < width; ++i) {
      numbers[row * width + i] = count == 0 ? none : sums[i] / total;
    }
  }

 private:
  int64_t classes(int64_t output) const { return starts[output + 1] - starts[output]; }

  static int32_t winner(const double* votes, int64_t classes) {
    int64_t best = 0;
    for (int64_t c = 1; c < classes; ++c) {
      // Sums of weights that should be equal may differ in their last digits.
      if (votes[c] > votes[best] * (1 + 1e-12)) best = c;
    }
    return static_cast<int32_t>(best);
  }
};

template <typename T>
struct Problem {
  View<T> x, y;
  Request request;
  Targets targets;
  bool within = false;  // all within a radius, else the k nearest
  double radius = 0;
  Nearest nearest;
};

// ---- The k nearest -----------------------------------------------------------------------------

template <typename R, typename T>
double of_nearest(const Problem<T>& problem, const Grant& grant) {
  const Targets& targets = problem.targets;
  return search_nearest<R>(
      problem.x, problem.y, problem.request, problem.nearest, grant,
      [&](int64_t row, const double* distances, const int32_t* rows, int64_t count) {
        std::vector<double> sums(static_cast<size_t>(targets.width), 0.0);
        double total = 0;
        for (int64_t i = 0; i < count; ++i) {
          double weight = 1;
          if (targets.by_distance) {
            // The nearest comes first. Those at no distance overrule the rest.
            weight = distances[0] == 0 ? (distances[i] == 0 ? 1 : 0) : distances[0] / distances[i];
          }
          if (weight == 0) continue;
          targets.add(sums.data(), rows[i], weight);
          total += weight;
        }
        targets.finish(row, sums.data(), total, count);
      });
}

// ---- All within a radius -----------------------------------------------------------------------

// Sums for some rows of X. A row's record: sums, their weights' total, and the same for neighbours
// at no distance, where distances count; in the end how many neighbours there were.
class Tallies {
 public:
  static constexpr bool kCountsAll = true;
  static constexpr bool kWantsAll = false;

  static int64_t length(const Targets& targets) {
    return (targets.width + 1) * (targets.by_distance ? 2 : 1) + 1;
  }

  // `own`: which row of Y the first row of X is, and is no neighbour of; below 0: none.
  Tallies(const Targets& targets, const Measure& measure, double radius, int64_t own,
          double* records)
      : targets_(targets),
        measure_(measure),
        radius_(radius),
        limit_(measure.limit(radius)),
        own_(own),
        length_(length(targets)),
        records_(records) {}

  double bound(int64_t /*r*/) const { return limit_; }

  bool offer(int64_t r, int64_t y, double ranking) {
    if ((own_ >= 0 && own_ + r == y) || !measure_.within(ranking, radius_)) return false;
    double* const record = records_ + r * length_;
    double* sums = record;
    double weight = 1;
    if (targets_.by_distance) {
      const double distance = measure_.distance(ranking);
      if (distance == 0) {
        sums += targets_.width + 1;
      } else {
        weight = std::fmin(1 / distance, 1e300);
      }
    }
    targets_.add(sums, y, weight);
    sums[targets_.width] += weight;
    record[length_ - 1] += 1;
    return true;
  }

  static void finish(const Targets& targets, int64_t row, const double* record) {
    const double* sums = record;
    if (targets.by_distance && record[2 * targets.width + 1] > 0) sums += targets.width + 1;
    targets.finish(row, sums, sums[targets.width],
                   static_cast<int64_t>(record[length(targets) - 1]));
  }

 private:
  const Targets& targets_;
  Measure measure_;
  double radius_;
  double limit_;
  int64_t own_;
  int64_t length_;
  double* records_;
};

// Chunks of Y are summed up in strips, and strips in their order, so that the bits of a sum don't
// depend on how many threads there are.
constexpr int64_t kMaxStrips = 64;
constexpr int64_t kMaxStripBytes = 64 << 20;

struct Strips {
  explicit Strips(int64_t all) : chunks(all), count(std::min(all, kMaxStrips)) {}
  int64_t first(int64_t strip) const { return chunks * strip / count; }
  int64_t chunks;
  int64_t count;
};

void add_to(double* sums, const double* more, int64_t length) {
  for (int64_t i = 0; i < length; ++i) sums[i] += more[i];
}

// Threads take strips of Y, each with records for all rows of X.
template <typename R, typename T>
double radius_over_y(const Problem<T>& problem, const Search<R>& search, const Grant& grant) {
  const Targets& targets = problem.targets;
  const int64_t n = problem.x.rows;
  const int64_t length = n * Tallies::length(targets);
  const Strips strips(search.chunks());
  Control control(grant, problem.nearest.progress, strips.chunks);
  std::atomic<int64_t> next{0};
  std::vector<std::vector<double>> sums(static_cast<size_t>(strips.count));
  openmp::run_team(grant.width, [&](int, int) {
    const blas::NarrowBlas narrow;
    control.guard([&] {
      Worker<R> worker(search);
      worker.begin(0, n);
      while (true) {
        const int64_t strip = next.fetch_add(1, std::memory_order_relaxed);
        if (strip >= strips.count) return;
        std::vector<double>& records = sums[static_cast<size_t>(strip)];
        records.assign(static_cast<size_t>(length), 0.0);
        Tallies tallies(targets, search.measure, problem.radius, problem.request.own ? 0 : -1,
                        records.data());
        for (int64_t chunk = strips.first(strip); chunk < strips.first(strip + 1); ++chunk) {
          if (!control.go_on()) return;
          worker.search(chunk, tallies);
          control.step();
        }
      }
    });
  });
  if (!control.go_on()) return control.outcome();
  for (size_t strip = 1; strip < sums.size(); ++strip) {
    add_to(sums[0].data(), sums[strip].data(), length);
  }
  for (int64_t r = 0; r < n; ++r) {
    Tallies::finish(targets, r, sums[0].data() + r * Tallies::length(targets));
  }
  return 0;
}

// Threads take blocks of X.
template <typename R, typename T>
double radius_over_x(const Problem<T>& problem, const Search<R>& search, const Grant& grant) {
  const Targets& targets = problem.targets;
  const int64_t n = problem.x.rows;
  const int64_t record = Tallies::length(targets);
  const int64_t blocks = (n + search.block - 1) / search.block;
  const Strips strips(search.chunks());
  Control control(grant, problem.nearest.progress, blocks * strips.chunks);
  std::atomic<int64_t> next{0};
  openmp::run_team(grant.width, [&](int, int) {
    const blas::NarrowBlas narrow;
    control.guard([&] {
      Worker<R> worker(search);
      std::vector<double> all, some;
      while (true) {
        const int64_t block = next.fetch_add(1, std::memory_order_relaxed);
        if (block >= blocks) return;
        const int64_t first = block * search.block;
        const int64_t count = std::min(search.block, n - first);
        const int64_t length = count * record;
        all.assign(static_cast<size_t>(length), 0.0);
        worker.begin(first, count);
        for (int64_t strip = 0; strip < strips.count; ++strip) {
          some.assign(static_cast<size_t>(length), 0.0);
          Tallies tallies(targets, search.measure, problem.radius, problem.request.own ? first : -1,
                          some.data());
          for (int64_t chunk = strips.first(strip); chunk < strips.first(strip + 1); ++chunk) {
            if (!control.go_on()) return;
            worker.search(chunk, tallies);
            control.step();
          }
          add_to(all.data(), some.data(), length);
        }
        for (int64_t r = 0; r < count; ++r) {
          Tallies::finish(targets, first + r, all.data() + r * record);
        }
      }
    });
  });
  return control.outcome();
}

template <typename R, typename T>
double of_radius(const Problem<T>& problem, const Grant& grant) {
  if (problem.x.rows == 0) return 0;
  Layout<R> layout = lay_out<R>(problem.x, problem.y, problem.request, grant.width);
  Search<R>& search = layout.search;
  const int64_t record = Tallies::length(problem.targets) * static_cast<int64_t>(sizeof(double));
  const Strips strips(search.chunks());
  if (layout.over_y && problem.x.rows <= kMaxStripBytes / strips.count / record) {
    return radius_over_y(problem, search, grant);
  }
  // Records of a block stay in bounds whatever the number of classes.
  search.block = std::max<int64_t>(std::min(search.block, kMaxStripBytes / 4 / record), 1);
  return radius_over_x(problem, search, grant);
}

// ---- The call ----------------------------------------------------------------------------------

// Buffers: X, Y, scale, targets (Int32 classes or Float64 values, m × outputs), starts (Int32,
// outputs + 1; of values anything), the result (Float64, of winners Int32), counts (Int32, n).
// Frame: X (n × d), Y (m × d), settings, within, k or radius, result, by distance, outputs.
template <typename T>
struct Reduce {
  static Napi::Value call(Frame& frame) {
    Problem<T> problem;
    problem.x = frame.matrix<T>(0);
    problem.y = frame.matrix<T>(1);
    problem.request = read_request(frame, problem.x, problem.y, 2);
    problem.within = frame.flag();
    if (problem.within) {
      problem.radius = frame.next();
    } else {
      problem.nearest.k = frame.count();
      problem.nearest.own = problem.request.own;
      require_count(frame.env(), problem.request, problem.nearest.k, problem.y.rows);
      problem.request.expected = static_cast<double>(problem.nearest.k);
    }
    problem.nearest.progress = frame.progress();
    problem.targets = read_targets(frame, problem.x.rows, problem.y.rows);
    return perform(frame, problem.x, problem.y, [problem](const Grant& grant) -> double {
      return with_rows<T>(problem.request, [&](auto as) {
        using R = typename decltype(as)::Type;
        return problem.within ? of_radius<R>(problem, grant) : of_nearest<R>(problem, grant);
      });
    });
  }

 private:
  static Targets read_targets(Frame& frame, int64_t n, int64_t m) {
    Targets targets;
    const int64_t result = frame.count();
    if (result > 2) throw range_error(frame.env(), "heddle: no such result");
    targets.result = static_cast<Result>(result);
    targets.by_distance = frame.flag();
    targets.outputs = frame.count();
    if (targets.outputs < 1) throw range_error(frame.env(), "heddle: no outputs");
    const int64_t length = checked_product(frame.env(), m, targets.outputs);
    if (targets.result == Result::kMeans) {
      targets.values = frame.elements<double>(3, length);
      targets.width = targets.outputs;
    } else {
      targets.codes = frame.elements<int32_t>(3, length);
      targets.starts = frame.elements<int32_t>(4, targets.outputs + 1);
      require_codes(frame, targets, m);
      targets.width = targets.starts[targets.outputs];
    }
    if (targets.result == Result::kWinners) {
      targets.winners =
          frame.elements<int32_t>(5, checked_product(frame.env(), n, targets.outputs));
    } else {
      targets.numbers = frame.elements<double>(5, checked_product(frame.env(), n, targets.width));
    }
    targets.counts = frame.elements<int32_t>(6, n);
    return targets;
  }

  // Classes index sums: each must be one of its output's.
  static void require_codes(Frame& frame, const Targets& targets, int64_t m) {
    const int32_t* const starts = targets.starts;
    bool right = starts[0] == 0;
    for (int64_t o = 0; o < targets.outputs; ++o) right = right && starts[o + 1] > starts[o];
    for (int64_t row = 0; row < m && right; ++row) {
      for (int64_t o = 0; o < targets.outputs; ++o) {
        const int32_t code = targets.codes[row * targets.outputs + o];
        right = right && code >= 0 && code < starts[o + 1] - starts[o];
      }
    }
    if (!right) throw range_error(frame.env(), "heddle: a class is out of range");
  }
};

}  // namespace

void define_reduce(call::Module& module) { define<Reduce>(module, "reduce"); }

}  // namespace heddle::neighbors
