#include "executor/policy.h"

#include <algorithm>
#include <cmath>

namespace heddle::policy {

int widest(const Demand& demand, const Limits& limits) {
  int most = std::min(demand.max_threads, limits.budget);
  if (demand.parallelism == Parallelism::kBlas) {
    most = limits.fork_waiting ? 1 : std::min(most, limits.blas_ceiling);
  }
  const double paying = std::floor(demand.work / demand.grain);
  return paying < most ? std::max(1, static_cast<int>(paying)) : std::max(most, 1);
}

int decide(const Demand& head, const Load& load) {
  const int cores = load.limits.budget;
  const int free = cores - load.busy;
  if (free <= 0) return 0;
  const int want = widest(head, load.limits);
  if (want == 1) return 1;

  const double own = head.work / load.rate;
  const double others = (load.queued_work > 0 ? load.queued_work : load.expected_work) / load.rate;
  const double narrow = std::max(own, (own + others) / cores);
  const double wide = load.drain + own / (want * kWideEfficiency) + others / cores;
  if (head.parallelism == Parallelism::kBlas) {
    if (narrow <= wide) return 1;
    return load.idle ? want : 0;  // alone in the process
  }
  const int partial = std::min(want, free);
  const double now = own / (partial * kWideEfficiency) + others / cores;
  if (narrow <= std::min(now, wide)) return 1;
  return now <= wide ? partial : 0;
}

}  // namespace heddle::policy
