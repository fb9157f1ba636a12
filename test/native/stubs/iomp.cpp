// As much of Intel's OpenMP as a limit needs; the real one is not in Debian.
namespace {
int count = 2;
}
extern "C" int omp_get_max_threads() { return count; }
extern "C" void omp_set_num_threads(int threads) { count = threads; }
