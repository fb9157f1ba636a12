#include "threadpools/limits.h"

#include <algorithm>

namespace heddle::threadpools {

int operation_limit(Api api) { return ThreadLimits::of_this_thread().operation_limit(api); }

ThreadLimits& ThreadLimits::of_this_thread() {
  thread_local ThreadLimits limits;
  return limits;
}

void ThreadLimits::recompute() {
  limits_[0] = limits_[1] = 0;
  for (const Lease& lease : leases_) {
    if (lease.kind != Kind::kLimit) continue;
    for (size_t api = 0; api < 2; ++api) {
      const int limit = lease.operations[api];
      if (limit != 0 && (limits_[api] == 0 || limit < limits_[api])) limits_[api] = limit;
    }
  }
}

ThreadLimits::Lease* ThreadLimits::find(LeaseId id) {
  for (auto lease = leases_.rbegin(); lease != leases_.rend(); ++lease) {
    if (lease->id == id) return &*lease;
  }
  return nullptr;
}

ThreadLimits::ThreadCount& ThreadLimits::own(const Runtime* runtime) {
  for (ThreadCount& known : own_) {
    if (known.runtime == runtime) return known;
  }
  own_.push_back({runtime, 0, {}});
  return own_.back();
}

// The last limit that was opened holds, as nobody else shares this count; without a limit the last
// default, and without any lease what was there before.
void ThreadLimits::apply(const ThreadCount& own) {
  int threads = own.original;
  for (const Kind kind : {Kind::kDefault, Kind::kLimit}) {
    for (const Request& request : own.requests) {
      if (request.kind == kind) threads = request.threads;
    }
  }
  own.runtime->thread.set(threads);
}

void ThreadLimits::add(Lease& lease, const Counts& counts) {
  // What is leased below must find its place: nobody else could give it back.
  lease.process.reserve(lease.process.size() + counts.size());
  lease.thread.reserve(lease.thread.size() + counts.size());
  for (const auto& [runtime, threads] : counts) {
    if (runtime->process != nullptr) {
      lease.process.emplace_back(runtime->process, runtime->process->lease(threads, lease.kind));
      continue;
    }
    const Runtime* root = runtime->root;
    ThreadCount& mine = own(root);
    if (mine.requests.empty()) mine.original = root->thread.get();
    const auto after = std::lower_bound(mine.requests.begin(), mine.requests.end(), lease.id,
                                        [](const Request& w, LeaseId id) { return w.id < id; });
    if (after != mine.requests.end() && after->id == lease.id) {
      // Two runtimes with one count below them: the smaller number of the two.
      after->threads = std::min(after->threads, threads);
    } else {
      mine.requests.insert(after, {lease.id, threads, lease.kind});
      lease.thread.push_back(root);
    }
    apply(mine);
  }
}

ThreadLimits::LeaseId ThreadLimits::open(const Counts& counts, int blas, int openmp, Kind kind) {
  spare_.reserve(spare_.size() + leases_.size() + 1);  // so that close() needs none
  if (spare_.empty()) {
    leases_.emplace_back();
  } else {
    leases_.push_back(std::move(spare_.back()));
    spare_.pop_back();
  }
  Lease& lease = leases_.back();
  lease.id = next_id_++;
  lease.operations[0] = blas;
  lease.operations[1] = openmp;
  lease.kind = kind;
  const LeaseId id = lease.id;
  try {
    add(lease, counts);
  } catch (...) {
    close(id);
    throw;
  }
  recompute();
  return id;
}

void ThreadLimits::extend(LeaseId id, const Counts& counts) {
  Lease* lease = find(id);
  if (lease != nullptr) add(*lease, counts);
}

void ThreadLimits::close(LeaseId id) {
  Lease* lease = find(id);
  if (lease == nullptr) return;
  for (const auto& [runtime, process_lease] : lease->process) runtime->release(process_lease);
  for (const Runtime* root : lease->thread) {
    ThreadCount& mine = own(root);  // there since the lease was opened
    mine.requests.erase(std::remove_if(mine.requests.begin(), mine.requests.end(),
                                       [id](const Request& request) { return request.id == id; }),
                        mine.requests.end());
    apply(mine);
  }
  lease->process.clear();
  lease->thread.clear();
  spare_.push_back(std::move(*lease));
  leases_.erase(leases_.begin() + (lease - leases_.data()));
  recompute();
}

void ThreadLimits::close_all() {
  while (!leases_.empty()) close(leases_.back().id);
}

}  // namespace heddle::threadpools
