// What the relinked OpenBLAS needs beside glibc, so that it needs neither libgfortran nor more.

#include <stddef.h>
#include <string.h>
#include <time.h>

// pthread_atfork of the library goes nowhere. OpenBLAS registers a handler that tears its pool of
// threads down before each fork, which wedges the process when a product is running (every run of
// five hung). Node forks only to exec at once, and after exec nothing of the pool is left, so the
// handler protects nothing here.
__attribute__((visibility("hidden"))) int pthread_atfork(void (*prepare)(void),
                                                         void (*parent)(void),
                                                         void (*child)(void)) {
  (void)prepare;
  (void)parent;
  (void)child;
  return 0;
}

// Tells Heddle's loader that forks need no gate with this library (native/blas).
__attribute__((visibility("default"))) const int heddle_openblas_fork_safe = 1;

// Fortran's a // b: LAPACK builds the names it passes to ILAENV so.
__attribute__((visibility("hidden"))) void _gfortran_concat_string(size_t length, char* to,
                                                                   size_t first, const char* a,
                                                                   size_t second, const char* b) {
  const size_t from_a = first < length ? first : length;
  memcpy(to, a, from_a);
  if (from_a == length) return;
  const size_t from_b = second < length - from_a ? second : length - from_a;
  memcpy(to + from_a, b, from_b);
  memset(to + from_a + from_b, ' ', length - from_a - from_b);
}

// ETIME, asked by SECOND and DSECND: CPU seconds of the process. The argument is a descriptor of
// an array of two, which begins with the address of its data.
__attribute__((visibility("hidden"))) float _gfortran_etime(float** descriptor) {
  const float seconds = (float)clock() / CLOCKS_PER_SEC;
  if (descriptor != NULL && *descriptor != NULL) {
    (*descriptor)[0] = seconds;
    (*descriptor)[1] = 0;
  }
  return seconds;
}

#if defined(__x86_64__)

// OpenBLAS knows processors by model number, and takes one that is newer than itself for a
// Prescott of 2004: products on an Emerald Rapids ran at 15 Gflop/s instead of 70. So where it
// ends there, its choice is made anew by what the processor can do, unless the user has chosen.

extern void* gotoblas;
const char* gotoblas_corename(void);
void __real_gotoblas_dynamic_init(void);
char* __real_getenv(const char* name);
void __wrap_gotoblas_dynamic_init(void);
char* __wrap_getenv(const char* name);

static const char* chosen_core;

static const char* core_by_features(void) {
  __builtin_cpu_init();  // also asks whether the system saves the wide registers
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
  return NULL;
}

char* __wrap_getenv(const char* name) {
  if (chosen_core != NULL && strcmp(name, "OPENBLAS_CORETYPE") == 0) return (char*)chosen_core;
  return __real_getenv(name);
}

// Called once, while the library is being loaded.
void __wrap_gotoblas_dynamic_init(void) {
  __real_gotoblas_dynamic_init();
  if (__real_getenv("OPENBLAS_CORETYPE") != NULL) return;
  if (strcmp(gotoblas_corename(), "Prescott") != 0) return;
  chosen_core = core_by_features();
  if (chosen_core == NULL) return;
  gotoblas = NULL;
  __real_gotoblas_dynamic_init();
  chosen_core = NULL;
}

#endif
