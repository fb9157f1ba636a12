// The calling thread's affinity, kept over calls that may change it.
//
// Where OMP_PROC_BIND or OMP_PLACES is set, an OpenMP runtime pins the thread that loads it, and
// each that opens its first team, to the first place. It stays there: threads and processes that it
// starts later inherit one processor, and what else it runs shares that with the team. A team's own
// threads are pinned as the user wants; the thread that opened it goes back to where it was.
#pragma once

#if defined(__linux__)
#include <sched.h>

#include <cstdlib>
#endif

namespace heddle {

#if defined(__linux__)

class KeptAffinity {
 public:
  KeptAffinity() : kept_(binds() && sched_getaffinity(0, sizeof(set_), &set_) == 0) {}
  ~KeptAffinity() {
    if (kept_) sched_setaffinity(0, sizeof(set_), &set_);
  }
  KeptAffinity(const KeptAffinity&) = delete;
  KeptAffinity& operator=(const KeptAffinity&) = delete;

 private:
  // Runtimes read these when they are loaded; without them no thread is pinned.
  static bool binds() {
    static const bool any = [] {
      for (const char* name :
           {"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY"}) {
        if (std::getenv(name) != nullptr) return true;
      }
      return false;
    }();
    return any;
  }

  cpu_set_t set_;
  const bool kept_;
};

#else

class [[maybe_unused]] KeptAffinity {
 public:
  KeptAffinity() = default;
  KeptAffinity(const KeptAffinity&) = delete;
  KeptAffinity& operator=(const KeptAffinity&) = delete;
};

#endif

}  // namespace heddle
