// What the executor tells of itself, and what it notes of each thread's operations.
#include "executor/executor.h"

namespace heddle {

ExecutorStats Executor::stats(bool reset_peak) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ExecutorStats now{};
  now.budget = budget();
  now.busy = busy_;
  now.peak = peak_;
  now.threads = threads_;
  now.queued = blocking_.size() + queued_.size();
  now.running = running_.size();
  now.wide = wide_count_;
  now.narrow = narrow_count_;
  if (reset_peak) peak_ = busy_;
  return now;
}

size_t Executor::take_spans(CoreSpans::Taken& out) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return CoreSpans::here().take(Clock::now(), out);
}

// An operation that could not start at once waits, for its thread's spans.
void Executor::note_waiting(Ticket& ticket) {
  if (ticket.state != Ticket::State::kQueued) return;
  ticket.waits = true;
  ticket.source->waits(Clock::now());
}

void Executor::note_given_up(Ticket& ticket) {
  if (!ticket.waits) return;
  ticket.waits = false;
  ticket.source->given_up(Clock::now());
}

}  // namespace heddle
