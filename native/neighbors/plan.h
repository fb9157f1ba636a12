// How a search is laid out over threads, and how its threads hear that they should stop.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "blas/narrow.h"
#include "call/control.h"
#include "neighbors/search.h"
#include "openmp/team.h"

namespace heddle::neighbors {

// What a search is asked for, besides its operands.
struct Request {
  Metric metric = Metric::kEuclidean;
  bool check = true;
  int64_t chunk = 256;  // rows, from the configuration
  double expected = 0;  // rows of Y that each row of X is expected to keep
  int threads = 1;      // the most that the call may get
};

template <typename T>
struct Layout {
  Search<T> search;
  bool over_y = false;  // threads share the chunks of Y (X is short) instead of the blocks of X
  int64_t blocks = 1;   // of X
};

// Chooses chunks, blocks, the first tier and the direction.
template <typename T>
Layout<T> lay_out(const View<T>& x, const View<T>& y, const Request& request, int width);

// Outcomes for TypeScript: 0, or which row of which operand is not finite.
inline double outcome_of(const NotFinite& found) {
  const auto row = static_cast<double>(found.row);
  return found.of_y ? -(2 * row + 2) : -(2 * row + 1);
}

// What the threads of one search have in common.
class Control : public call::Control {
 public:
  using call::Control::Control;

  // Runs `body`, and stops all threads where it finds a row that is not finite.
  template <typename Body>
  void guard(Body&& body) {
    call::Control::guard([&] {
      try {
        body();
      } catch (const NotFinite& found) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!found_ || found.row < found_->row) found_ = found;
        stop();
      }
    });
  }

  double outcome() const { return found_ ? outcome_of(*found_) : 0; }

 private:
  std::mutex mutex_;
  std::optional<NotFinite> found_;
};

// Whether a search of this shape may call BLAS, so that one must be there.
bool needs_blas(Metric metric);

extern template Layout<double> lay_out(const View<double>&, const View<double>&, const Request&,
                                       int);
extern template Layout<float> lay_out(const View<float>&, const View<float>&, const Request&, int);

}  // namespace heddle::neighbors
