#include "neighbors/argkmin.h"

#include <cstring>
#include <memory>

#include "neighbors/arguments.h"
#include "neighbors/heap.h"
#include "neighbors/plan.h"
#include "openmp/team.h"

namespace heddle::neighbors {

namespace {

// The k best of some rows of X: heaps over rows of the result, or over memory of its own.
class Heaps {
 public:
  static constexpr bool kCountsAll = false;

  Heaps(double* keys, int32_t* rows, int64_t k, int64_t count, std::atomic<double>* shared)
      : keys_(keys), rows_(rows), k_(k), counts_(static_cast<size_t>(count), 0), shared_(shared) {}

  Heap at(int64_t r) {
    return {keys_ + r * k_, rows_ + r * k_, k_, counts_[static_cast<size_t>(r)]};
  }

  double bound(int64_t r) {
    const double own = at(r).bound();
    if (shared_ == nullptr) return own;
    return std::fmin(own, shared_[r].load(std::memory_order_relaxed));
  }

  bool offer(int64_t r, int64_t y, double ranking) {
    Heap heap = at(r);
    if (!heap.offer(ranking, static_cast<int32_t>(y))) return false;
    // What is k-th best in one thread's share is no better in all: others need look no farther.
    // Should two threads write at once, the larger may win, which is a limit as good.
    if (shared_ != nullptr && heap.full() &&
        heap.top() < shared_[r].load(std::memory_order_relaxed)) {
      shared_[r].store(heap.top(), std::memory_order_relaxed);
    }
    return true;
  }

 private:
  double* keys_;
  int32_t* rows_;
  int64_t k_;
  std::vector<int64_t> counts_;
  std::atomic<double>* shared_;
};

template <typename T>
struct Problem {
  View<T> x, y;
  Request request;
  int64_t k;
  int32_t* rows;      // n × k
  double* distances;  // n × k
  int32_t* progress;
};

// Threads take blocks of X; the heaps are the rows of the result.
template <typename T>
double over_x(const Problem<T>& problem, const Layout<T>& layout, const Grant& grant) {
  const Search<T>& search = layout.search;
  const int64_t chunks = search.chunks();
  Control control(grant, problem.progress, layout.blocks * chunks);
  std::atomic<int64_t> next{0};
  openmp::run_team(grant.width, [&](int, int) {
    const blas::NarrowBlas narrow;
    control.guard([&] {
      Worker<T> worker(search);
      while (true) {
        const int64_t block = next.fetch_add(1, std::memory_order_relaxed);
        if (block >= layout.blocks) return;
        const int64_t first = block * search.block;
        const int64_t count = std::min(search.block, search.x.count() - first);
        Heaps heaps(problem.distances + first * problem.k, problem.rows + first * problem.k,
                    problem.k, count, nullptr);
        worker.begin(first, count);
        for (int64_t chunk = 0; chunk < chunks; ++chunk) {
          if (!control.go_on()) return;
          worker.search(chunk, heaps);
          control.step();
        }
        for (int64_t r = 0; r < count; ++r) heaps.at(r).finish(search.metric);
      }
    });
  });
  return control.outcome();
}

// Threads take chunks of Y, each with heaps for all rows of X, which are merged in the end.
template <typename T>
double over_y(const Problem<T>& problem, const Layout<T>& layout, const Grant& grant) {
  const Search<T>& search = layout.search;
  const int64_t n = search.x.count();
  const int64_t k = problem.k;
  const int64_t chunks = search.chunks();
  Control control(grant, problem.progress, chunks);
  std::atomic<int64_t> next{0};
  const std::unique_ptr<std::atomic<double>[]> shared(
      new std::atomic<double>[static_cast<size_t>(n)]);
  for (int64_t r = 0; r < n; ++r) shared[static_cast<size_t>(r)].store(HUGE_VAL);
  struct Own {
    Buffer<double> keys;
    Buffer<int32_t> rows;
    std::unique_ptr<Heaps> heaps;
  };
  std::vector<Own> threads(static_cast<size_t>(grant.width));
  openmp::run_team(grant.width, [&](int rank, int) {
    const blas::NarrowBlas narrow;
    control.guard([&] {
      Own& own = threads[static_cast<size_t>(rank)];
      double* const keys = rank == 0 ? problem.distances : own.keys.reserve(n * k);
      int32_t* const rows = rank == 0 ? problem.rows : own.rows.reserve(n * k);
      own.heaps = std::make_unique<Heaps>(keys, rows, k, n, shared.get());
      Worker<T> worker(search);
      worker.begin(0, n);
      while (control.go_on()) {
        const int64_t chunk = next.fetch_add(1, std::memory_order_relaxed);
        if (chunk >= chunks) return;
        worker.search(chunk, *own.heaps);
        control.step();
      }
    });
  });
  if (!control.go_on()) return control.outcome();
  const int width = n * k > 100000 ? grant.width : 1;
  openmp::run_team(width, [&](int rank, int size) {
    for (int64_t r = n * rank / size; r < n * (rank + 1) / size; ++r) {
      Heap merged = threads[0].heaps->at(r);
      for (size_t t = 1; t < threads.size(); ++t) {
        if (threads[t].heaps == nullptr) continue;  // the team was smaller
        const Heap other = threads[t].heaps->at(r);
        for (int64_t i = 0; i < other.count(); ++i) merged.offer(other.key(i), other.row(i));
      }
      merged.finish(search.metric);
    }
  });
  return 0;
}

// Buffers: X, Y, indices (Int32), distances (Float64).
// Frame: X (n × d), Y (m × d), metric, check, chunk, k.
template <typename T>
struct ArgKmin {
  static Napi::Value call(Frame& frame) {
    Problem<T> problem;
    problem.x = frame.matrix<T>(0);
    problem.y = frame.matrix<T>(1);
    problem.request = read_request(frame, problem.x, problem.y);
    problem.k = frame.count();
    if (problem.k < 1 || problem.k > problem.y.rows) {
      throw range_error(frame.env(), "heddle: k is not between 1 and the rows of Y");
    }
    problem.request.expected = static_cast<double>(problem.k);
    const int64_t length = checked_product(frame.env(), problem.x.rows, problem.k);
    problem.rows = frame.elements<int32_t>(2, length);
    problem.distances = frame.elements<double>(3, length);
    problem.progress = frame.progress();
    return perform(frame, problem.x, problem.y, [problem](const Grant& grant) -> double {
      if (problem.x.rows == 0) return 0;
      const Layout<T> layout = lay_out(problem.x, problem.y, problem.request, grant.width);
      return layout.over_y ? over_y(problem, layout, grant) : over_x(problem, layout, grant);
    });
  }
};

}  // namespace

void define_argkmin(call::Module& module) { define<ArgKmin>(module, "argKmin"); }

}  // namespace heddle::neighbors
