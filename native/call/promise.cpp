#include "call/promise.h"

#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

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

  void submit(std::unique_ptr<PromiseJob> job);
  void cancel(double id);
  // Any thread: the job has come to its end.
  void finished(std::unique_ptr<PromiseJob> job);

 private:
  static void settle_finished(Napi::Env env, Napi::Function, Environment* self, void*);
  using ThreadSafe = Napi::TypedThreadSafeFunction<Environment, void, settle_finished>;

  void close();

  Napi::Env env_;
  ThreadSafe call_;
  size_t pending_ = 0;                             // jobs not settled yet
  std::unordered_map<double, PromiseJob*> by_id_;  // those that can be cancelled
  std::mutex mutex_;                               // guards what follows
  std::vector<std::unique_ptr<PromiseJob>> finished_;
  bool called_ = false;  // settle_finished is on its way
  bool closed_ = false;
};

class PromiseJob : public Job {
 public:
  PromiseJob(Napi::Env env, Environment& home, double call_id, const Napi::Array& keep,
             std::function<Outcome(const Grant&)> body)
      : id(call_id),
        deferred(Napi::Promise::Deferred::New(env)),
        home_(home),
        keep_(Napi::Persistent<Napi::Object>(keep)),
        bytes_(keep),
        body_(std::move(body)) {
    owner = &home;
  }

  void run(const Grant& grant) override {
    try {
      outcome_ = body_(grant);
    } catch (const std::exception& error) {
      problem_ = problem_of(error);
    }
  }

  void done(std::unique_ptr<Job> self, bool /*ran*/) override {
    (void)self.release();  // handed on as what it is
    home_.finished(std::unique_ptr<PromiseJob>(this));
  }

  void settle(Napi::Env env) {
    try {
      if (!problem_) {
        deferred.Resolve(Napi::Number::New(env, outcome_));
      } else {
        deferred.Reject(problem_.error(env).Value());
      }
    } catch (const Napi::Error&) {
      // The environment is being terminated and runs no more JavaScript: nobody waits.
    }
  }

  const double id;
  const Napi::Promise::Deferred deferred;

 private:
  Environment& home_;
  Napi::ObjectReference keep_;
  const executor::HeldBytes bytes_;
  std::function<Outcome(const Grant&)> body_;
  Outcome outcome_ = 0;
  Problem problem_;
};

Environment::Environment(Napi::Env env)
    : env_(env), call_(ThreadSafe::New(env, "heddle", 0, 1, this)) {
  call_.Unref(env);  // an idle library keeps no process alive
  // Hooks run in reverse order: ours before the one that ends the thread-safe function.
  env.AddCleanupHook([this] { close(); });
}

void Environment::submit(std::unique_ptr<PromiseJob> job) {
  if (pending_++ == 0) call_.Ref(env_);
  if (job->id != 0) by_id_[job->id] = job.get();
  Executor::instance().submit(std::move(job));
}

void Environment::cancel(double id) {
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) Executor::instance().cancel(found->second);
}

void Environment::finished(std::unique_ptr<PromiseJob> job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  finished_.push_back(std::move(job));
  if (closed_ || called_) return;
  called_ = true;
  call_.NonBlockingCall();
}

void Environment::settle_finished(Napi::Env env, Napi::Function /*unused*/, Environment* self,
                                  void* /*unused*/) {
  std::vector<std::unique_ptr<PromiseJob>> jobs;
  {
    const std::lock_guard<std::mutex> lock(self->mutex_);
    jobs.swap(self->finished_);
    self->called_ = false;
  }
  if (static_cast<napi_env>(env) == nullptr) return;  // the environment is being torn down
  const Napi::HandleScope scope(env);
  for (const auto& job : jobs) {
    if (job->id != 0) self->by_id_.erase(job->id);
    job->settle(env);
  }
  self->pending_ -= jobs.size();
  if (self->pending_ == 0) self->call_.Unref(env);
}

// The environment ends: its buffers go away, so nothing of its may run on.
void Environment::close() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
  }
  Executor::instance().drain(this);
  finished_.clear();
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
  const Napi::Value promise = job->deferred.Promise();
  home.submit(std::move(job));
  return promise;
}

void cancel(Napi::Env env, double id) { Environment::of(env).cancel(id); }

}  // namespace heddle::call
