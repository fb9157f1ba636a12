// Checks a relinked OpenBLAS: products, factorisations and eigenvalues against what they must
// satisfy, the number of threads, and forks beside running products.
//
//   openblas-check LIBRARY [FORKS]

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 300 };

static void* library;

static void* find(const char* name) {
  void* found = dlsym(library, name);
  if (found == NULL) {
    fprintf(stderr, "the library has no %s\n", name);
    exit(1);
  }
  return found;
}

static void expect(int good, const char* what) {
  if (good) return;
  fprintf(stderr, "wrong: %s\n", what);
  exit(1);
}

static double* matrix(unsigned seed) {
  double* m = malloc(sizeof(double) * N * N);
  for (int i = 0; i < N * N; i++) {
    seed = seed * 1664525u + 1013904223u;
    m[i] = (double)(seed >> 8) / (1 << 24) - 0.5;
  }
  return m;
}

typedef void (*gemm_t)(const char*, const char*, const int*, const int*, const int*, const double*,
                       const double*, const int*, const double*, const int*, const double*, double*,
                       const int*);
static gemm_t gemm;

static double* product(const char* ta, const char* tb, const double* a, const double* b) {
  const int n = N;
  const double one = 1, zero = 0;
  double* c = malloc(sizeof(double) * N * N);
  gemm(ta, tb, &n, &n, &n, &one, a, &n, b, &n, &zero, c, &n);
  return c;
}

static double distance(const double* a, const double* b) {
  double worst = 0;
  for (int i = 0; i < N * N; i++) worst = fmax(worst, fabs(a[i] - b[i]));
  return worst;
}

static void check_gemm(void) {
  double *a = matrix(1), *b = matrix(2), *c = product("N", "N", a, b);
  double worst = 0;
  for (int j = 0; j < N; j += 7) {
    for (int i = 0; i < N; i += 7) {
      double sum = 0;
      for (int k = 0; k < N; k++) sum += a[i + k * N] * b[k + j * N];
      worst = fmax(worst, fabs(sum - c[i + j * N]));
    }
  }
  expect(worst < 1e-12 * N, "dgemm");
  free(a), free(b), free(c);
}

static void check_cholesky(void) {
  void (*potrf)(const char*, const int*, double*, const int*, int*) = find("dpotrf_");
  double *a = matrix(3), *s = product("T", "N", a, a);
  for (int i = 0; i < N; i++) s[i + i * N] += 1;
  double* l = malloc(sizeof(double) * N * N);
  memcpy(l, s, sizeof(double) * N * N);
  int n = N, info = -1;
  potrf("L", &n, l, &n, &info);
  expect(info == 0, "info of dpotrf");
  for (int j = 0; j < N; j++) memset(l + j * N, 0, sizeof(double) * j);
  double* again = product("N", "T", l, l);
  expect(distance(again, s) < 1e-11 * N, "dpotrf");
  free(a), free(s), free(l), free(again);
}

static void check_solve(void) {
  void (*gesv)(const int*, const int*, double*, const int*, int*, double*, const int*, int*) =
      find("dgesv_");
  double *a = matrix(4), *x = matrix(5), *b = product("N", "N", a, x);
  int pivots[N], n = N, info = -1;
  gesv(&n, &n, a, &n, pivots, b, &n, &info);
  expect(info == 0, "info of dgesv");
  expect(distance(b, x) < 1e-7, "dgesv");
  free(a), free(x), free(b);
}

// Eigenvalues' sum is the trace; singular values' squares sum to the square of the norm. Both ask
// ILAENV, whose names are made by the string concatenation in the shim.
static void check_spectra(void) {
  void (*syevd)(const char*, const char*, const int*, double*, const int*, double*, double*,
                const int*, int*, const int*, int*) = find("dsyevd_");
  void (*gesdd)(const char*, const int*, const int*, double*, const int*, double*, double*,
                const int*, double*, const int*, double*, const int*, int*, int*) = find("dgesdd_");
  double *a = matrix(6), *s = product("T", "N", a, a), trace = 0, sum = 0, norm = 0, squares = 0;
  for (int i = 0; i < N; i++) trace += s[i + i * N];
  for (int i = 0; i < N * N; i++) norm += a[i] * a[i];
  int n = N, info = -1, lwork = 1 + 6 * N + 2 * N * N, liwork = 3 + 5 * N;
  double w[N], *work = malloc(sizeof(double) * lwork);
  int* iwork = malloc(sizeof(int) * (liwork > 8 * N ? liwork : 8 * N));
  syevd("V", "U", &n, s, &n, w, work, &lwork, iwork, &liwork, &info);
  expect(info == 0, "info of dsyevd");
  for (int i = 0; i < N; i++) sum += w[i];
  expect(fabs(sum / trace - 1) < 1e-10, "dsyevd");
  gesdd("N", &n, &n, a, &n, w, NULL, &n, NULL, &n, work, &lwork, iwork, &info);
  expect(info == 0, "info of dgesdd");
  for (int i = 0; i < N; i++) squares += w[i] * w[i];
  expect(fabs(squares / norm - 1) < 1e-10, "dgesdd");
  free(a), free(s), free(work), free(iwork);
}

static volatile int running = 1;
static volatile long products = 0;

static void* multiply(void* unused) {
  (void)unused;
  double *a = matrix(7), *b = matrix(8), *first = product("N", "N", a, b);
  while (running) {
    double* c = product("N", "N", a, b);
    expect(distance(c, first) == 0, "a product beside a fork");
    free(c);
    products++;
  }
  free(a), free(b), free(first);
  return NULL;
}

// Spawns processes as Node does (fork, then exec at once) beside products on two threads.
static void check_forks(int forks) {
  pthread_t thread;
  pthread_create(&thread, NULL, multiply, NULL);
  for (int i = 0; i < forks; i++) {
    const pid_t pid = fork();
    if (pid == 0) {
      execl("/bin/true", "true", (char*)NULL);
      _exit(127);
    }
    expect(pid > 0, "fork");
    int status = -1;
    waitpid(pid, &status, 0);
    usleep(500);
  }
  running = 0;
  pthread_join(thread, NULL);
  printf("%d forks beside %ld products\n", forks, products);
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  gemm = (gemm_t)find("dgemm_");
  void (*set_threads)(int) = (void (*)(int))find("openblas_set_num_threads");
  int (*get_threads)(void) = (int (*)(void))find("openblas_get_num_threads");
  for (int threads = 1; threads <= 2; threads++) {
    set_threads(threads);
    expect(get_threads() == threads, "the number of threads");
    check_gemm();
    check_cholesky();
    check_solve();
    check_spectra();
  }
  if (argc > 2) {
    // A process that hangs tells nothing: the alarm ends it.
    alarm(120);
    check_forks(atoi(argv[2]));
  }
  char* (*config)(void) = (char* (*)(void))find("openblas_get_config");
  char* (*core)(void) = (char* (*)(void))find("openblas_get_corename");
  printf("%s on %s\n", config(), core());
  return 0;
}
