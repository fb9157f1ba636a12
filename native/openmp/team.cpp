#include "openmp/team.h"

#include "common/library.h"

namespace heddle::openmp {

namespace {

#if defined(_WIN32)
constexpr const char* kDoorFile = "heddle-openmp.dll";
#elif defined(__APPLE__)
constexpr const char* kDoorFile = "libheddle-openmp.dylib";
#else
constexpr const char* kDoorFile = "libheddle-openmp.so";
#endif

Door open_door() {
  // The runtime reads these once, when it is loaded. Teams that wait by spinning cost a core
  // each long after their work is done: 20 products with pauses took 590 CPU-ms instead of 31.
  const ScopedVariable policy("OMP_WAIT_POLICY", "passive");
  Door opened;
  const Library library = Library::open(addon_folder() + "/" + kDoorFile, false);
  if (!library) {
    opened.error = library.error();
    return opened;
  }
  opened.default_team = library.function<int (*)()>("heddle_openmp_default_team");
  opened.nested_team = library.function<int (*)(int)>("heddle_openmp_nested_team");
  opened.run =
      library.function<int (*)(int, void (*)(int, int, void*), void*)>("heddle_openmp_run");
  return opened;
}

}  // namespace

const Door& door() {
  static const Door opened = open_door();
  return opened;
}

}  // namespace heddle::openmp
