#include "sync/module.h"

#include <limits>
#include <memory>

#include "common/errors.h"
#include "sync/waits.h"

namespace heddle::sync {

namespace {

// info[index]: an Int32Array, info[index + 1]: which of its words.
Word* word_argument(const Napi::CallbackInfo& info, size_t index) {
  if (!info[index].IsTypedArray() ||
      info[index].As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) {
    throw Napi::TypeError::New(info.Env(), "an Int32Array is needed");
  }
  Napi::Int32Array words = info[index].As<Napi::Int32Array>();
  const double at = info[index + 1].As<Napi::Number>().DoubleValue();
  if (!(at >= 0) || at >= static_cast<double>(words.ElementLength())) {
    throw Napi::RangeError::New(info.Env(), "the word must be in the array");
  }
  return reinterpret_cast<Word*>(words.Data() + static_cast<size_t>(at));
}

Environment& environment(const Napi::CallbackInfo& info) {
  return Environment::of(info.Env(), static_cast<Environment**>(info.Data()));
}

// wait(words, index, expected, milliseconds): 0 woken, 1 the word has another value, 2 timed out.
Napi::Value wait_now(const Napi::CallbackInfo& info) {
  const Waited result =
      wait(word_argument(info, 0), info[2].As<Napi::Number>(), info[3].As<Napi::Number>());
  return Napi::Number::New(info.Env(), static_cast<int>(result));
}

// A word whose memory can be kept: in a segment.
Word* shared_word_argument(const Napi::CallbackInfo& info) {
  Word* const word = word_argument(info, 0);
  if (!memory::Mapping::at(word)) {
    throw Napi::TypeError::New(info.Env(), "the words must be in shared memory");
  }
  return word;
}

// waitAsync(words, index, expected, milliseconds, callback): the wait's number, for cancel().
Napi::Value wait_async(const Napi::CallbackInfo& info) {
  Word* const word = shared_word_argument(info);
  return Napi::Number::New(info.Env(), environment(info).start(word, info[2].As<Napi::Number>(),
                                                               info[3].As<Napi::Number>(),
                                                               info[4].As<Napi::Function>()));
}

// cancel(number).
void cancel(const Napi::CallbackInfo& info) {
  environment(info).cancel(info[0].As<Napi::Number>());
}

// wake(words, index, count).
Napi::Value wake_some(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), wake(word_argument(info, 0), info[2].As<Napi::Number>()));
}

// alive(pid, start).
Napi::Value is_alive(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(),
                            alive(info[0].As<Napi::Number>(), info[1].As<Napi::Number>()));
}

// start(): see start_of_this_process.
Napi::Value start(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), start_of_this_process());
}

// slot(): a number from 1 to 255 for this environment, none of the other live ones of the process.
class Slots {
 public:
  int take() {
    for (int tries = 0; tries < 255; ++tries) {
      const int slot = static_cast<int>(next_++ % 255) + 1;
      if (!used_[slot].exchange(true)) return slot;
    }
    return 0;
  }
  void give(int slot) { used_[slot] = false; }

 private:
  std::atomic<bool> used_[256] = {};
  std::atomic<unsigned> next_{0};
};

Slots& slots() {
  static Slots* const instance = new Slots;
  return *instance;
}

Napi::Value slot(const Napi::CallbackInfo& info) {
  const int taken = slots().take();
  if (taken == 0) {
    throw CodedError("ERR_HEDDLE_TOO_MANY_THREADS",
                     "heddle: more than 255 threads of this process use heddle/sync");
  }
  // The hook's argument is the number itself: nothing to be made that might fail.
  napi_add_env_cleanup_hook(
      info.Env(),
      [](void* number) { slots().give(static_cast<int>(reinterpret_cast<intptr_t>(number))); },
      reinterpret_cast<void*>(static_cast<intptr_t>(taken)));  // NOLINT(performance-no-int-to-ptr)
  return Napi::Number::New(info.Env(), taken);
}

// hold(words, index, owner, flag, signal, count): marks the word when this environment, whose token
// `owner` is, ends while it holds it. `count` is the index of a word that is 0 while it holds
// nothing, or below 0. Returns a number for drop().
Napi::Value hold(const Napi::CallbackInfo& info) {
  Word* const word = shared_word_argument(info);
  Napi::Int32Array words = info[0].As<Napi::Int32Array>();
  const auto at = [&](double index) {
    if (!(index >= 0) || index >= static_cast<double>(words.ElementLength())) {
      throw Napi::RangeError::New(info.Env(), "the word must be in the array");
    }
    return reinterpret_cast<Word*>(words.Data() + static_cast<size_t>(index));
  };
  Word* const signal = at(info[4].As<Napi::Number>());
  const double count = info[5].As<Napi::Number>();
  return Napi::Number::New(info.Env(), environment(info).hold(word, info[2].As<Napi::Number>(),
                                                              info[3].As<Napi::Number>(), signal,
                                                              count < 0 ? nullptr : at(count)));
}

// drop(number): the words have been collected.
void drop(const Napi::CallbackInfo& info) { environment(info).drop(info[0].As<Napi::Number>()); }

}  // namespace

Napi::Object init(Napi::Env env) {
  Napi::Object exports = Napi::Object::New(env);
  // Where this environment's waits are, once there are some.
  auto place = std::make_unique<Environment*>(nullptr);
  napi_add_env_cleanup_hook(
      env, [](void* ended) { delete static_cast<Environment**>(ended); }, place.get());
  Environment** const data = place.release();
  define<wait_now>(exports, "wait", data);
  define<wait_async>(exports, "waitAsync", data);
  define<cancel>(exports, "cancel", data);
  define<wake_some>(exports, "wake", data);
  define<is_alive>(exports, "alive", data);
  define<start>(exports, "start", data);
  define<slot>(exports, "slot", data);
  define<hold>(exports, "hold", data);
  define<drop>(exports, "drop", data);
  return exports;
}

}  // namespace heddle::sync
