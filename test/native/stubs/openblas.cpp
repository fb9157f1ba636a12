// An OpenBLAS whose functions have the affixes that distributions and SciPy give them.
#define JOIN3(a, b, c) a##b##c
#define NAME3(a, b, c) JOIN3(a, b, c)
#define NAME(function) NAME3(BEFORE, function, AFTER)

namespace {
int count = 4;
char config[] = "OpenBLAS 0.3.27  USE64BITINT DYNAMIC_ARCH NO_AFFINITY Zen MAX_THREADS=64";
char core[] = "Zen";
}  // namespace

extern "C" int NAME(openblas_get_num_threads)() { return count; }
extern "C" void NAME(openblas_set_num_threads)(int threads) { count = threads; }
extern "C" char* NAME(openblas_get_config)() { return config; }
extern "C" char* NAME(openblas_get_corename)() { return core; }
extern "C" int NAME(openblas_get_parallel)() { return 1; }
