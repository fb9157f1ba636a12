// As much of FlexiBLAS as a limit needs, with the aliases of other libraries' functions that the
// real one exports.
#include <cstddef>
#include <cstdio>

namespace {

int count = 3;
int backend = 1;
const char* const kAvailable[] = {"NETLIB", "OPENBLAS-OPENMP", "BLIS-SERIAL"};
const char* const kLoaded[] = {"NETLIB", "OPENBLAS-OPENMP"};

template <size_t N>
int entry(const char* const (&names)[N], char* name, size_t size, int position) {
  if (name != nullptr) std::snprintf(name, size, "%s", names[position]);
  return static_cast<int>(N);
}

}  // namespace

extern "C" {
int flexiblas_get_num_threads() { return count; }
void flexiblas_set_num_threads(int threads) { count = threads; }
void flexiblas_get_version(int* major, int* minor, int* patch) {
  *major = 3;
  *minor = 4;
  *patch = 2;
}
int flexiblas_list(char* name, size_t size, int position) {
  return entry(kAvailable, name, size, position);
}
int flexiblas_list_loaded(char* name, size_t size, int position) {
  return entry(kLoaded, name, size, position);
}
int flexiblas_current_backend(char* name, size_t size) {
  return std::snprintf(name, size, "%s", kLoaded[backend]);
}
int flexiblas_switch(int next) {
  backend = next;
  return 0;
}
int openblas_get_num_threads() { return 99; }
void openblas_set_num_threads(int) {}
int MKL_Get_Max_Threads() { return 99; }
void MKL_Set_Num_Threads(int) {}
int bli_thread_get_num_threads() { return 99; }
void bli_thread_set_num_threads(int) {}
}
