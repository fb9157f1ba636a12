#include "common/library.h"

#include <cstdlib>

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>

#include <climits>
#endif

namespace heddle {

#if defined(_WIN32)

Library Library::open(const std::string& path, bool /*isolated*/) {
  Library library;
  library.handle_ = LoadLibraryA(path.c_str());
  if (!library.handle_) library.error_ = "LoadLibrary failed: " + std::to_string(GetLastError());
  return library;
}

Library Library::loaded(const std::string& path) {
  Library library;
  HMODULE module = nullptr;
  // Counts as a use, so that the library stays.
  if (GetModuleHandleExA(0, path.c_str(), &module)) library.handle_ = module;
  return library;
}

void Library::close() {
  if (handle_) FreeLibrary(static_cast<HMODULE>(handle_));
  handle_ = nullptr;
}

std::string real_path(const std::string& path) {
  char resolved[MAX_PATH] = {};
  return GetFullPathNameA(path.c_str(), MAX_PATH, resolved, nullptr) > 0 ? resolved : path;
}

void* Library::symbol(const char* name) const {
  return handle_ ? reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(handle_), name))
                 : nullptr;
}

std::string file_of(const void* address) {
  HMODULE module = nullptr;
  char path[MAX_PATH] = {};
  GetModuleHandleExA(
      GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
      static_cast<const char*>(address), &module);
  GetModuleFileNameA(module, path, MAX_PATH);
  return path;
}

namespace {

// Null takes it away.
void set_variable(const char* name, const char* value) {
  _putenv_s(name, value != nullptr ? value : "");
}

}  // namespace

#else

Library Library::open(const std::string& path, bool isolated) {
  Library library;
  int flags = RTLD_NOW | RTLD_LOCAL;
#if defined(RTLD_DEEPBIND)
  if (isolated) flags |= RTLD_DEEPBIND;
#else
  (void)isolated;
#endif
  library.handle_ = dlopen(path.c_str(), flags);
  if (library.handle_ == nullptr) {
    const char* why = dlerror();
    library.error_ = why != nullptr ? why : "unknown error";
  }
  return library;
}

Library Library::loaded(const std::string& path) {
  Library library;
  // Counts as a use, so that the library stays.
  library.handle_ = dlopen(path.c_str(), RTLD_NOLOAD | RTLD_LAZY | RTLD_LOCAL);
  return library;
}

void Library::close() {
  if (handle_ != nullptr) dlclose(handle_);
  handle_ = nullptr;
}

std::string real_path(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) != nullptr ? resolved : path;
}

void* Library::symbol(const char* name) const {
  return handle_ != nullptr ? dlsym(handle_, name) : nullptr;
}

std::string file_of(const void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return {};
  return real_path(info.dli_fname);
}

namespace {

// Null takes it away.
void set_variable(const char* name, const char* value) {
  if (value != nullptr) {
    setenv(name, value, 1);
  } else {
    unsetenv(name);
  }
}

}  // namespace

#endif

ScopedVariable::ScopedVariable(const char* name, const char* value, Over over) : name_(name) {
  if (const char* before = std::getenv(name)) before_ = before;
  set_ = !before_ || over == Over::kUser;
  if (set_) set_variable(name, value);
}

ScopedVariable::~ScopedVariable() {
  if (set_) set_variable(name_, before_ ? before_->c_str() : nullptr);
}

const std::string& addon_folder() {
  static const std::string folder = [] {
    static const char anchor = 0;
    const std::string file = file_of(&anchor);
    const size_t slash = file.find_last_of("/\\");
    return slash == std::string::npos ? std::string(".") : file.substr(0, slash);
  }();
  return folder;
}

}  // namespace heddle
