#include "sync/waits.h"

#include <algorithm>
#include <chrono>
#include <climits>

namespace heddle::sync {

namespace {
// How long a wait sleeps before it looks whether it was cancelled: a wake-up may come just before
// the sleep that it was to end.
constexpr double kSlice = 50;
}  // namespace

Environment& Environment::of(Napi::Env env, Environment** place) {
  if (*place == nullptr) *place = new Environment(env);
  return **place;
}

Environment::Environment(Napi::Env env) : env_(env) {
  call_ = ThreadSafe::New(env, "heddle:sync", 0, 1, this);
  call_.Unref(env);
  // Hooks run last first: this one before that of the thread-safe function, so that our threads
  // have ended when the way back is closed.
  napi_add_env_cleanup_hook(
      env, [](void* self) { static_cast<Environment*>(self)->close(); }, this);
}

void Environment::close() {
  for (const auto& [number, held] : held_) {
    int32_t value = held.word->load();
    while ((value & ~held.flag) == held.owner) {
      if (!held.word->compare_exchange_weak(value, (value & held.flag) | 1)) continue;
      wake(held.signal, INT_MAX);
      break;
    }
  }
  for (auto& [id, wait] : waits_) {
    wait->cancelled = true;
    wake(wait->word, INT_MAX);
  }
  for (auto& [id, wait] : waits_) wait->thread.join();
  waits_.clear();
  call_.Abort();
  delete this;
}

double Environment::start(Word* word, int32_t expected, double milliseconds,
                          Napi::Function callback) {
  auto wait = std::make_unique<Wait>();
  wait->id = ++next_;
  wait->word = word;
  wait->expected = expected;
  wait->milliseconds = milliseconds;
  wait->keep = memory::Mapping::at(word);
  wait->callback = Napi::Persistent(callback);
  Wait* const pointer = wait.get();
  const auto entry = waits_.emplace(wait->id, std::move(wait)).first;
  try {
    pointer->thread = std::thread([this, pointer] { run(pointer); });
  } catch (...) {
    waits_.erase(entry);
    throw;
  }
  if (waits_.size() == 1) call_.Ref(env_);
  return pointer->id;
}

void Environment::run(Wait* wait) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  wait->result = Waited::kTimedOut;
  while (!wait->cancelled) {
    double slice = kSlice;
    if (wait->milliseconds >= 0) {
      const std::chrono::duration<double, std::milli> spent = Clock::now() - begin;
      slice = std::min(slice, wait->milliseconds - spent.count());
      if (slice <= 0) break;
    }
    const Waited result = sync::wait(wait->word, wait->expected, slice);
    if (result == Waited::kTimedOut) continue;
    wait->result = result;
    break;
  }
  wait->ended = true;
  call_.NonBlockingCall();
}

void Environment::settle(Napi::Env env, Napi::Function, Environment* self, void*) {
  if (static_cast<napi_env>(env) == nullptr) return;
  Waits ended;
  for (auto at = self->waits_.begin(); at != self->waits_.end();) {
    const auto next = std::next(at);
    // Moved from one to the other as it is: here nothing may fail.
    if (at->second->ended) ended.insert(self->waits_.extract(at));
    at = next;
  }
  for (auto& [id, wait] : ended) wait->thread.join();
  if (self->waits_.empty()) self->call_.Unref(env);
  for (auto& [id, wait] : ended) {
    wait->callback.Call({Napi::Number::New(env, static_cast<int>(wait->result))});
  }
}

void Environment::cancel(double id) {
  const auto found = waits_.find(id);
  if (found == waits_.end()) return;
  found->second->cancelled = true;
  wake(found->second->word, INT_MAX);
}

double Environment::hold(Word* word, int32_t owner, int32_t flag, Word* signal, Word* count) {
  held_[++next_] = {word, owner, flag, signal, count, memory::Mapping::at(word)};
  return next_;
}

void Environment::drop(double number) {
  const auto found = held_.find(number);
  if (found == held_.end()) return;
  const Held& held = found->second;
  const bool empty = held.count != nullptr && held.count->load() == 0;
  if (empty || (held.word->load() & ~held.flag) != held.owner) held_.erase(found);
}

}  // namespace heddle::sync
