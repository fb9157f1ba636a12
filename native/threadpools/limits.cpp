#include "threadpools/limits.h"

namespace heddle::threadpools {

int operation_limit(Api api) { return ThreadLimits::of_this_thread().operation_limit(api); }

ThreadLimits& ThreadLimits::of_this_thread() {
  thread_local ThreadLimits limits;
  return limits;
}

void ThreadLimits::reckon() {
  limits_[0] = limits_[1] = 0;
  for (const auto& [id, lease] : leases_) {
    if (lease.kind != Kind::kLimit) continue;
    for (size_t api = 0; api < 2; ++api) {
      const int limit = lease.operations[api];
      if (limit != 0 && (limits_[api] == 0 || limit < limits_[api])) limits_[api] = limit;
    }
  }
}

void ThreadLimits::add(LeaseId id, Lease& lease, const Counts& counts) {
  for (const auto& [runtime, threads] : counts) {
    if (runtime->process != nullptr) {
      lease.process.emplace_back(runtime->process, runtime->process->lease(threads, lease.kind));
      continue;
    }
    const Runtime* root = runtime->root;
    Own& own = own_[root];
    if (own.limits.empty() && own.defaults.empty()) own.original = root->thread.get();
    auto& mine = lease.kind == Kind::kLimit ? own.limits : own.defaults;
    // Two runtimes with one count below them: the smaller number of the two.
    const auto [place, added] = mine.emplace(id, threads);
    if (added) {
      lease.thread.push_back(root);
    } else if (threads < place->second) {
      place->second = threads;
    }
    const auto& ruling = own.limits.empty() ? own.defaults : own.limits;
    root->thread.set(ruling.rbegin()->second);
  }
}

ThreadLimits::LeaseId ThreadLimits::open(const Counts& counts, int blas, int openmp, Kind kind) {
  const LeaseId id = next_id_++;
  Lease& lease = leases_[id];
  lease.operations[0] = blas;
  lease.operations[1] = openmp;
  lease.kind = kind;
  add(id, lease, counts);
  reckon();
  return id;
}

void ThreadLimits::extend(LeaseId id, const Counts& counts) {
  const auto found = leases_.find(id);
  if (found != leases_.end()) add(id, found->second, counts);
}

void ThreadLimits::close(LeaseId id) {
  const auto found = leases_.find(id);
  if (found == leases_.end()) return;
  for (const auto& [runtime, lease] : found->second.process) runtime->release(lease);
  for (const Runtime* root : found->second.thread) {
    Own& own = own_[root];
    own.limits.erase(id);
    own.defaults.erase(id);
    const auto& ruling = own.limits.empty() ? own.defaults : own.limits;
    root->thread.set(ruling.empty() ? own.original : ruling.rbegin()->second);
  }
  leases_.erase(found);
  reckon();
}

void ThreadLimits::close_all() {
  while (!leases_.empty()) close(leases_.rbegin()->first);
}

}  // namespace heddle::threadpools
