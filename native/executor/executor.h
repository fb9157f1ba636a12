// The compute executor: shares the process's core budget out to every native operation.
//
// Owns the compute threads, the queue and the account of cores in use. There is one for each
// process, shared by the main thread and all worker threads, because the cores are.
//
// An operation runs *narrow* (one core, side by side with others) or *wide*: a BLAS operation with
// the library's own threads, alone in the process (two threaded calls at once are unsafe in
// OpenBLAS, and its thread count is the whole process's), a team operation with as many OpenMP
// threads as cores are granted. A narrow synchronous operation runs on the thread that calls it
// where a core is free; everything else, also what had to wait for a core, runs on compute threads.
// One that ends an operation goes on with the next: no core waits for a thread to wake up, and the
// system sees the same few threads busy all the time, which it spreads over the cores better than
// callers that compute in turns. The most recently used goes first, so that the pools which OpenMP
// keeps for each calling thread stay few.
//
// Where the system gives no more threads, those that there are do the work: a caller that blocks
// runs its operation itself, jobs wait for a compute thread, and where there is none at all a job
// is run by the thread that submits it. Nothing here allocates, so that nothing of it can fail half
// way.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>

#include "executor/core_account.h"
#include "executor/core_spans.h"
#include "executor/demand.h"
#include "executor/list.h"
#include "executor/policy.h"

namespace heddle {

// Sets the thread count of the BLAS library in use; implemented by native/blas.
class ThreadControl {
 public:
  virtual ~ThreadControl() = default;
  // Whether the count belongs to the calling thread (OpenMP builds, MKL) or to the process.
  virtual bool per_thread() const = 0;
  // The most threads a wide call may take now: the smallest live limit.
  virtual int ceiling() const = 0;
  // Override the count while an operation runs, and go back to what the limits say. Called on the
  // thread that runs the operation if per_thread(), else on any, one at a time.
  // Neither may throw.
  virtual void begin(int width) = 0;
  virtual void end(int width) = 0;
  // Whether a fork must wait until no wide call is in flight.
  virtual bool fork_unsafe() const = 0;
};

class Job;

// One operation on its way: a Job, or the function of a caller that blocks.
struct Ticket : Linked<Ticket> {
  using Clock = std::chrono::steady_clock;
  enum class State { kQueued, kRunning, kDone };

  Demand demand;
  Grant grant;
  State state = State::kQueued;
  int cores = 0;  // taken from the budget
  Clock::time_point started{};
  Job* job = nullptr;           // owned, until it is handed to its done()
  const void* owner = nullptr;  // of the job
  CoreSpans* source = nullptr;  // of the thread that it comes from, which outlives it
  void (*call)(void* context, const Grant& grant) = nullptr;
  void* context = nullptr;
  std::condition_variable* wake = nullptr;  // of the caller that blocks, where it waits
  std::exception_ptr error;
  bool with_caller = false;  // runs on the thread that called
  bool waits = false;        // as its thread's spans have it

  bool wide_blas() const { return grant.width > 1 && demand.parallelism == Parallelism::kBlas; }
};

// A queued operation; the executor owns it from submit() until it hands it to done().
class Job {
 public:
  Job() = default;
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  virtual void run(const Grant& grant) = 0;  // on a compute thread; must not throw
  // Called once, on a compute thread or the one that cancels or submits, without the executor's
  // lock. Must not throw.
  virtual void done(std::unique_ptr<Job> self, bool ran) = 0;

  Demand demand;
  const void* owner = nullptr;  // the environment that submitted it
  std::atomic<bool> cancelled{false};

 private:
  friend class Executor;
  Ticket ticket_;
};

struct ExecutorStats {
  int budget;
  int busy;        // cores in use
  int peak;        // most cores in use at once since the last reset
  int threads;     // compute threads that exist
  size_t queued;   // operations that wait
  size_t running;  // operations that run
  double wide;     // operations run wide so far
  double narrow;   // operations run narrow so far
};

class Executor {
 public:
  static Executor& instance();

  // The number of cores that operations may use together, at least 1.
  void set_budget(int cores);
  int budget() const { return budget_.load(std::memory_order_relaxed); }
  void set_thread_control(ThreadControl* control);
  // From now on the budget is this process's share of an account of cores, and more than that is
  // had while others leave theirs. The account outlives the process's last operation.
  void set_account(CoreAccount* account);

  // Runs `operation(grant)` and returns when it is done. Blocks the caller meanwhile; what the
  // operation throws is thrown here.
  template <typename Operation>
  void run(const Demand& demand, Operation&& operation) {
    using Callable = std::remove_reference_t<Operation>;
    Ticket ticket;
    ticket.demand = demand;
    ticket.context = &operation;
    ticket.call = [](void* context, const Grant& grant) {
      (*static_cast<Callable*>(context))(grant);
    };
    run_blocking(ticket);
  }

  // Queues the job; its done() is called whatever happens. Where the process has no compute thread
  // and gets none, the job is run before this returns. Does not throw.
  void submit(std::unique_ptr<Job> job);
  // Takes a job out of the queue (its done() is told that it did not run) or, if it runs, marks it.
  void cancel(const Job* job);
  // Cancels what `owner` has queued and waits for what it has running.
  void drain(const void* owner);
  // Calls `change` while no operation is in flight.
  void exclusively(const std::function<void()>& change);

  ExecutorStats stats(bool reset_peak);
  // What the operations of the calling thread have had of the cores since it last asked.
  size_t take_spans(CoreSpans::Taken& out);

  // For pthread_atfork: no wide call is in flight between the two.
  void before_fork();
  void after_fork();
  // For exit: starts nothing more, and waits at most `limit` for what runs.
  bool stop_within(std::chrono::milliseconds limit);

 private:
  using Clock = Ticket::Clock;

  struct Thread : Linked<Thread> {
    std::condition_variable wake;
    Ticket* ticket = nullptr;
  };

  Executor() = default;

  void run_blocking(Ticket& ticket);
  void run_here(Ticket& ticket);

  // With the lock held:
  int cores() const;
  bool take(const Ticket& ticket, int width);
  void give();
  bool waits_for_cores();
  static bool is_small(const Ticket& ticket);
  policy::Limits limits() const;
  bool starts_at_once(const Ticket& ticket);
  int decide(const Ticket& head) const;
  double drain_seconds() const;
  double expected_work(const Ticket& head, double seconds) const;
  void learn(const Ticket& ticket, Clock::time_point now);
  static void note_waiting(Ticket& ticket);
  static void note_given_up(Ticket& ticket);
  List<Ticket>* next_queue();
  void dispatch(Ticket* own = nullptr);
  void start(Ticket& ticket, int width);
  void finish(Ticket& ticket);
  bool has_thread();
  void hand_to_thread(Ticket& ticket);

  // Without it:
  void work(Thread& self);
  void watch_account();
  void call(Ticket& ticket);
  static void tell(Ticket& ticket, bool ran);

  std::mutex mutex_;
  std::condition_variable changed_;  // something finished, or a pause ended
  std::atomic<int> budget_{1};
  ThreadControl* control_ = nullptr;
  CoreAccount* account_ = nullptr;
  bool watching_account_ = false;     // a thread waits for what others have of our share
  bool short_of_cores_ = false;       // it is to do so
  bool insists_ = false;              // there is no such thread: our share is ours at any time
  std::condition_variable shortage_;  // of that thread

  List<Ticket> blocking_;   // callers that block go first: an event loop may hang on them
  int blocking_turns_ = 0;  // how many have gone before a job that waits
  List<Ticket> queued_;     // jobs in order of submission
  double queued_work_ = 0;  // of both
  List<Ticket> running_;
  List<Ticket> delivering_;  // jobs that have run but are not told yet
  // What ended last, and what ended last of any other source.
  struct Ended {
    const CoreSpans* source = nullptr;
    double work = 0;
    Clock::time_point at{};
  };
  std::array<Ended, 2> ended_;
  List<Thread> idle_;  // last in, first out
  int threads_ = 0;
  int busy_ = 0;
  int peak_ = 0;
  int sharing_override_ = 0;  // running operations that need the process-wide count at one
  bool wide_blas_running_ = false;
  int forks_ = 0;
  bool paused_ = false;
  double wide_count_ = 0;
  double narrow_count_ = 0;
  double rate_ = 1e10;  // flops a second of a narrow operation, measured as we go
};

}  // namespace heddle
