// What an operation asks the executor for, and what it gets.
#pragma once

#include <atomic>

namespace heddle {

// Work that each further core must have to pay for waking it, in flops (about 0.2 ms).
constexpr double kWorkPerCore = 4e6;

enum class Parallelism {
  kBlas,  // wide = the BLAS library's own threads
  kTeam,  // wide = an OpenMP team whose members call BLAS with one thread
};

// What an operation asks for.
struct Demand {
  double work = 0;              // estimated floating-point operations
  double grain = kWorkPerCore;  // of them each core must have
  int max_threads = 1;          // the most cores that the caller allows, at least 1
  Parallelism parallelism = Parallelism::kBlas;
};

// What it gets.
struct Grant {
  int width = 1;  // cores, at most the demand's max_threads
  const std::atomic<bool>* cancelled = nullptr;

  // Whether the caller has given up: long operations look now and then and may stop early.
  bool is_cancelled() const { return cancelled != nullptr && cancelled->load(); }
};

}  // namespace heddle
