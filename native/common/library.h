// Shared libraries opened at run time: the one file that knows dlopen from LoadLibrary.
#pragma once

#include <optional>
#include <string>

namespace heddle {

// A shared library held open for the life of the process: code of ours may be running in it on
// any thread, so it is not closed by itself.
class Library {
 public:
  Library() = default;

  // Opens `path` (or a name that the loader searches). `isolated` keeps its symbols from being
  // taken over by libraries in the global scope (RTLD_DEEPBIND where there is one).
  // On failure the result is empty and error() says why.
  static Library open(const std::string& path, bool isolated);

  // The library at `path` if it is loaded already, by whomever and however; else empty.
  static Library loaded(const std::string& path);

  // Gives up what open() or loaded() holds, for a library that turned out not to be wanted.
  void close();

  explicit operator bool() const { return handle_ != nullptr; }
  const std::string& error() const { return error_; }
  void* symbol(const char* name) const;

  template <typename F>
  F function(const char* name) const {
    return reinterpret_cast<F>(symbol(name));
  }

 private:
  void* handle_ = nullptr;
  std::string error_;
};

// The path with symbolic links resolved, or as it is where that can't be done.
std::string real_path(const std::string& path);

// The real path of the file in which `address` lies; empty where that can't be told.
std::string file_of(const void* address);

// The folder that holds the addon, where the libraries shipped beside it lie. Ends with no slash.
const std::string& addon_folder();

// Sets an environment variable of the C library for a scope; one that the user has set only where
// that is to be overruled.
class ScopedVariable {
 public:
  enum class Over { kNobody, kUser };
  ScopedVariable(const char* name, const char* value, Over over = Over::kNobody);
  ~ScopedVariable();
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;  // what the user has set
  bool set_;
};

}  // namespace heddle
