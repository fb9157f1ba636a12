#include "threadpools/libraries.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <sstream>

#include "common/thread_room.h"
#include "threadpools/registry.h"

namespace heddle::threadpools {

namespace {

// A function that only counts if this very library has it: on Unix, a look-up also searches the
// libraries that this one depends on, and those are found on their own.
void* own_symbol(const Runtime& runtime, const std::string& name) {
  void* address = runtime.library.symbol(name.c_str());
  return address != nullptr && file_of(address) == runtime.filepath ? address : nullptr;
}

template <typename F>
F own_function(const Runtime& runtime, const std::string& name) {
  return reinterpret_cast<F>(own_symbol(runtime, name));
}

template <typename F>
F function(const Runtime& runtime, const char* name) {
  return runtime.library.function<F>(name);
}

using Get = int (*)();
using Set = void (*)(int);

// ---- OpenBLAS ----------------------------------------------------------------------------------

// The names that distributions and SciPy give to OpenBLAS's functions.
std::string openblas_name(const Runtime& runtime, const char* name) {
  for (const char* before : {"", "scipy_"}) {
    for (const char* after : {"", "64_", "_64"}) {
      std::string full = std::string(before) + name + after;
      if (own_symbol(runtime, full) != nullptr) return full;
    }
  }
  return {};
}

template <typename F>
F openblas_function(const Runtime& runtime, const char* name) {
  const std::string full = openblas_name(runtime, name);
  return full.empty() ? nullptr : runtime.library.function<F>(full.c_str());
}

// 0: built without threads, 1: pthreads, 2: OpenMP.
int openblas_layer(const Runtime& runtime) {
  const auto parallel = openblas_function<Get>(runtime, "openblas_get_parallel");
  return parallel != nullptr ? parallel() : -1;
}

// The setter of an OpenBLAS on pthreads, which waits for ever for a thread that the system has
// refused it: no more are asked for than can be had.
class OpenBlasSetter {
 public:
  OpenBlasSetter(Set set, int started) : set_(set), started_(started) {}

  // Called by one thread at a time.
  void operator()(int threads) {
    if (threads > started_) started_ += threads_to_be_had(threads - started_);
    set_(std::min(threads, started_));
  }

 private:
  Set set_;
  int started_;  // threads that it has, the caller's included: it keeps those that it once had
};

bool open_openblas(Runtime& runtime) {
  const auto get = openblas_function<Get>(runtime, "openblas_get_num_threads");
  const auto set = openblas_function<Set>(runtime, "openblas_set_num_threads");
  if (get == nullptr || set == nullptr) return false;
  if (openblas_layer(runtime) == 2) {
    // Before each call this build takes over what OpenMP says for the calling thread; its own
    // count is what the last call found. Both functions are those of the OpenMP it is linked to.
    runtime.thread = {function<Get>(runtime, "omp_get_max_threads"),
                      function<Set>(runtime, "omp_set_num_threads")};
    if (runtime.thread.get != nullptr && runtime.thread.set != nullptr) return true;
    runtime.thread = {get, set};
    return true;
  }
  runtime.process =
      &process_runtime(reinterpret_cast<const void*>(set),
                       ProcessRuntime::Functions{get, OpenBlasSetter(set, std::max(get(), 1))});
  return true;
}

Details openblas_details(const Runtime& runtime) {
  Details details;
  if (const auto config = openblas_function<char* (*)()>(runtime, "openblas_get_config")) {
    // "OpenBLAS 0.3.21 DYNAMIC_ARCH Haswell MAX_THREADS=64"; before 0.3.4 without the number.
    std::istringstream words(config());
    std::string name;
    std::string version;
    words >> name >> version;
    if (name == "OpenBLAS" && !version.empty() && std::isdigit(version[0]) != 0) {
      details.version = version;
    }
  }
  if (const auto core = openblas_function<char* (*)()>(runtime, "openblas_get_corename")) {
    details.architecture = core();
  }
  switch (openblas_layer(runtime)) {
    case 0:
      details.threading_layer = "disabled";
      break;
    case 1:
      details.threading_layer = "pthreads";
      break;
    case 2:
      details.threading_layer = "openmp";
      break;
    default:
      details.threading_layer = "unknown";
  }
  return details;
}

// ---- BLIS --------------------------------------------------------------------------------------

// BLIS counts in its own integer type, 64 bits wide in the usual builds. A narrower one would
// still be passed in the same register on the 64-bit systems that Node runs on.
struct Blis {
  int64_t (*get)();
  void (*set)(int64_t);
  void (*set_ways)(int64_t, int64_t, int64_t, int64_t, int64_t);
  std::array<int64_t (*)(), 5> ways;

  static int narrow(int64_t value) { return static_cast<int32_t>(value); }

  int way(size_t loop) const { return ways[loop] != nullptr ? narrow(ways[loop]()) : -1; }

  // Ways that are set for the loops win over the number of threads; -1 means unset for both, and
  // with nothing set BLIS runs on one thread. Setting one way sets those of the other loops to 1.
  int threads() const {
    if (way(0) <= 0) return std::max(narrow(get()), 1);
    int product = 1;
    for (size_t loop = 0; loop < ways.size(); ++loop) product *= std::max(way(loop), 1);
    return product;
  }

  void set_threads(int threads) const {
    if (set_ways != nullptr && way(0) > 0) set_ways(-1, -1, -1, -1, -1);
    set(threads);
  }

  void save(ProcessRuntime::State& state) const {
    for (size_t loop = 0; loop < ways.size(); ++loop) state[loop] = way(loop);
    state[5] = narrow(get());
  }

  void restore(const ProcessRuntime::State& state) const {
    if (set_ways != nullptr && state[0] > 0) {
      set_ways(state[0], state[1], state[2], state[3], state[4]);
    }
    set(state[5]);
  }
};

std::string blis_layer(const Runtime& runtime) {
  const auto enabled = [&](const char* name) {
    const auto query = own_function<int64_t (*)()>(runtime, name);
    return query != nullptr && Blis::narrow(query()) != 0;
  };
  if (enabled("bli_info_get_enable_openmp")) return "openmp";
  if (enabled("bli_info_get_enable_pthreads")) return "pthreads";
  return "disabled";
}

bool open_blis(Runtime& runtime) {
  Blis blis{};
  blis.get = own_function<int64_t (*)()>(runtime, "bli_thread_get_num_threads");
  blis.set = own_function<void (*)(int64_t)>(runtime, "bli_thread_set_num_threads");
  if (blis.get == nullptr || blis.set == nullptr) return false;
  blis.set_ways = own_function<void (*)(int64_t, int64_t, int64_t, int64_t, int64_t)>(
      runtime, "bli_thread_set_ways");
  size_t loop = 0;
  for (const char* name : {"jc", "pc", "ic", "jr", "ir"}) {
    blis.ways[loop++] =
        own_function<int64_t (*)()>(runtime, std::string("bli_thread_get_") + name + "_nt");
  }
  ProcessRuntime::Functions functions;
  if (blis_layer(runtime) == "disabled") {
    // It takes any number and runs on one thread.
    functions = {[] { return 1; }, [](int) {}};
  } else {
    functions = {[blis] { return blis.threads(); },
                 [blis](int threads) { blis.set_threads(threads); },
                 [blis](ProcessRuntime::State& state) { blis.save(state); },
                 [blis](const ProcessRuntime::State& state) { blis.restore(state); }};
  }
  runtime.process = &process_runtime(reinterpret_cast<const void*>(blis.set), std::move(functions));
  return true;
}

Details blis_details(const Runtime& runtime) {
  Details details;
  if (const auto version = own_function<const char* (*)()>(runtime, "bli_info_get_version_str")) {
    details.version = version();
  }
  const auto query = own_function<int (*)()>(runtime, "bli_arch_query_id");
  const auto name = own_function<const char* (*)(int)>(runtime, "bli_arch_string");
  if (query != nullptr && name != nullptr) details.architecture = name(query());
  details.threading_layer = blis_layer(runtime);
  return details;
}

// ---- MKL ---------------------------------------------------------------------------------------

bool open_mkl(Runtime& runtime) {
  const auto get = own_function<Get>(runtime, "MKL_Get_Max_Threads");
  const auto set = own_function<Set>(runtime, "MKL_Set_Num_Threads");
  if (get == nullptr || set == nullptr) return false;
  runtime.process =
      &process_runtime(reinterpret_cast<const void*>(set), ProcessRuntime::Functions{get, set});
  return true;
}

Details mkl_details(const Runtime& runtime) {
  Details details;
  if (const auto version = own_function<void (*)(char*, int)>(runtime, "MKL_Get_Version_String")) {
    std::array<char, 256> text{};
    version(text.data(), static_cast<int>(text.size()) - 1);
    // "Intel(R) oneAPI Math Kernel Library Version 2023.1-Product Build …"
    const std::string sentence(text.data());
    const size_t word = sentence.find("Version ");
    if (word != std::string::npos) {
      const size_t start = word + 8;
      details.version = sentence.substr(start, sentence.find_first_of(" -", start) - start);
    }
  }
  if (const auto layer = own_function<int (*)(int)>(runtime, "MKL_Set_Threading_Layer")) {
    // A layer that there is not asks for the present one.
    static constexpr std::array<const char*, 5> kNames = {"intel", "sequential", "pgi", "gnu",
                                                          "tbb"};
    const int index = layer(-1);
    const bool known = index >= 0 && index < static_cast<int>(kNames.size());
    details.threading_layer = known ? kNames[static_cast<size_t>(index)] : "unknown";
  }
  return details;
}

// ---- FlexiBLAS ---------------------------------------------------------------------------------

bool open_flexiblas(Runtime& runtime) {
  const auto get = own_function<Get>(runtime, "flexiblas_get_num_threads");
  const auto set = own_function<Set>(runtime, "flexiblas_set_num_threads");
  if (get == nullptr || set == nullptr) return false;
  runtime.process =
      &process_runtime(reinterpret_cast<const void*>(set), ProcessRuntime::Functions{get, set});
  return true;
}

std::vector<std::string> flexiblas_list(const Runtime& runtime, const char* name) {
  std::vector<std::string> result;
  const auto list = own_function<int (*)(char*, size_t, int)>(runtime, name);
  if (list == nullptr) return result;
  const int count = list(nullptr, 0, 0);
  for (int position = 0; position < count; ++position) {
    std::array<char, 1024> text{};
    list(text.data(), text.size() - 1, position);
    result.emplace_back(text.data());
  }
  return result;
}

Details flexiblas_details(const Runtime& runtime) {
  Details details;
  if (const auto version =
          own_function<void (*)(int*, int*, int*)>(runtime, "flexiblas_get_version")) {
    int major = 0;
    int minor = 0;
    int patch = 0;
    version(&major, &minor, &patch);
    std::ostringstream text;
    text << major << '.' << minor << '.' << patch;
    details.version = text.str();
  }
  details.has_backends = true;
  details.available_backends = flexiblas_list(runtime, "flexiblas_list");
  details.loaded_backends = flexiblas_list(runtime, "flexiblas_list_loaded");
  if (const auto current =
          own_function<int (*)(char*, size_t)>(runtime, "flexiblas_current_backend")) {
    std::array<char, 1024> text{};
    current(text.data(), text.size() - 1);
    details.current_backend = text.data();
  }
  return details;
}

// ---- OpenMP ------------------------------------------------------------------------------------

bool open_openmp(Runtime& runtime) {
  runtime.thread = {own_function<Get>(runtime, "omp_get_max_threads"),
                    own_function<Set>(runtime, "omp_set_num_threads")};
  return runtime.thread.get != nullptr && runtime.thread.set != nullptr;
}

// The OpenMP standard has no call that tells a runtime's version.
Details openmp_details(const Runtime& /*runtime*/) { return {}; }

// ---- libvips -----------------------------------------------------------------------------------

bool open_vips(Runtime& runtime) {
  const auto get = own_function<Get>(runtime, "vips_concurrency_get");
  const auto set = own_function<Set>(runtime, "vips_concurrency_set");
  if (get == nullptr || set == nullptr) return false;
  // Until vips_init() the count is 0, which set() turns into the default, as vips_init() would.
  if (get() == 0) set(0);
  runtime.process =
      &process_runtime(reinterpret_cast<const void*>(set), ProcessRuntime::Functions{get, set});
  return true;
}

Details vips_details(const Runtime& runtime) {
  Details details;
  if (const auto version = own_function<const char* (*)()>(runtime, "vips_version_string")) {
    details.version = version();
  }
  return details;
}

// ---- All of them -------------------------------------------------------------------------------

struct Kind {
  const char* user_api;
  const char* internal_api;
  std::vector<const char*> prefixes;
  bool (*open)(Runtime&);
  Details (*details)(const Runtime&);
};

// The name of the file decides first: FlexiBLAS exports the functions of other libraries.
const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"blas", "flexiblas", {"libflexiblas"}, open_flexiblas, flexiblas_details},
      {"blas",
       "openblas",
       {"libopenblas", "libscipy_openblas", "openblas", "libblas"},
       open_openblas,
       openblas_details},
      {"blas", "mkl", {"libmkl_rt", "mkl_rt", "libblas"}, open_mkl, mkl_details},
      {"blas", "blis", {"libblis", "libblas"}, open_blis, blis_details},
      {"openmp", "openmp", {"libgomp", "libiomp", "libomp", "vcomp"}, open_openmp, openmp_details},
      {"image", "vips", {"libvips"}, open_vips, vips_details},
  };
  return all;
}

std::string file_name(const std::string& path) {
#if defined(_WIN32)
  std::string name = path.substr(path.find_last_of("/\\") + 1);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
#else
  return path.substr(path.find_last_of('/') + 1);
#endif
}

bool starts_with(const std::string& text, const char* start) { return text.rfind(start, 0) == 0; }

}  // namespace

std::unique_ptr<Runtime> recognise(const std::string& path) {
  const std::string filepath = real_path(path);
  const std::array<std::string, 2> names = {file_name(path), file_name(filepath)};
  for (const Kind& kind : kinds()) {
    for (const char* prefix : kind.prefixes) {
      if (!starts_with(names[0], prefix) && !starts_with(names[1], prefix)) continue;
      auto runtime = std::make_unique<Runtime>();
      runtime->user_api = kind.user_api;
      runtime->internal_api = kind.internal_api;
      runtime->prefix = prefix;
      runtime->filepath = filepath;
      runtime->library = Library::loaded(path);
      runtime->root = runtime.get();
      if (runtime->library && kind.open(*runtime)) return runtime;
      runtime->library.close();
      break;
    }
  }
  return nullptr;
}

std::string openmp_below(const Runtime& runtime) {
  if (runtime.thread.get == nullptr || std::string(runtime.user_api) != "blas") return {};
  return file_of(reinterpret_cast<const void*>(runtime.thread.get));
}

Details details_of(const Runtime& runtime) {
  for (const Kind& kind : kinds()) {
    if (std::string(kind.internal_api) == runtime.internal_api) return kind.details(runtime);
  }
  return {};
}

}  // namespace heddle::threadpools
