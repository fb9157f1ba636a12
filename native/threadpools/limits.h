// The limits that one JavaScript thread has opened.
//
// Owns what a thread must give back when its environment ends: leases on counts of the process,
// and the counts of its own that it has changed in runtimes which count by thread.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "threadpools/registry.h"

namespace heddle::threadpools {

// Operations of Heddle's own, by what they run on.
enum class Api { kBlas, kOpenmp };

// The limit that leases opened on the calling thread put on Heddle's own operations submitted
// from it; 0 where there is none. Read by the executor at submission, on the JavaScript thread.
// Takes no lock. A limit on the process-wide count of the BLAS itself, opened on whichever
// thread, is ProcessRuntime::lease_limit().
int operation_limit(Api api);

// The leases of one thread. Not for sharing: each thread uses its own.
class ThreadLimits {
 public:
  using LeaseId = uint64_t;
  using Counts = std::vector<std::pair<const Runtime*, int>>;
  using Kind = ProcessRuntime::Kind;

  static ThreadLimits& of_this_thread();

  ThreadLimits() = default;
  ThreadLimits(const ThreadLimits&) = delete;
  ThreadLimits& operator=(const ThreadLimits&) = delete;

  // Applies at once. `blas` and `openmp` are limits on Heddle's own operations, 0 for none.
  LeaseId open(const Counts& counts, int blas, int openmp, Kind kind);
  // Adds runtimes that were found after the lease was opened.
  void extend(LeaseId id, const Counts& counts);
  void close(LeaseId id);
  // For an environment that ends.
  void close_all();

  int operation_limit(Api api) const { return limits_[static_cast<size_t>(api)]; }

 private:
  struct Lease {
    LeaseId id = 0;
    int operations[2] = {0, 0};
    Kind kind = Kind::kLimit;
    std::vector<std::pair<ProcessRuntime*, ProcessRuntime::LeaseId>> process;
    std::vector<const Runtime*> thread;
  };
  // What a lease wants of a count of this thread.
  struct Request {
    LeaseId id;
    int threads;
    Kind kind;
  };
  // The count of one runtime on this thread.
  struct ThreadCount {
    const Runtime* runtime;
    int original = 0;
    std::vector<Request> requests;  // in the order of their leases
  };

  Lease* find(LeaseId id);
  ThreadCount& own(const Runtime* runtime);
  static void apply(const ThreadCount& own);
  void add(Lease& lease, const Counts& counts);
  void recompute();

  // Few at a time: looking through them is faster than any index.
  std::vector<Lease> leases_;
  std::vector<Lease> spare_;  // their lists keep the room they have
  std::vector<ThreadCount> own_;
  LeaseId next_id_ = 1;
  int limits_[2] = {0, 0};
};

}  // namespace heddle::threadpools
