#include "openmp/team.h"

#include <cstdlib>
#include <cstring>

#include "common/affinity.h"
#include "common/library.h"
#include "common/thread_room.h"
#include "openmp/own_team.h"

namespace heddle::openmp {

namespace {

#if defined(_WIN32)
constexpr const char* kRuntimeFile = "heddle-openmp.dll";
#elif defined(__APPLE__)
constexpr const char* kRuntimeFile = "libheddle-openmp.dylib";
#else
constexpr const char* kRuntimeFile = "libheddle-openmp.so";
// Brought along for systems without libgomp; its own name inside is libgomp.so.1.
constexpr const char* kBundledRuntime = "libgomp-heddle.so.1";
#endif

// The runtime library needs libgomp.so.1, which the loader takes from the process where it is
// loaded already, else from the system: two runtimes in one process would wait by spinning against
// each other.
// Only where neither has one, the bundled one is loaded first and the runtime library finds that.
Library open_library() {
  const std::string file = addon_folder() + "/" + kRuntimeFile;
  Library library = Library::open(file, false);
#if !defined(_WIN32) && !defined(__APPLE__)
  if (!library && Library::open(addon_folder() + "/" + kBundledRuntime, false)) {
    library = Library::open(file, false);
  }
#endif
  return library;
}

// HEDDLE_OPENMP=0: as if there were none.
bool wanted() {
  const char* value = std::getenv("HEDDLE_OPENMP");
  return value == nullptr || std::strcmp(value, "0") != 0;
}

Runtime open_runtime() {
  const Runtime own{run_own_team, own_default_team, own_nested_team, false};
  if (!wanted()) return own;
  // The runtime reads these once, when it is loaded. Teams that wait by spinning cost a core
  // each long after their work is done: 20 products with pauses took 590 CPU-ms instead of 31.
  const ScopedVariable policy("OMP_WAIT_POLICY", "passive");
  const KeptAffinity affinity;
  const Library library = open_library();
  if (!library) return own;
  Runtime opened;
  opened.default_team = library.function<int (*)()>("heddle_openmp_default_team");
  opened.nested_team = library.function<int (*)(int)>("heddle_openmp_nested_team");
  opened.run =
      library.function<int (*)(int, void (*)(int, int, void*), void*)>("heddle_openmp_run");
  opened.is_openmp = true;
  const bool whole = opened.run && opened.default_team && opened.nested_team;
  return whole ? opened : own;
}

// The size of the calling thread's last team, whose threads OpenMP keeps for the next one (it lets
// go of those that a smaller team does without).
thread_local int kept_team = 1;

}  // namespace

int team_to_be_had(int threads) {
  if (!runtime().is_openmp) return threads;  // own teams begin with those that they get
  // A team inside of a team gets threads of its own each time.
  if (InsideTeam::any()) return 1 + threads_to_be_had(threads - 1);
  if (threads > kept_team) threads = kept_team + threads_to_be_had(threads - kept_team);
  kept_team = threads;
  return threads;
}

const Runtime& runtime() {
  static const Runtime opened = open_runtime();
  return opened;
}

}  // namespace heddle::openmp
