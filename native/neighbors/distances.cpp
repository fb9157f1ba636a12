#include "neighbors/distances.h"

#include "neighbors/arguments.h"
#include "neighbors/plan.h"
#include "openmp/team.h"

namespace heddle::neighbors {

namespace {

// Where a squared distance is less than this part of |x|² + |y|², the difference of the products
// has lost digits (more than six bits), and it is computed from the rows themselves.
constexpr double kCancelled = 1.0 / 64;

template <typename T>
struct Problem {
  View<T> x, y, out;
  Request request;
  int32_t* progress;
};

// Writes every exact value that a search by pairs or panels offers.
template <typename T>
class Writer {
 public:
  static constexpr bool kCountsAll = false;
  static constexpr bool kWantsAll = true;
  Writer(const Problem<T>& problem, int64_t first) : problem_(problem), first_(first) {}
  double bound(int64_t /*r*/) const { return HUGE_VAL; }
  bool offer(int64_t r, int64_t y, double ranking) const {
    problem_.out.at(first_ + r, y) = static_cast<T>(problem_.request.measure.distance(ranking));
    return true;
  }

 private:
  const Problem<T>& problem_;
  int64_t first_;
};

// One thread's part: blocks of X against chunks of Y by float64 products.
template <typename R, typename T>
class Products {
  using E = typename R::Element;

 public:
  Products(const Problem<T>& problem, const Search<R>& search)
      : problem_(problem), search_(search), metric_(search.measure.metric) {}

  void begin(int64_t first, int64_t count) {
    first_ = first;
    count_ = count;
    // As rows of Y: these are not scaled where products are what is asked for.
    x_.take_y(search_.x, metric_, centre(), first, count, search_.check);
  }

  void run(int64_t y0, int64_t y_count) {
    y_.take_y(search_.y, metric_, centre(), y0, y_count, search_.check);
    const int64_t columns = search_.columns();
    const bool product = metric_ == Metric::kDot;
    double* const values = values_.reserve(count_ * y_count);
    products(x_, 0, count_, y_, y_count, columns, product ? 1.0 : -2.0, values, y_count);
    for (int64_t r = 0; r < count_; ++r) {
      const double* const from = values + r * y_count;
      if (product) {
        for (int64_t j = 0; j < y_count; ++j) {
          problem_.out.at(first_ + r, y0 + j) = static_cast<T>(from[j]);
        }
      } else {
        row_of_squares(r, from, y0, y_count);
      }
    }
  }

 private:
  const double* centre() const { return search_.centre.empty() ? nullptr : search_.centre.data(); }

  void row_of_squares(int64_t r, const double* from, int64_t y0, int64_t y_count) {
    const double own = x_.square(r);
    const bool cosine = metric_ == Metric::kCosine;
    for (int64_t j = 0; j < y_count; ++j) {
      const double sum = own + y_.square(j);
      double ranking = from[j] + sum;
      if (cosine && (x_.unit(r) == 0 || y_.unit(j) == 0)) {
        ranking = kZeroRowRanking;
      } else if (!(ranking > kCancelled * sum)) {
        ranking = exact(r, y0 + j);
      }
      problem_.out.at(first_ + r, y0 + j) = static_cast<T>(search_.measure.distance(ranking));
    }
  }

  double exact(int64_t r, int64_t y) {
    const int64_t columns = search_.columns();
    const E* const left = search_.x.contiguous(first_ + r, room_x_);
    const E* const right = search_.y.contiguous(y, room_y_);
    if (metric_ != Metric::kCosine) {
      return pair_value(search_.measure.family(), left, right, columns);
    }
    double* const unit_x = unit_x_.reserve(columns);
    double* const unit_y = unit_y_.reserve(columns);
    convert(left, columns, nullptr, unit_scale(left, columns), unit_x);
    convert(right, columns, nullptr, unit_scale(right, columns), unit_y);
    return pair_value(Family::kSquares, unit_x, unit_y, columns);
  }

  const Problem<T>& problem_;
  const Search<R>& search_;
  const Metric metric_;
  int64_t first_ = 0;
  int64_t count_ = 0;
  Converted<double> x_, y_;
  Buffer<double> values_, unit_x_, unit_y_;
  Buffer<E> room_x_, room_y_;
};

template <typename R, typename T>
double fill(const Problem<T>& problem, const Grant& grant) {
  Layout<R> layout = lay_out<R>(problem.x, problem.y, problem.request, 1);
  Search<R>& search = layout.search;
  // Tasks are rectangles, some for each thread, whichever side is the longer.
  const int64_t block = std::min<int64_t>(search.block, 256);
  const int64_t blocks = (problem.x.rows + block - 1) / block;
  const int64_t chunks = search.chunks();
  const int64_t shares = int64_t{4} * grant.width;
  const int64_t wanted = std::max<int64_t>((shares + blocks - 1) / blocks, 1);
  const int64_t strip = std::max<int64_t>(std::min<int64_t>((chunks + wanted - 1) / wanted, 16), 1);
  const int64_t strips = (chunks + strip - 1) / strip;
  Control control(grant, problem.progress, blocks * chunks);
  std::atomic<int64_t> next{0};
  const bool exact = search.tier == Tier::kPairs || search.tier == Tier::kPanels;
  openmp::run_team(grant.width, [&](int, int) {
    const blas::NarrowBlas narrow;
    control.guard([&] {
      Worker<R> worker(search);
      Products<R, T> products(problem, search);
      while (true) {
        const int64_t task = next.fetch_add(1, std::memory_order_relaxed);
        if (task >= blocks * strips) return;
        const int64_t first = task / strips * block;
        const int64_t count = std::min(block, problem.x.rows - first);
        Writer<T> writer(problem, first);
        exact ? worker.begin(first, count) : products.begin(first, count);
        const int64_t last = std::min(chunks, (task % strips + 1) * strip);
        for (int64_t chunk = task % strips * strip; chunk < last; ++chunk) {
          if (!control.go_on()) return;
          if (exact) {
            worker.search(chunk, writer);
          } else {
            const int64_t y0 = chunk * search.chunk;
            products.run(y0, std::min(search.chunk, problem.y.rows - y0));
          }
          control.step();
        }
      }
    });
  });
  return control.outcome();
}

// Buffers: X, Y, the result, scale.
// Frame: X (n × d), Y (m × d), the result (n × m), settings.
template <typename T>
struct Distances {
  static Napi::Value call(Frame& frame) {
    Problem<T> problem;
    problem.x = frame.matrix<T>(0);
    problem.y = frame.matrix<T>(1);
    problem.out = frame.matrix<T>(2);
    problem.request = read_request(frame, problem.x, problem.y, 3);
    if (problem.out.rows != problem.x.rows || problem.out.columns != problem.y.rows) {
      throw range_error(frame.env(), "heddle: the shape of the distances does not fit");
    }
    frame.require_apart(problem.out, problem.x, problem.y);
    problem.progress = frame.progress();
    return perform(frame, problem.x, problem.y, [problem](const Grant& grant) -> double {
      if (problem.out.size() == 0) return 0;
      return with_rows<T>(problem.request, [&](auto as) {
        return fill<typename decltype(as)::Type>(problem, grant);
      });
    });
  }
};

}  // namespace

void define_distances(call::Module& module) { define<Distances>(module, "distances"); }

}  // namespace heddle::neighbors
