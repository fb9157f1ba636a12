// What Heddle knows of each library that keeps threads: how its file is called, and by which
// functions its thread count is read and set.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/library.h"
#include "threadpools/process_runtime.h"

namespace heddle::threadpools {

// A library found in this process. Never destroyed: the library is held loaded.
struct Runtime {
  const char* user_api = "";      // blas, openmp, image
  const char* internal_api = "";  // openblas, mkl, …
  std::string prefix;             // by which the file's name was recognised
  std::string filepath;           // with symbolic links resolved
  Library library;

  // Exactly one of these two: the count belongs to the process, or to the calling thread.
  ProcessRuntime* process = nullptr;
  struct {
    int (*get)() = nullptr;
    void (*set)(int) = nullptr;
  } thread;

  // The runtime whose count this one really uses: itself, or the OpenMP below it.
  const Runtime* root = nullptr;
};

// What else is known of a runtime; read anew at each call.
struct Details {
  std::string version;          // empty: not told
  std::string threading_layer;  // empty: has none
  std::string architecture;     // empty: not told
  bool has_backends = false;    // FlexiBLAS
  std::vector<std::string> available_backends;
  std::vector<std::string> loaded_backends;
  std::string current_backend;
};

// Recognises a loaded library by its file's name and then by its functions. Null where the name
// is no runtime's, or where the file lacks the functions.
std::unique_ptr<Runtime> recognise(const std::string& path);

// For an OpenBLAS that takes its threads from OpenMP: the file of that OpenMP. Else empty.
std::string openmp_below(const Runtime& runtime);

Details details_of(const Runtime& runtime);

}  // namespace heddle::threadpools
