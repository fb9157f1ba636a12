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
  Measure measure;
  Transform transform;
  bool own = false;  // X is Y, and no row is to be its own neighbour
  bool check = true;
  int64_t chunk = 256;  // rows, from the configuration
  double expected = 0;  // rows of Y that each row of X is expected to keep
  int threads = 1;      // the most that the call may get
};

template <typename R>
struct Layout {
  Search<R> search;
  bool over_y = false;  // threads share the chunks of Y (X is short) instead of the blocks of X
  int64_t blocks = 1;   // of X
};

// Chooses chunks, blocks, the first tier and the direction. The layout refers to the request.
template <typename R, typename T>
Layout<R> lay_out(const View<T>& x, const View<T>& y, const Request& request, int width);

// Outcomes for TypeScript: 0, or which row must not be as it is, and why.
inline double outcome_of(const BadRow& found) {
  return -(3 * static_cast<double>(found.row) + static_cast<double>(found.kind) + 1);
}

// What the threads of one search have in common.
class Control : public call::Control {
 public:
  using call::Control::Control;

  // Runs `body`, and stops all threads where one finds a bad row.
  template <typename Body>
  void guard(Body&& body) {
    call::Control::guard([&] {
      try {
        body();
      } catch (const BadRow& found) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!found_ || found.row < found_->row) found_ = found;
        stop();
      }
    });
  }

  double outcome() const { return found_ ? outcome_of(*found_) : 0; }

 private:
  std::mutex mutex_;
  std::optional<BadRow> found_;
};

extern template Layout<Rows<double>> lay_out(const View<double>&, const View<double>&,
                                             const Request&, int);
extern template Layout<Rows<float>> lay_out(const View<float>&, const View<float>&, const Request&,
                                            int);
extern template Layout<Transformed<double>> lay_out(const View<double>&, const View<double>&,
                                                    const Request&, int);
extern template Layout<Transformed<float>> lay_out(const View<float>&, const View<float>&,
                                                   const Request&, int);

}  // namespace heddle::neighbors
