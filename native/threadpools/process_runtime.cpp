#include "threadpools/process_runtime.h"

#include <algorithm>
#include <utility>

namespace heddle::threadpools {

namespace {

constexpr uint64_t pack(int threads, uint32_t users) {
  return static_cast<uint64_t>(static_cast<uint32_t>(threads)) << 32 | users;
}
constexpr int threads_of(uint64_t state) { return static_cast<int>(state >> 32); }
constexpr uint32_t users_of(uint64_t state) { return static_cast<uint32_t>(state); }

}  // namespace

ProcessRuntime::ProcessRuntime(Functions functions) : functions_(std::move(functions)) {
  overrides_.reserve(kOverrides);
}

int ProcessRuntime::smallest_lease(Kind kind) const {
  int smallest = 0;
  for (const Lease& lease : leases_) {
    if (lease.kind == kind && (smallest == 0 || lease.threads < smallest)) smallest = lease.threads;
  }
  return smallest;
}

int ProcessRuntime::wanted_by_leases() const {
  const int limit = lease_limit();
  return limit != 0 ? limit : smallest_lease(Kind::kDefault);
}

void ProcessRuntime::apply(int wanted) {
  if (wanted != 0) {
    if (!active_) {
      if (functions_.save) {
        functions_.save(state_);
      } else {
        original_ = functions_.get();
      }
      active_ = true;
    }
    functions_.set(wanted);
  } else if (active_) {
    active_ = false;
    if (functions_.restore) {
      functions_.restore(state_);
    } else {
      functions_.set(original_);
    }
  }
}

ProcessRuntime::LeaseId ProcessRuntime::lease(int threads, Kind kind) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const LeaseId id = next_id_++;
  leases_.push_back({id, threads, kind});
  lease_limit_.store(smallest_lease(Kind::kLimit), std::memory_order_release);
  const bool overridden =
      equal_overrides_.load(std::memory_order_acquire) != 0 || !overrides_.empty();
  if (!overridden) apply(wanted_by_leases());
  return id;
}

void ProcessRuntime::release(LeaseId id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found =
      std::find_if(leases_.begin(), leases_.end(), [id](const Lease& l) { return l.id == id; });
  if (found == leases_.end()) return;
  leases_.erase(found);
  lease_limit_.store(smallest_lease(Kind::kLimit), std::memory_order_release);
  const bool overridden =
      equal_overrides_.load(std::memory_order_acquire) != 0 || !overrides_.empty();
  if (!overridden) apply(wanted_by_leases());
}

void ProcessRuntime::begin_override(int threads) {
  uint64_t state = equal_overrides_.load(std::memory_order_acquire);
  while (users_of(state) > 0 && threads_of(state) == threads) {
    if (equal_overrides_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) return;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  // From zero the state only changes under the lock; from above it may still go up or down.
  state = equal_overrides_.load(std::memory_order_acquire);
  while (users_of(state) > 0 && threads_of(state) == threads) {
    if (equal_overrides_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) return;
  }
  if (users_of(state) == 0 && overrides_.empty()) {
    // The count is set before others may rely on it.
    apply(threads);
    equal_overrides_.store(pack(threads, 1), std::memory_order_release);
    return;
  }
  overrides_.reserve(overrides_.size() + 2);
  state = equal_overrides_.exchange(0, std::memory_order_acq_rel);
  if (users_of(state) > 0) add_override(threads_of(state), users_of(state));
  add_override(threads, 1);
  apply(overrides_.front().threads);
}

void ProcessRuntime::add_override(int threads, uint32_t users) {
  const auto at = std::find_if(overrides_.begin(), overrides_.end(),
                               [&](const Active& active) { return active.threads >= threads; });
  if (at != overrides_.end() && at->threads == threads) {
    at->users += users;
  } else {
    overrides_.insert(at, {threads, users});
  }
}

void ProcessRuntime::end_override(int threads) {
  uint64_t state = equal_overrides_.load(std::memory_order_acquire);
  while (users_of(state) > 1 && threads_of(state) == threads) {
    if (equal_overrides_.compare_exchange_weak(state, state - 1, std::memory_order_acq_rel)) return;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  state = equal_overrides_.load(std::memory_order_acquire);
  while (users_of(state) > 0 && threads_of(state) == threads) {
    const uint64_t next = users_of(state) == 1 ? 0 : state - 1;
    if (equal_overrides_.compare_exchange_weak(state, next, std::memory_order_acq_rel)) {
      if (next == 0) apply(wanted_by_leases());
      return;
    }
  }
  const auto found = std::find_if(overrides_.begin(), overrides_.end(),
                                  [&](const Active& active) { return active.threads == threads; });
  if (found == overrides_.end()) return;
  if (--found->users == 0) overrides_.erase(found);
  apply(overrides_.empty() ? wanted_by_leases() : overrides_.front().threads);
}

}  // namespace heddle::threadpools
