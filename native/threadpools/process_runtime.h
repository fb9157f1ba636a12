// The thread count of a runtime that has one count for the whole process (OpenBLAS on pthreads,
// BLIS, MKL, libvips).
//
// Owns the rules by which several users share that one count. Pairs of "save, set" and "restore"
// that overlap leave the process at the wrong value for ever; here each user holds a lease, and
// the count follows from the leases that live.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace heddle::threadpools {

class ProcessRuntime {
 public:
  // The numbers that make up a library's state.
  using State = std::array<int, 6>;
  // How the library's count is read and written.
  struct Functions {
    std::function<int()> get;
    std::function<void(int)> set;
    // Where a count alone doesn't tell the library's state (BLIS's ways per loop): reads what has
    // to be put back, and puts it back. May be empty.
    std::function<void(State&)> save{};
    std::function<void(const State&)> restore{};
  };
  using LeaseId = uint64_t;
  enum class Kind {
    kLimit,    // a user's limit: binds Heddle's own operations too
    kDefault,  // a default for other people's code, in force while there is no limit
  };

  explicit ProcessRuntime(Functions functions);
  ProcessRuntime(const ProcessRuntime&) = delete;
  ProcessRuntime& operator=(const ProcessRuntime&) = delete;

  // What the library says now.
  int get() const { return functions_.get(); }

  // The count is the smallest of the live limits, else of the live defaults; when the last one
  // ends, it is again what it was before the first. Leases may end in any order and on any thread.
  LeaseId lease(int threads, Kind kind = Kind::kLimit);
  void release(LeaseId id);

  // The smallest live lease of Kind::kLimit, 0 where there is none. Takes no lock.
  int lease_limit() const { return lease_limit_.load(std::memory_order_acquire); }

  // Sets the count for a call that is about to be made, whatever the leases say: the executor has
  // counted on lease_limit() when it chose the width. Any number of overrides may be active at
  // a time; of different ones the smallest holds. When the last ends, the leases hold again.
  // While an equal override is active, neither function takes a lock. Neither throws while at most
  // kOverrides different counts are wanted; beyond that the first may, and has done nothing then.
  static constexpr size_t kOverrides = 16;
  void begin_override(int threads);
  void end_override(int threads);

  // begin_override and end_override around a scope.
  class Override {
   public:
    Override(ProcessRuntime& runtime, int threads) : runtime_(runtime), threads_(threads) {
      runtime_.begin_override(threads_);
    }
    ~Override() { runtime_.end_override(threads_); }
    Override(const Override&) = delete;
    Override& operator=(const Override&) = delete;

   private:
    ProcessRuntime& runtime_;
    int threads_;
  };

 private:
  struct Lease {
    LeaseId id;
    int threads;
    Kind kind;
  };

  void apply(int wanted);               // sets the count, or restores it where 0; mutex_ held
  int smallest_lease(Kind kind) const;  // mutex_ held
  int wanted_by_leases() const;         // mutex_ held

  const Functions functions_;
  std::mutex mutex_;
  std::vector<Lease> leases_;
  // Active overrides by count, the smallest first, where there are different ones.
  struct Active {
    int threads;
    uint32_t users;
  };
  void add_override(int threads, uint32_t users);  // there is room for it; mutex_ held
  std::vector<Active> overrides_;
  LeaseId next_id_ = 1;
  bool active_ = false;  // whether the count is ours at present, and these hold what it was:
  int original_ = 0;
  State state_{};
  std::atomic<int> lease_limit_{0};
  // Where all active overrides are equal: their count in the upper half, how many in the lower.
  std::atomic<uint64_t> equal_overrides_{0};
};

}  // namespace heddle::threadpools
