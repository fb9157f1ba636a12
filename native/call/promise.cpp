#include "call/promise.h"

#include <exception>
#include <mutex>
#include <unordered_map>

#include "executor/bytes.h"
#include "threadpools/limits.h"

namespace heddle::call {

namespace {

class PromiseJob;

// One JavaScript environment: the main thread's or a worker thread's.
class Environment {
 public:
  explicit Environment(Napi::Env env);
  ~Environment() = default;
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // Made when it is first asked for.
  static Environment& of(Napi::Env env) {
    if (env.GetInstanceData<Environment>() == nullptr) {
      env.SetInstanceData<Environment>(new Environment(env));
    }
    return *env.GetInstanceData<Environment>();
  }

  // Throws before anything has begun, or not at all.
  void submit(std::unique_ptr<PromiseJob> job);
  void cancel(double id);
  // Any thread: the job has come to its end.
  void finished(std::unique_ptr<PromiseJob> job);

 private:
  static void settle_finished(Napi::Env env, Napi::Function, Environment* self, void*);
  using ThreadSafe = Napi::TypedThreadSafeFunction<Environment, void, settle_finished>;

  void close();
  static void end(std::unique_ptr<PromiseJob> jobs);

  Napi::Env env_;
  ThreadSafe call_;
  size_t pending_ = 0;                             // jobs not settled yet
  std::unordered_map<double, PromiseJob*> by_id_;  // those that can be cancelled
  std::mutex mutex_;                               // guards what follows
  std::unique_ptr<PromiseJob> finished_;           // the last of them; each has the one before
  bool called_ = false;                            // settle_finished is on its way
  bool closed_ = false;
};

class PromiseJob : public Job {
 public:
  PromiseJob(Napi::Env env, Environment& home, double call_id, const Napi::Array& keep,
             std::function<Outcome(const Grant&)> body)
      : id(call_id),
        home_(home),
        keep_(Napi::Persistent<Napi::Object>(keep)),
        bytes_(keep),
        body_(std::move(body)),
        deferred(Napi::Promise::Deferred::New(env)) {
    owner = &home;
  }

  void run(const Grant& grant) override {
    try {
      outcome_ = body_(grant);
    } catch (...) {
      // Its text is read on the way back: here there may be no memory for it.
      error_ = std::current_exception();
    }
  }

  void done(std::unique_ptr<Job> self, bool /*ran*/) override {
    (void)self.release();  // handed on as what it is
    home_.finished(std::unique_ptr<PromiseJob>(this));
  }

  void settle(Napi::Env env) {
    try {
      if (error_) {
        deferred.Reject(error_of(env, error_).Value());
      } else {
        deferred.Resolve(Napi::Number::New(env, outcome_));
      }
    } catch (const Napi::Error&) {
      // The environment is being terminated and runs no more JavaScript: nobody waits.
    }
  }

  const double id;
  std::unique_ptr<PromiseJob> before;  // in a list of those that have ended

 private:
  Environment& home_;
  Napi::ObjectReference keep_;
  const executor::HeldBytes bytes_;
  std::function<Outcome(const Grant&)> body_;
  Outcome outcome_ = 0;
  std::exception_ptr error_;

 public:
  // Made last, when nothing can fail any more: one that is never settled is never freed.
  const Napi::Promise::Deferred deferred;
};

Environment::Environment(Napi::Env env)
    : env_(env), call_(ThreadSafe::New(env, "heddle", 0, 1, this)) {
  call_.Unref(env);  // an idle library keeps no process alive
  // Hooks run in reverse order: ours before the one that ends the thread-safe function.
  napi_add_env_cleanup_hook(
      env, [](void* self) { static_cast<Environment*>(self)->close(); }, this);
}

void Environment::submit(std::unique_ptr<PromiseJob> job) {
  if (job->id != 0) by_id_[job->id] = job.get();
  if (pending_++ == 0) call_.Ref(env_);
  Executor::instance().submit(std::move(job));
}

void Environment::cancel(double id) {
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) Executor::instance().cancel(found->second);
}

void Environment::finished(std::unique_ptr<PromiseJob> job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  job->before = std::move(finished_);
  finished_ = std::move(job);
  if (closed_ || called_) return;
  called_ = true;
  call_.NonBlockingCall();
}

// Ends a list without a destructor's depth for each of its jobs.
void Environment::end(std::unique_ptr<PromiseJob> jobs) {
  while (jobs) jobs = std::move(jobs->before);
}

void Environment::settle_finished(Napi::Env env, Napi::Function /*unused*/, Environment* self,
                                  void* /*unused*/) {
  std::unique_ptr<PromiseJob> last;
  {
    const std::lock_guard<std::mutex> lock(self->mutex_);
    last = std::move(self->finished_);
    self->called_ = false;
  }
  if (static_cast<napi_env>(env) == nullptr) return end(std::move(last));  // it is being torn down
  const Napi::HandleScope scope(env);
  std::unique_ptr<PromiseJob> jobs;  // in the order in which they have ended
  while (last) {
    std::unique_ptr<PromiseJob> next = std::move(last->before);
    last->before = std::move(jobs);
    jobs = std::move(last);
    last = std::move(next);
  }
  while (jobs) {
    if (jobs->id != 0) self->by_id_.erase(jobs->id);
    jobs->settle(env);
    if (--self->pending_ == 0) self->call_.Unref(env);
    jobs = std::move(jobs->before);
  }
}

// The environment ends: its buffers go away, so nothing of its may run on.
void Environment::close() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
  }
  Executor::instance().drain(this);
  end(std::move(finished_));
  call_.Release();
}

}  // namespace

Demand within_limits(Demand demand) {
  const int limit = threadpools::operation_limit(demand.parallelism == Parallelism::kBlas
                                                     ? threadpools::Api::kBlas
                                                     : threadpools::Api::kOpenmp);
  if (limit > 0 && limit < demand.max_threads) demand.max_threads = limit;
  return demand;
}

Napi::Value queue(Napi::Env env, const Mode& mode, const Demand& demand, const Napi::Value& keep,
                  std::function<Outcome(const Grant&)> body) {
  Environment& home = Environment::of(env);
  auto job =
      std::make_unique<PromiseJob>(env, home, mode.id, keep.As<Napi::Array>(), std::move(body));
  job->demand = within_limits(demand);
  const Napi::Promise::Deferred deferred = job->deferred;
  try {
    home.submit(std::move(job));
  } catch (...) {
    deferred.Reject(error_of(env, std::current_exception()).Value());
  }
  return deferred.Promise();
}

Napi::Value rejected(Napi::Env env, const std::exception_ptr& thrown) {
  const auto deferred = Napi::Promise::Deferred::New(env);
  deferred.Reject(error_of(env, thrown).Value());
  return deferred.Promise();
}

void cancel(Napi::Env env, double id) { Environment::of(env).cancel(id); }

}  // namespace heddle::call
