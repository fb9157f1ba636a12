#include "executor/executor.h"

#include <algorithm>
#include <thread>

#if defined(__linux__)
#include <pthread.h>
#endif

namespace heddle {

Executor& Executor::instance() {
  // Never destroyed: compute threads outlive every environment and may run during exit.
  static auto* const executor = new Executor();
  return *executor;
}

void Executor::set_budget(int cores) {
  const std::lock_guard<std::mutex> lock(mutex_);
  budget_.store(std::max(cores, 1));
  dispatch();
}

void Executor::set_thread_control(ThreadControl* control) {
  const std::lock_guard<std::mutex> lock(mutex_);
  control_ = control;
}

void Executor::set_account(CoreAccount* account) {
  const std::lock_guard<std::mutex> lock(mutex_);
  account_ = account;
}

// ---- Callers that block -----------------------------------------------------------------------

void Executor::run_blocking(Ticket& ticket) {
  ticket.source = &CoreSpans::here();
  {
    std::unique_lock<std::mutex> lock(mutex_);
    if (starts_at_once(ticket)) {
      ticket.with_caller = true;
      start(ticket, 1);
    } else {
      std::condition_variable wake;
      ticket.wake = &wake;
      queued_work_ += ticket.demand.work;
      blocking_.push_back(ticket);
      dispatch(&ticket);
      note_waiting(ticket);
      wake.wait(lock, [&] { return ticket.state == Ticket::State::kDone || ticket.with_caller; });
      ticket.wake = nullptr;
    }
  }
  if (ticket.with_caller) run_here(ticket);
  if (ticket.error) std::rethrow_exception(ticket.error);
}

// Runs what has been started, on the thread that calls.
void Executor::run_here(Ticket& ticket) {
  call(ticket);
  const std::lock_guard<std::mutex> lock(mutex_);
  finish(ticket);
  dispatch();
}

// ---- Jobs -------------------------------------------------------------------------------------

void Executor::tell(Ticket& ticket, bool ran) {
  Job* const job = ticket.job;
  job->done(std::unique_ptr<Job>(job), ran);
}

void Executor::submit(std::unique_ptr<Job> job) {
  Ticket& ticket = job->ticket_;
  ticket.demand = job->demand;
  ticket.owner = job->owner;
  ticket.source = &CoreSpans::here();
  ticket.grant.cancelled = &job->cancelled;
  ticket.job = job.release();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    // What is queued is started by a compute thread that ends another operation, at the latest.
    if (threads_ > 0 || has_thread()) {
      queued_work_ += ticket.demand.work;
      queued_.push_back(ticket);
      dispatch();
      note_waiting(ticket);
      return;
    }
  }
  Ticket here;
  here.demand = ticket.demand;
  here.context = &ticket;
  here.call = [](void* waiting, const Grant& grant) {
    static_cast<Ticket*>(waiting)->job->run(grant);
  };
  run_blocking(here);
  tell(ticket, true);
}

void Executor::cancel(const Job* job) {
  Ticket* ticket = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto is_it = [&](const Ticket& candidate) { return candidate.job == job; };
    ticket = queued_.find(is_it);
    if (ticket == nullptr) {
      const Ticket* const running = running_.find(is_it);
      if (running != nullptr) running->job->cancelled.store(true);
      return;
    }
    queued_.erase(*ticket);
    queued_work_ -= ticket->demand.work;
    note_given_up(*ticket);
    ticket->job->cancelled.store(true);
    dispatch();  // what stood behind it may now start
  }
  tell(*ticket, false);
}

void Executor::drain(const void* owner) {
  List<Ticket> dropped;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto owned = [&](const Ticket& ticket) { return ticket.owner == owner; };
    queued_.each([&](Ticket& ticket) {
      if (!owned(ticket)) return;
      queued_.erase(ticket);
      queued_work_ -= ticket.demand.work;
      note_given_up(ticket);
      dropped.push_back(ticket);
    });
    dispatch();
    running_.each([&](const Ticket& ticket) {
      if (owned(ticket)) ticket.job->cancelled.store(true);
    });
    changed_.wait(lock, [&] {
      return running_.find(owned) == nullptr && delivering_.find(owned) == nullptr;
    });
  }
  dropped.each([](Ticket& ticket) { tell(ticket, false); });
}

void Executor::exclusively(const std::function<void()>& change) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return !paused_; });
  paused_ = true;
  changed_.wait(lock, [&] { return running_.empty(); });
  lock.unlock();
  std::exception_ptr error;
  try {
    change();
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  paused_ = false;
  dispatch();
  changed_.notify_all();
  lock.unlock();
  if (error) std::rethrow_exception(error);
}

// ---- Fork and exit ----------------------------------------------------------------------------

void Executor::before_fork() {
  std::unique_lock<std::mutex> lock(mutex_);
  // No wide call starts from here on: callers who keep coming must not starve the fork.
  ++forks_;
  if (control_ == nullptr || !control_->fork_unsafe()) return;
  changed_.wait(lock, [&] { return !wide_blas_running_; });
}

void Executor::after_fork() {
  const std::lock_guard<std::mutex> lock(mutex_);
  --forks_;
  dispatch();
}

bool Executor::stop_within(std::chrono::milliseconds limit) {
  std::unique_lock<std::mutex> lock(mutex_);
  paused_ = true;
  return changed_.wait_for(lock, limit, [&] { return running_.empty(); });
}

// ---- What is decided, and from what ------------------------------------------------------------

// How many cores may be in use now.
int Executor::cores() const {
  if (account_ == nullptr) return budget();
  const int available = account_->available(budget());
  return insists_ ? std::max(available, budget()) : available;
}

// Whether it takes no core of the budget where the thread that calls runs it.
bool Executor::is_small(const Ticket& ticket) { return ticket.demand.work <= policy::kInlineWork; }

policy::Limits Executor::limits() const {
  return {cores(), control_ != nullptr ? control_->ceiling() : 1, forks_ > 0};
}

bool Executor::starts_at_once(const Ticket& ticket) {
  if (paused_ || wide_blas_running_) return false;
  if (is_small(ticket)) return true;
  // The common case, a narrow call on an idle machine, needs no trip through the queue.
  return blocking_.empty() && queued_.empty() && busy_ < cores() &&
         policy::widest(ticket.demand, limits()) == 1 && take(ticket, 1);
}

int Executor::decide(const Ticket& head) const {
  if (paused_ || wide_blas_running_) return 0;
  policy::Load load;
  load.limits = limits();
  load.busy = busy_;
  load.idle = running_.empty();
  load.rate = rate_;
  load.drain = busy_ > 0 ? drain_seconds() : 0;
  load.queued_work = std::max(0.0, queued_work_ - head.demand.work);
  load.expected_work = expected_work(head, head.demand.work / rate_);
  return policy::decide(head.demand, load);
}

// When the operations that run now will have ended, by estimate.
double Executor::drain_seconds() const {
  const auto now = Clock::now();
  double longest = 0;
  running_.each([&](const Ticket& ticket) {
    if (ticket.cores == 0) return;
    const double elapsed = std::chrono::duration<double>(now - ticket.started).count();
    const double expected = ticket.demand.work / (rate_ * ticket.cores);
    // One that has outlived its estimate may as well take as long again.
    longest = std::max(longest, elapsed < expected ? expected - elapsed : elapsed);
  });
  return longest;
}

void Executor::learn(const Ticket& ticket, Clock::time_point now) {
  if (ended_[0].source != ticket.source) ended_[1] = ended_[0];
  ended_[0] = {ticket.source, ticket.demand.work, now};
  if (ticket.grant.width != 1 || ticket.demand.work < kWorkPerCore) return;
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

// ---- Starting and finishing -------------------------------------------------------------------

// The queue whose head goes next, or null.
List<Ticket>* Executor::next_queue() {
  if (blocking_.empty()) return queued_.empty() ? nullptr : &queued_;
  return !queued_.empty() && blocking_turns_ >= policy::kBlockingTurns ? &queued_ : &blocking_;
}

// Starts what may start now. `own` is of the thread that calls, which can run it itself.
void Executor::dispatch(Ticket* own) {
  while (List<Ticket>* queue = next_queue()) {
    Ticket& head = queue->front();
    const int width = decide(head);
    if (width == 0) {
      if (waits_for_cores()) return;
      continue;
    }
    const bool blocks = queue == &blocking_;
    const bool at_once = &head == own && width == 1;
    // Without a thread for it a job waits for one that is busy now; its turn comes back then.
    const bool threaded = !at_once && has_thread();
    if (!threaded && !blocks) return;
    const bool costs_nothing = !threaded && is_small(head);
    // Where other processes have become busy meanwhile there is less to decide on.
    if (!costs_nothing && !take(head, width)) continue;
    queue->erase(head);
    blocking_turns_ = blocks && !queued_.empty() ? blocking_turns_ + 1 : 0;
    queued_work_ -= head.demand.work;
    if (blocking_.empty() && queued_.empty()) queued_work_ = 0;  // no drift from rounding
    head.with_caller = !threaded;
    start(head, width);
    if (threaded) {
      hand_to_thread(head);
    } else if (&head != own) {
      head.wake->notify_one();
    }
  }
}

// Notes an operation that is to start in the account.
bool Executor::take(const Ticket& ticket, int width) {
  if (account_ == nullptr) return true;
  const bool wide_blas = width > 1 && ticket.demand.parallelism == Parallelism::kBlas;
  const int total = wide_blas ? width : busy_ + width;
  return account_->take(total, budget()) || (insists_ && total <= budget());
}

void Executor::give() {
  if (account_ != nullptr) account_->give(busy_, budget());
}

// What stands at the head of the queue waits. Where it is another process's operation that keeps it
// from a core of ours, a thread waits for that to end; without a thread to be had the core is taken
// nevertheless, and this is false.
bool Executor::waits_for_cores() {
  if (account_ == nullptr || paused_ || wide_blas_running_) return true;
  if (busy_ >= budget()) return true;
  // There are some again since it was decided. Unless an operation of ours ends that looks at the
  // queue then, nobody would: it is decided anew.
  if (busy_ < cores()) return !running_.empty();
  if (!watching_account_) {
    try {
      std::thread([this] { watch_account(); }).detach();
      watching_account_ = true;
    } catch (...) {
      insists_ = true;
      return false;
    }
  }
  short_of_cores_ = true;
  shortage_.notify_one();
  return true;
}

void Executor::watch_account() {
#if defined(__linux__)
  pthread_setname_np(pthread_self(), "heddle-cores");
#endif
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    shortage_.wait(lock, [&] { return short_of_cores_; });
    const int32_t seen = account_->given_back();
    short_of_cores_ = false;
    dispatch();
    if (!short_of_cores_) continue;
    lock.unlock();
    account_->wait(seen);
    lock.lock();
  }
}

void Executor::start(Ticket& ticket, int width) {
  ticket.state = Ticket::State::kRunning;
  ticket.grant.width = width;
  if (!(ticket.with_caller && is_small(ticket))) {
    ticket.cores = ticket.wide_blas() ? std::max(budget(), width) : width;
    ticket.started = Clock::now();
    ticket.source->starts(ticket.started, width, ticket.waits);
    ticket.waits = false;
  } else {
    note_given_up(ticket);
  }
  running_.push_back(ticket);
  busy_ += ticket.cores;
  peak_ = std::max(peak_, ticket.wide_blas() ? width : busy_);
  (width > 1 ? wide_count_ : narrow_count_) += 1;
  if (ticket.wide_blas()) wide_blas_running_ = true;
  if (control_ != nullptr && !control_->per_thread()) {
    // Wide calls run alone; narrow ones, which run side by side, share one override.
    if (ticket.wide_blas()) {
      control_->begin(width);
    } else if (sharing_override_++ == 0) {
      control_->begin(1);
    }
  }
}

void Executor::finish(Ticket& ticket) {
  if (control_ != nullptr && !control_->per_thread()) {
    if (ticket.wide_blas()) {
      control_->end(ticket.grant.width);
    } else if (--sharing_override_ == 0) {
      control_->end(1);
    }
  }
  if (ticket.wide_blas()) wide_blas_running_ = false;
  if (ticket.cores > 0) {
    const Clock::time_point now = Clock::now();
    learn(ticket, now);
    ticket.source->ends(now, ticket.grant.width);
    busy_ -= ticket.cores;
    give();
  }
  running_.erase(ticket);
  ticket.state = Ticket::State::kDone;
  changed_.notify_all();
}

// Whether a compute thread is idle; makes one where there is none and the system has one to give.
bool Executor::has_thread() {
  if (!idle_.empty()) return true;
  try {
    auto thread = std::make_unique<Thread>();  // lives as long as the process
    Thread* const raw = thread.get();
    std::thread([this, raw] { work(*raw); }).detach();
    static_cast<void>(thread.release());
    ++threads_;
    idle_.push_front(*raw);
    return true;
  } catch (...) {  // no thread, or no memory for one
    return false;
  }
}

void Executor::hand_to_thread(Ticket& ticket) {
  Thread& thread = idle_.front();
  idle_.erase(thread);
  thread.ticket = &ticket;
  thread.wake.notify_one();
}

// ---- Compute threads --------------------------------------------------------------------------

void Executor::work(Thread& self) {
#if defined(__linux__)
  pthread_setname_np(pthread_self(), "heddle-compute");
#endif
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    self.wake.wait(lock, [&] { return self.ticket != nullptr; });
    Ticket& ticket = *self.ticket;
    self.ticket = nullptr;
    lock.unlock();
    call(ticket);
    lock.lock();
    finish(ticket);
    // Told when its cores are free again, but counted until then: drain() waits for it, because
    // the owner may end once drain() has returned.
    const bool job = ticket.job != nullptr;
    if (job) delivering_.push_back(ticket);
    idle_.push_front(self);  // first in line for what dispatch() starts: no other thread need wake
    dispatch();
    if (!job) {
      ticket.wake->notify_one();  // its caller owns it, and goes on once the lock is free
      continue;
    }
    // From done() on the ticket is gone with its job, so that another stands for it.
    Ticket told;
    told.owner = ticket.owner;
    delivering_.push_back(told);
    delivering_.erase(ticket);
    lock.unlock();
    tell(ticket, true);
    lock.lock();
    delivering_.erase(told);
    changed_.notify_all();
  }
}

// Runs the operation on this thread, with the thread count of a library that keeps one per thread.
void Executor::call(Ticket& ticket) {
  const bool per_thread = control_ != nullptr && control_->per_thread();
  const int width = ticket.wide_blas() ? ticket.grant.width : 1;
  if (per_thread) control_->begin(width);
  if (ticket.job != nullptr) {
    ticket.job->run(ticket.grant);
  } else {
    try {
      ticket.call(ticket.context, ticket.grant);
    } catch (...) {
      ticket.error = std::current_exception();
    }
  }
  if (per_thread) control_->end(width);
}

}  // namespace heddle
