// As much of MKL as a limit needs; the real one is not free software.
#include <cstring>

namespace {
int count = 4;
int layer = 3;
}  // namespace

extern "C" int MKL_Get_Max_Threads() { return count; }
extern "C" void MKL_Set_Num_Threads(int threads) { count = threads; }
extern "C" int MKL_Set_Threading_Layer(int wanted) {
  if (wanted >= 0) layer = wanted;
  return layer;
}
extern "C" void MKL_Get_Version_String(char* buffer, int length) {
  std::strncpy(buffer,
               "Intel(R) oneAPI Math Kernel Library Version 2023.1-Product Build 20230303 for "
               "Intel(R) 64 architecture applications",
               static_cast<size_t>(length));
}
