// How wide an operation runs, and whether it should start now.

#include "executor/policy.h"

#include <algorithm>
#include <cmath>

#include "executor/executor.h"

namespace heddle {

bool Executor::starts_at_once(const Ticket& ticket) const {
  if (paused_ || wide_blas_running_) return false;
  if (ticket.demand.work <= policy::kInlineWork) return true;
  // The common case, a narrow call on an idle machine, needs no trip through the queue.
  return blocking_.empty() && queued_.empty() && busy_ < budget() && widest(ticket.demand) == 1;
}

// The most cores that pay for the work and that all limits allow.
int Executor::widest(const Demand& demand) const {
  int most = std::min(demand.max_threads, budget());
  if (demand.parallelism == Parallelism::kBlas) {
    most = std::min(most, control_ != nullptr ? control_->ceiling() : 1);
    if (forks_ > 0) most = 1;
  }
  const double paying = std::floor(demand.work / demand.grain);
  return paying < most ? std::max(1, static_cast<int>(paying)) : std::max(most, 1);
}

// When the operations that run now will have ended, by estimate.
double Executor::drain_seconds() const {
  const auto now = Clock::now();
  double longest = 0;
  for (const Ticket* ticket : running_) {
    if (ticket->cores == 0) continue;
    const double elapsed = std::chrono::duration<double>(now - ticket->started).count();
    const double expected = ticket->demand.work / (rate_ * ticket->cores);
    // One that has outlived its estimate may as well take as long again.
    longest = std::max(longest, elapsed < expected ? expected - elapsed : elapsed);
  }
  return longest;
}

void Executor::learn(const Ticket& ticket) {
  const Clock::time_point now = Clock::now();
  if (ended_[0].source != ticket.source) ended_[1] = ended_[0];
  ended_[0] = {ticket.source, ticket.demand.work, now};
  if (ticket.grant.width != 1 || ticket.demand.work < policy::kWorkPerCore) return;
  const double seconds = std::chrono::duration<double>(now - ticket.started).count();
  if (seconds > 0) rate_ += 0.1 * (ticket.demand.work / seconds - rate_);
}

// Work that is likely to be asked for within the next `seconds`, while `head` runs: another source
// whose operation ended no longer ago than that is taken to come back with the like. Two threads
// that each call in a loop would take turns wide otherwise, since none waits when the other's call
// ends.
double Executor::expected_work(const Ticket& head, double seconds) const {
  const Ended& other = ended_[0].source != head.source ? ended_[0] : ended_[1];
  if (other.source == nullptr || other.source == head.source) return 0;
  const double ago = std::chrono::duration<double>(Clock::now() - other.at).count();
  return ago < seconds ? other.work : 0;
}

// The width at which `head` should start now, or 0 if it should wait. Compares when everything
// that is known would be done: `head` narrow now, as wide as there are free cores now, or wide once
// the others have ended.
int Executor::decide(const Ticket& head) const {
  if (paused_ || wide_blas_running_) return 0;
  const int cores = budget();
  const int free = cores - busy_;
  if (free <= 0) return 0;
  const int want = widest(head.demand);
  if (want == 1) return 1;

  const double own = head.demand.work / rate_;
  double others = std::max(0.0, queued_work_ - head.demand.work) / rate_;
  if (others == 0) others = expected_work(head, own) / rate_;
  const double drain = busy_ > 0 ? drain_seconds() : 0;
  const double narrow = std::max(own, (own + others) / cores);
  const double wide = drain + own / (want * policy::kWideEfficiency) + others / cores;
  if (head.demand.parallelism == Parallelism::kBlas) {
    if (narrow <= wide) return 1;
    return running_.empty() ? want : 0;  // alone in the process
  }
  const int partial = std::min(want, free);
  const double now = own / (partial * policy::kWideEfficiency) + others / cores;
  if (narrow <= std::min(now, wide)) return 1;
  return now <= wide ? partial : 0;
}

}  // namespace heddle
