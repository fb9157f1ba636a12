// Waits that do not block the JavaScript thread, and what an environment holds when it ends.
//
// One Environment belongs to each JavaScript environment. It owns the threads that wait for it; it
// joins them before the environment ends, so that nothing calls into one that is gone.
#pragma once

#include <napi.h>

#include <map>
#include <memory>
#include <thread>
#include <unordered_map>

#include "memory/segment.h"
#include "sync/futex.h"

namespace heddle::sync {

class Environment {
 public:
  // The one of a JavaScript environment; made when it is first needed.
  static Environment& of(Napi::Env env, Environment** place);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // Calls `callback(result)` on the JavaScript thread when the wait has ended. Throws
  // std::system_error where there is no thread to be had for it.
  double start(Word* word, int32_t expected, double milliseconds, Napi::Function callback);
  // Ends a wait early; its callback is still called.
  void cancel(double id);

  // A word to be marked when the environment ends, if it has `owner` then, who is gone: it keeps
  // the bit `flag` and becomes 1 otherwise, and the sleepers of `signal` are woken. `count`, where
  // there is one, is 0 while the owner has nothing in his hands. Returns a number.
  double hold(Word* word, int32_t owner, int32_t flag, Word* signal, Word* count);
  // Nobody here can come to the word any more; who has it in his hands now keeps it until the end.
  void drop(double number);

 private:
  struct Wait {
    double id;
    Word* word;
    int32_t expected;
    double milliseconds;
    std::atomic<bool> cancelled{false};
    std::atomic<bool> ended{false};
    Waited result = Waited::kWoken;
    std::thread thread;
    std::shared_ptr<memory::Mapping> keep;  // the memory of the word
    Napi::FunctionReference callback;
  };
  struct Held {
    Word* word;
    int32_t owner;
    int32_t flag;
    Word* signal;
    Word* count;
    std::shared_ptr<memory::Mapping> keep;
  };

  using Waits = std::map<double, std::unique_ptr<Wait>>;

  static void settle(Napi::Env env, Napi::Function, Environment* self, void*);
  using ThreadSafe = Napi::TypedThreadSafeFunction<Environment, void, settle>;

  explicit Environment(Napi::Env env);
  void close();
  void run(Wait* wait);

  Napi::Env env_;
  ThreadSafe call_;
  Waits waits_;
  std::unordered_map<double, Held> held_;
  double next_ = 0;
};

}  // namespace heddle::sync
