// How a search is laid out over threads, and how its threads hear that they should stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "executor/executor.h"
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

// What the threads of one operation have in common.
class Control {
 public:
  // `progress`: null, or two numbers in shared memory: steps done, and all steps.
  Control(const Grant& grant, int32_t* progress, int64_t steps)
      : grant_(grant), progress_(progress) {
    if (progress_ == nullptr) return;
    // Steps are counted in units of which there are few enough for 32 bits.
    while (steps / unit_ > (int64_t{1} << 30)) unit_ *= 2;
    __atomic_store_n(&progress_[1], static_cast<int32_t>(steps / unit_), __ATOMIC_RELAXED);
  }

  // Called between chunks: whether to go on.
  bool go_on() const { return !stop_.load(std::memory_order_relaxed) && !grant_.is_cancelled(); }

  void step() {
    if (progress_ == nullptr) return;
    const int64_t done = done_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (done % unit_ == 0) __atomic_add_fetch(&progress_[0], 1, __ATOMIC_RELAXED);
  }

  // Runs `body`, and stops all threads where it finds a row that is not finite.
  template <typename Body>
  void guard(Body&& body) {
    try {
      body();
    } catch (const NotFinite& found) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!found_ || found.row < found_->row) found_ = found;
      stop_.store(true);
    } catch (...) {
      stop_.store(true);
      throw;
    }
  }

  double outcome() const { return found_ ? outcome_of(*found_) : 0; }

 private:
  const Grant& grant_;
  int32_t* progress_;
  int64_t unit_ = 1;
  std::atomic<int64_t> done_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::optional<NotFinite> found_;
};

// Keeps a BLAS whose thread count belongs to the calling thread at one thread on this one. (An
// OpenBLAS built on OpenMP sees by itself that it is called inside a team.)
class NarrowBlas {
 public:
  NarrowBlas();
  ~NarrowBlas();
  NarrowBlas(const NarrowBlas&) = delete;
  NarrowBlas& operator=(const NarrowBlas&) = delete;

 private:
  const blas::Blas* blas_ = nullptr;
  int before_ = 1;
};

// Whether a search of this shape may call BLAS, so that one must be there.
bool needs_blas(Metric metric);

extern template Layout<double> lay_out(const View<double>&, const View<double>&, const Request&,
                                       int);
extern template Layout<float> lay_out(const View<float>&, const View<float>&, const Request&, int);

}  // namespace heddle::neighbors
