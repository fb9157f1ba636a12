#include "threadpools/modules.h"

#if defined(_WIN32)
#include <windows.h>
// After windows.h.
#include <psapi.h>
#elif defined(__APPLE__)
#include <mach-o/dyld.h>

#include <atomic>
#else
#include <link.h>

#include <new>
#include <utility>
#endif

namespace heddle::threadpools {

#if defined(_WIN32)

namespace {

std::vector<HMODULE> module_handles() {
  std::vector<HMODULE> handles(256);
  for (;;) {
    DWORD needed = 0;
    const DWORD size = static_cast<DWORD>(handles.size() * sizeof(HMODULE));
    if (!K32EnumProcessModules(GetCurrentProcess(), handles.data(), size, &needed)) return {};
    const size_t count = needed / sizeof(HMODULE);
    const bool complete = count <= handles.size();
    handles.resize(count);
    if (complete) return handles;
  }
}

}  // namespace

uint64_t modules_generation() {
  // Windows keeps no count; the handles themselves, mixed, stand in for one (FNV-1a).
  uint64_t hash = 14695981039346656037ULL;
  for (const HMODULE handle : module_handles()) {
    hash = (hash ^ reinterpret_cast<uint64_t>(handle)) * 1099511628211ULL;
  }
  return hash;
}

std::vector<std::string> loaded_modules() {
  std::vector<std::string> names;
  for (const HMODULE handle : module_handles()) {
    char name[32768];
    if (GetModuleFileNameA(handle, name, sizeof name) > 0) names.emplace_back(name);
  }
  return names;
}

#elif defined(__APPLE__)

namespace {

std::atomic<uint64_t> loads{0};

}  // namespace

uint64_t modules_generation() {
  // Called at once for each image that is there already, then for each that is loaded.
  static const bool registered = [] {
    _dyld_register_func_for_add_image([](const mach_header*, intptr_t) { ++loads; });
    return true;
  }();
  (void)registered;
  return loads.load();
}

std::vector<std::string> loaded_modules() {
  std::vector<std::string> names;
  for (uint32_t index = 0; index < _dyld_image_count(); ++index) {
    const char* name = _dyld_get_image_name(index);
    if (name != nullptr) names.emplace_back(name);
  }
  return names;
}

#else

uint64_t modules_generation() {
  uint64_t adds = 0;
  // The counter is the same in every entry, so the first is enough: about 20 ns.
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        *static_cast<uint64_t*>(out) = info->dlpi_adds;
        return 1;
      },
      &adds);
  return adds;
}

std::vector<std::string> loaded_modules() {
  struct {
    std::vector<std::string> names;
    bool complete = true;
  } found;
  // The loader's lock is held in the callback: anything beyond copying names can deadlock.
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        auto* const all = static_cast<decltype(found)*>(out);
        try {
          if (info->dlpi_name != nullptr && info->dlpi_name[0] != '\0') {
            all->names.emplace_back(info->dlpi_name);
          }
          return 0;
        } catch (const std::bad_alloc&) {  // which must not pass through the loader
          all->complete = false;
          return 1;
        }
      },
      &found);
  if (!found.complete) throw std::bad_alloc();
  return std::move(found.names);
}

#endif

}  // namespace heddle::threadpools
