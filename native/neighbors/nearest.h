// The k nearest rows of Y for each row of X: what is done with them is up to who asks.
#pragma once

#include <atomic>
#include <cmath>
#include <memory>
#include <vector>

#include "neighbors/heap.h"
#include "neighbors/plan.h"
#include "openmp/team.h"

namespace heddle::neighbors {

// What is asked for. Without a place in the result, neighbours are kept only for as long as it
// takes.
struct Nearest {
  int64_t k = 1;
  bool own = false;             // X is Y, and no row is its own neighbour
  int32_t* rows = nullptr;      // n × k, or null
  double* distances = nullptr;  // n × k, or null
  int32_t* progress = nullptr;
};

// The k best of some rows of X: heaps over rows of the result, or over memory of its own.
class Heaps {
 public:
  static constexpr bool kCountsAll = false;
  static constexpr bool kWantsAll = false;

  // `own`: which row of Y the first row of X is, and is no neighbour of; below 0: none.
  Heaps(double* keys, int32_t* rows, int64_t k, int64_t count, int64_t own,
        std::atomic<double>* shared)
      : keys_(keys),
        rows_(rows),
        k_(k),
        counts_(static_cast<size_t>(count), 0),
        own_(own),
        shared_(shared) {}

  Heap at(int64_t r) {
    return {keys_ + r * k_, rows_ + r * k_, k_, counts_[static_cast<size_t>(r)]};
  }

  double bound(int64_t r) {
    const double own = at(r).bound();
    if (shared_ == nullptr) return own;
    return std::fmin(own, shared_[r].load(std::memory_order_relaxed));
  }

  bool offer(int64_t r, int64_t y, double ranking) {
    if (own_ >= 0 && own_ + r == y) return false;
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
  int64_t own_;
  std::atomic<double>* shared_;
};

// Threads take blocks of X; the heaps are the rows of the result, where one is wanted.
template <typename R, typename Done>
double nearest_over_x(const Nearest& wanted, const Layout<R>& layout, const Grant& grant,
                      Done&& done) {
  const Search<R>& search = layout.search;
  const int64_t chunks = search.chunks();
  Control control(grant, wanted.progress, layout.blocks * chunks);
  std::atomic<int64_t> next{0};
  openmp::run_team(grant.width, [&](int, int) {
    const blas::NarrowBlas narrow;
    control.guard([&] {
      Worker<R> worker(search);
      Buffer<double> own_keys;
      Buffer<int32_t> own_rows;
      while (true) {
        const int64_t block = next.fetch_add(1, std::memory_order_relaxed);
        if (block >= layout.blocks) return;
        const int64_t first = block * search.block;
        const int64_t count = std::min(search.block, search.x.count() - first);
        double* const keys = wanted.distances != nullptr
                                 ? wanted.distances + first * wanted.k
                                 : own_keys.reserve(search.block * wanted.k);
        int32_t* const rows = wanted.rows != nullptr ? wanted.rows + first * wanted.k
                                                     : own_rows.reserve(search.block * wanted.k);
        Heaps heaps(keys, rows, wanted.k, count, wanted.own ? first : -1, nullptr);
        worker.begin(first, count);
        for (int64_t chunk = 0; chunk < chunks; ++chunk) {
          if (!control.go_on()) return;
          worker.search(chunk, heaps);
          control.step();
        }
        for (int64_t r = 0; r < count; ++r) {
          Heap heap = heaps.at(r);
          heap.finish(search.measure);
          done(first + r, keys + r * wanted.k, rows + r * wanted.k, heap.count());
        }
      }
    });
  });
  return control.outcome();
}

// Threads take chunks of Y, each with heaps for all rows of X, which are merged in the end.
template <typename R, typename Done>
double nearest_over_y(const Nearest& wanted, const Layout<R>& layout, const Grant& grant,
                      Done&& done) {
  const Search<R>& search = layout.search;
  const int64_t n = search.x.count();
  const int64_t k = wanted.k;
  const int64_t chunks = search.chunks();
  Control control(grant, wanted.progress, chunks);
  std::atomic<int64_t> next{0};
  const std::unique_ptr<std::atomic<double>[]> shared(
      new std::atomic<double>[static_cast<size_t>(n)]);
  for (int64_t r = 0; r < n; ++r) shared[static_cast<size_t>(r)].store(HUGE_VAL);
  struct Own {
    Buffer<double> keys;
    Buffer<int32_t> rows;
    double* at = nullptr;
    int32_t* rows_at = nullptr;
    std::unique_ptr<Heaps> heaps;
  };
  std::vector<Own> threads(static_cast<size_t>(grant.width));
  openmp::run_team(grant.width, [&](int rank, int) {
    const blas::NarrowBlas narrow;
    control.guard([&] {
      Own& own = threads[static_cast<size_t>(rank)];
      // The first thread's are the result's, where one is wanted: the others are merged into them.
      const bool result_keys = rank == 0 && wanted.distances != nullptr;
      const bool result_rows = rank == 0 && wanted.rows != nullptr;
      own.at = result_keys ? wanted.distances : own.keys.reserve(n * k);
      own.rows_at = result_rows ? wanted.rows : own.rows.reserve(n * k);
      own.heaps =
          std::make_unique<Heaps>(own.at, own.rows_at, k, n, wanted.own ? 0 : -1, shared.get());
      Worker<R> worker(search);
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
      merged.finish(search.measure);
      done(r, threads[0].at + r * k, threads[0].rows_at + r * k, merged.count());
    }
  });
  return 0;
}

// Searches, and calls `done(row, distances, rows, count)` for each row of X, on some thread, with
// its neighbours in order: `count` of them, fewer than k only where NaN is let in. Returns an
// outcome.
template <typename R, typename T, typename Done>
double search_nearest(const View<T>& x, const View<T>& y, const Request& request,
                      const Nearest& wanted, const Grant& grant, Done&& done) {
  if (x.rows == 0) return 0;
  const Layout<R> layout = lay_out<R>(x, y, request, grant.width);
  return layout.over_y ? nearest_over_y(wanted, layout, grant, done)
                       : nearest_over_x(wanted, layout, grant, done);
}

// Whether there are k neighbours to be found.
inline void require_count(napi_env env, const Request& request, int64_t k, int64_t y_rows) {
  if (k < 1 || k > y_rows - (request.own ? 1 : 0)) {
    throw range_error(env, "heddle: k is not between 1 and the rows of Y");
  }
}

}  // namespace heddle::neighbors
