#include "openmp/module.h"

#include <set>
#include <thread>

#include "common/errors.h"
#include "openmp/team.h"

namespace heddle::openmp {

namespace {

// kind(): what the threads of teams are, 'openmp' or the addon's 'own'.
Napi::Value kind(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), runtime().is_openmp ? "openmp" : "own");
}

// A number of threads: libgomp ends the process where it has no memory for as many as it is told.
int width_argument(const Napi::CallbackInfo& info) {
  constexpr double kMost = 4096;
  const double width = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : 0;
  if (!(width >= 1 && width <= kMost)) {
    throw range_error(info.Env(), "heddle: a team must have 1 to 4096 threads");
  }
  return static_cast<int>(width);
}

// teamSize(threads?): how many distinct threads really ran a region.
Napi::Value team_size(const Napi::CallbackInfo& info) {
  if (info.Length() == 0 || info[0].IsUndefined()) {
    return Napi::Number::New(info.Env(), runtime().default_team());
  }
  std::mutex mutex;
  std::set<std::thread::id> seen;
  run_team(width_argument(info), [&](int, int) {
    const std::lock_guard<std::mutex> lock(mutex);
    seen.insert(std::this_thread::get_id());
  });
  return Napi::Number::New(info.Env(), static_cast<double>(seen.size()));
}

// nestedTeamSize(outer): the largest team that a region inside a region of `outer` threads gets.
Napi::Value nested_team_size(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), runtime().nested_team(width_argument(info)));
}

}  // namespace

Napi::Object init(Napi::Env env) {
  Napi::Object exports = Napi::Object::New(env);
  define<kind>(exports, "kind");
  define<team_size>(exports, "teamSize");
  define<nested_team_size>(exports, "nestedTeamSize");
  return exports;
}

}  // namespace heddle::openmp
