// The bridge to the OpenMP runtime: a library of its own, so that the addon links no OpenMP.
//
// It owns nothing. Its whole interface is C; the addon opens it with dlopen (native/openmp/team.h)
// and passes each kernel in as a function that gets its rank and the size of the team.

#include <omp.h>

#if defined(_WIN32)
#define HEDDLE_EXPORT extern "C" __declspec(dllexport)
#else
#define HEDDLE_EXPORT extern "C" __attribute__((visibility("default")))
#endif

// Runs `body(rank, size, context)` once on each thread of a team of `threads` and returns the size
// of the team that OpenMP really gave. `body` must not throw.
HEDDLE_EXPORT int heddle_openmp_run(int threads, void (*body)(int, int, void*), void* context) {
  int size = 1;
#pragma omp parallel num_threads(threads) default(none) shared(size) firstprivate(body, context)
  {
#pragma omp single
    size = omp_get_num_threads();
    body(omp_get_thread_num(), omp_get_num_threads(), context);
  }
  return size;
}

// The size of a team that is opened with no size asked for: what a limit on OpenMP really does.
HEDDLE_EXPORT int heddle_openmp_default_team() {
  int size = 1;
#pragma omp parallel default(none) shared(size)
  {
#pragma omp single
    size = omp_get_num_threads();
  }
  return size;
}

// The same for a region inside a region of `outer` threads, when nesting is allowed.
HEDDLE_EXPORT int heddle_openmp_nested_team(int outer) {
  int size = 0;
  const int levels = omp_get_max_active_levels();
  omp_set_max_active_levels(2);
#pragma omp parallel num_threads(outer) default(none) shared(size)
  {
    const int inner = heddle_openmp_default_team();
#pragma omp critical
    size = inner > size ? inner : size;
  }
  omp_set_max_active_levels(levels);
  return size;
}
