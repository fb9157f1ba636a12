#include "blas/blas.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "blas/kernels.h"
#include "common/affinity.h"
#include "common/thread_room.h"

namespace heddle::blas {

namespace {

constexpr const char* kNames[] = {
#define HEDDLE_NAMES(name) "d" #name, "s" #name,
    HEDDLE_ROUTINES(HEDDLE_NAMES)
#undef HEDDLE_NAMES
};

struct Affixes {
  const char* prefix;
  const char* suffix;
};

// The spellings of Fortran symbols that are met: plain, without underscore (Accelerate, some MKL),
// 64-bit builds, and those of SciPy's wheels.
constexpr Affixes kAffixes[] = {{"", "_"},          {"", ""},          {"", "_64_"},   {"", "64_"},
                                {"scipy_", "_64_"}, {"scipy_", "64_"}, {"scipy_", "_"}};

bool isolated() {
  const char* choice = std::getenv("HEDDLE_BLAS_DEEPBIND");
  return choice == nullptr || std::strcmp(choice, "0") != 0;
}

// The kernels that the library at `path` should be told to take: those that this processor is best
// at where it would choose worse ones by itself, else null. It is opened to be asked, and closed
// again; the one that comes with Heddle for x64 is known to choose well below AVX-512, on
// processors that it doesn't know too (scripts/native/openblas-shim.c).
const char* better_core_of(const std::string& path) {
  const Features features = processor_features();
#if defined(__x86_64__)
  if (path.find("libopenblas-heddle.") != std::string::npos) {
    return features.has(kAvx512) ? core_for(features) : nullptr;
  }
#endif
  if (core_for(features) == nullptr) return nullptr;
  const ScopedVariable alone("OPENBLAS_NUM_THREADS", "1");  // no threads only to ask
  Library library = Library::open(path, isolated());
  if (!library) return nullptr;
  const char* better = nullptr;
  for (const char* symbol : {"openblas_get_corename", "openblas_get_corename64_",
                             "scipy_openblas_get_corename", "scipy_openblas_get_corename64_"}) {
    const auto core_name = library.function<const char* (*)()>(symbol);
    if (core_name == nullptr) continue;
    better = better_core(core_name(), features);
    break;
  }
  library.close();
  return better;
}

// Threads that OpenBLAS starts when it is loaded, the one that loads it included.
int threads_at_load() {
  const int cores = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
  for (const char* name : {"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"}) {
    const char* text = std::getenv(name);
    const int threads = text != nullptr ? std::atoi(text) : 0;
    if (threads > 0) return std::min(threads, cores);
  }
  return cores;
}

// Opens a library with the settings that it reads only then, each where the user has set none.
// `told` gets the kernels that it was told to take, null where it was told none.
Library open_tuned(const std::string& path, const char*& told) {
  const KeptAffinity affinity;
  // OpenBLAS sends the process SIGINT where a thread that it wants at its start can't be had
  // (blas_thread_init). Those that it gets later threadpools/libraries.cpp sees to.
  std::optional<ScopedVariable> fewer;
  const int more = threads_at_load() - 1;
  const int had = threads_to_be_had(more);
  if (had < more) {
    const std::string count = std::to_string(had + 1);
    fewer.emplace("OPENBLAS_NUM_THREADS", count.c_str(), ScopedVariable::Over::kUser);
  }
  // OpenBLAS's threads spin for 2^26 cycles after each piece of work unless told otherwise (25 ms
  // of a core), OpenMP's for as long as the policy says. 2^18 outlasts the pauses within a
  // factorisation, which is worth a fifth of its time on two cores, and costs an idle pool 0.1 ms.
  const ScopedVariable timeout("OPENBLAS_THREAD_TIMEOUT", "18");
  const ScopedVariable policy("OMP_WAIT_POLICY", "passive");
  told = std::getenv("OPENBLAS_CORETYPE") == nullptr ? better_core_of(path) : nullptr;
  if (told == nullptr) return Library::open(path, isolated());
  const ScopedVariable core("OPENBLAS_CORETYPE", told);
  return Library::open(path, isolated());
}

bool same_letters(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::string folder_of(const std::string& file) {
  const size_t slash = file.find_last_of("/\\");
  return slash == std::string::npos ? std::string() : file.substr(0, slash + 1);
}

bool file_contains(const std::string& path, const std::string& text) {
  std::ifstream file(path, std::ios::binary);
  const std::string content((std::istreambuf_iterator<char>(file)),
                            std::istreambuf_iterator<char>());
  return content.find(text) != std::string::npos;
}

}  // namespace

const char* routine_name(size_t index) { return kNames[index]; }

Blas Blas::open(const std::string& path) {
  Blas blas;
  const char* told = nullptr;
  blas.library_ = open_tuned(path, told);
  if (!blas.library_) throw Unavailable(path + ": " + blas.library_.error());
  if (!blas.find_affixes()) throw Unavailable(path + ": it has no routine dgemm");
  blas.find_blis();
  blas.resolve(blas.library_);
  blas.file_ = file_of(blas.addresses_[routine_index<double>(Op::gemm)]);
  if (blas.first_missing() != nullptr) blas.open_lapack();
  blas.lapack_file_ = file_of(blas.addresses_[routine_index<double>(Op::potrf)]);
  blas.probe_integers();
  blas.identify();
  if (blas.kind_ == Kind::kOpenBlas) {
    const char* user = std::getenv("OPENBLAS_CORETYPE");
    // One built for a single processor asks nobody.
    const bool chosen = told != nullptr && same_letters(told, blas.architecture_);
    blas.chosen_by_ = user != nullptr ? "OPENBLAS_CORETYPE" : chosen ? "features" : "library";
  }
  blas.find_variable_reader();
  return blas;
}

bool Blas::find_affixes() {
  for (const Affixes& affixes : kAffixes) {
    if (library_.symbol((std::string(affixes.prefix) + "dgemm" + affixes.suffix).c_str())) {
      prefix_ = affixes.prefix;
      suffix_ = affixes.suffix;
      return true;
    }
  }
  return false;
}

// Debian's BLIS under the name libblas.so.3 shows the BLAS routines and hides all of its own, those
// that set its threads among them. The same BLIS, whole, lies beside it; it is taken where it does.
void Blas::find_blis() {
  const std::string file = file_of(library_.symbol((prefix_ + "dgemm" + suffix_).c_str()));
  if (own_function<void (*)()>("bli_info_get_version_str") != nullptr ||
      own_function<void (*)()>("openblas_get_config") != nullptr ||
      !file_contains(file, "BLIS_ARCH_TYPE")) {
    return;
  }
  kind_ = Kind::kBlis;
  Library whole = Library::open(folder_of(file) + "libblis.so.4", isolated());
  if (whole && whole.symbol((prefix_ + "dgemm" + suffix_).c_str()) != nullptr) library_ = whole;
}

void Blas::resolve(const Library& library) {
  for (size_t index = 0; index < kRoutineCount; ++index) {
    if (addresses_[index] == nullptr) {
      addresses_[index] = library.symbol((prefix_ + routine_name(index) + suffix_).c_str());
    }
  }
}

const char* Blas::first_missing() const {
  for (size_t index = 0; index < kRoutineCount; ++index) {
    if (addresses_[index] == nullptr) return routine_name(index);
  }
  return nullptr;
}

// A BLAS without LAPACK: the LAPACK beside it, or the system's. A LAPACK built for any BLAS asks
// the loader for "libblas.so.3", and gets the one that is open already where that is its name. For
// one of another name, such as libblis.so.4, the one of that name beside it is opened first: else
// the LAPACK would compute with the system's BLAS, whose threads nobody here looks after.
void Blas::open_lapack() {
  Library::open(folder_of(file_) + "libblas.so.3", isolated());
  const char* chosen = std::getenv("HEDDLE_LAPACK");
  std::vector<std::string> candidates;
  if (chosen != nullptr && *chosen != '\0') {
    candidates.emplace_back(chosen);
  } else {
    candidates = {folder_of(file_) + "liblapack.so.3",
                  folder_of(file_) + "../lapack/liblapack.so.3", "liblapack.so.3"};
  }
  for (const std::string& candidate : candidates) {
    const Library lapack = Library::open(candidate, isolated());
    if (!lapack) continue;
    resolve(lapack);
    if (first_missing() == nullptr) return;
  }
}

Unavailable Blas::missing(size_t index) const {
  return Unavailable(std::string("the routine ") + routine_name(index) + " is not in " + file_ +
                     " nor in a LAPACK library beside it; set HEDDLE_BLAS to a library that has "
                     "LAPACK, or HEDDLE_LAPACK to one that goes with it");
}

std::length_error Blas::too_large(int64_t value) {
  return std::length_error("a size or workspace of " + std::to_string(value) +
                           " is more than a BLAS with 32-bit integers can count; set HEDDLE_BLAS "
                           "to an ILP64 library");
}

// Reads a length whose low half says 1 and whose whole is negative: a library with 32-bit integers
// multiplies one element, one with 64-bit integers none.
void Blas::probe_integers() {
  const int64_t sentinel = INT64_MIN + 1;
  const int64_t step = 1;
  const double one = 1;
  const auto ddot =
      reinterpret_cast<double (*)(const int64_t*, const double*, const int64_t*, const double*,
                                  const int64_t*)>(addresses_[routine_index<double>(Op::dot)]);
  if (ddot == nullptr) throw missing(routine_index<double>(Op::dot));
  ilp64_ = ddot(&sentinel, &one, &step, &one, &step) == 0;
}

template <typename F>
F Blas::own_function(const std::string& name) const {
  // OpenBLAS puts its affixes on its own functions too: scipy_openblas_get_config64_.
  for (const std::string& spelling :
       {name, prefix_ + name + suffix_, prefix_ + name, name + suffix_}) {
    if (const auto function = library_.function<F>(spelling.c_str())) return function;
  }
  return nullptr;
}

void Blas::identify() {
  using Text = const char* (*)();
  if (const auto config = own_function<Text>("openblas_get_config")) {
    kind_ = Kind::kOpenBlas;
    std::string text = config();  // "OpenBLAS 0.3.21 NO_AFFINITY USE64BITINT …"
    if (text.rfind("OpenBLAS ", 0) == 0) text.erase(0, 9);
    version_ = text.substr(0, text.find(' '));
    if (const auto core = own_function<Text>("openblas_get_corename")) architecture_ = core();
    const auto parallel = own_function<int (*)()>("openblas_get_parallel");
    const int layer = parallel != nullptr ? parallel() : 0;
    threading_ = layer == 2 ? "openmp" : layer == 1 ? "pthreads" : "none";
    threads_per_caller_ = layer == 2;
    if (layer == 2) {  // of the OpenMP that it is linked with
      get_dynamic_ = library_.function<int (*)()>("omp_get_dynamic");
      set_dynamic_ = library_.function<void (*)(int)>("omp_set_dynamic");
    }
    fork_unsafe_ = layer == 1 && library_.symbol("heddle_openblas_fork_safe") == nullptr;
    if (layer != 0) {
      set_threads_ = own_function<void (*)(int)>("openblas_set_num_threads");
      get_threads_ = own_function<int (*)()>("openblas_get_num_threads");
    }
    return;
  }
  if (const auto version = own_function<Text>("bli_info_get_version_str")) {
    kind_ = Kind::kBlis;
    version_ = version();
    if (const auto id = own_function<int (*)()>("bli_arch_query_id")) {
      if (const auto name = own_function<const char* (*)(int)>("bli_arch_string")) {
        architecture_ = name(id());
      }
    }
    const auto openmp = own_function<int64_t (*)()>("bli_info_get_enable_openmp");
    const auto pthreads = own_function<int64_t (*)()>("bli_info_get_enable_pthreads");
    threading_ = openmp != nullptr && openmp() != 0       ? "openmp"
                 : pthreads != nullptr && pthreads() != 0 ? "pthreads"
                                                          : "none";
    if (threading_ != "none") {
      set_threads_ = own_function<void (*)(int)>("bli_thread_set_num_threads");
      get_threads_ = own_function<int (*)()>("bli_thread_get_num_threads");
    }
    return;
  }
  if (const auto set = own_function<int (*)(int)>("MKL_Set_Num_Threads_Local")) {
    (void)set;
    kind_ = Kind::kMkl;
    threading_ = "intel";
    threads_per_caller_ = true;
    set_threads_ = own_function<void (*)(int)>("MKL_Set_Num_Threads_Local");
    get_threads_ = own_function<int (*)()>("MKL_Get_Max_Threads");
    if (const auto text = own_function<void (*)(char*, int)>("mkl_get_version_string")) {
      char buffer[200] = {};
      text(buffer, sizeof(buffer) - 1);
      version_ = buffer;
    }
    return;
  }
  if (own_function<void (*)(int)>("flexiblas_set_num_threads") != nullptr) {
    kind_ = Kind::kFlexiBlas;
    set_threads_ = own_function<void (*)(int)>("flexiblas_set_num_threads");
    get_threads_ = own_function<int (*)()>("flexiblas_get_num_threads");
    threading_ = "flexiblas";
    return;
  }
  if (file_.find("Accelerate") != std::string::npos) {
    kind_ = Kind::kAccelerate;
    threading_ = "dispatch";
  }
}

void Blas::find_variable_reader() {
  switch (kind_) {
    case Kind::kOpenBlas:
      variable_reader_ =
          threads_per_caller_ ? VariableReader::kOpenBlasOpenMp : VariableReader::kOpenBlas;
      return;
    case Kind::kBlis:
      variable_reader_ = VariableReader::kBlis;
      return;
    case Kind::kMkl:
      variable_reader_ = VariableReader::kMkl;
      return;
    case Kind::kAccelerate:
      variable_reader_ = VariableReader::kAccelerate;
      return;
    case Kind::kFlexiBlas:
      variable_reader_ = flexiblas_reader();
      return;
    case Kind::kReference:
      return;
  }
}

// FlexiBLAS reads what its backend reads, whose name is the configuration's.
VariableReader Blas::flexiblas_reader() const {
  const auto current = own_function<int (*)(char*, size_t)>("flexiblas_current_backend");
  if (current == nullptr) return VariableReader::kNone;
  std::array<char, 256> text{};
  current(text.data(), text.size() - 1);
  std::string name = text.data();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  if (has("openblas")) {
    return has("omp") || has("openmp") ? VariableReader::kOpenBlasOpenMp
                                       : VariableReader::kOpenBlas;
  }
  if (has("mkl")) return VariableReader::kMkl;
  return has("blis") ? VariableReader::kBlis : VariableReader::kNone;
}

bool Blas::require_all_threads() const {
  if (get_dynamic_ == nullptr || set_dynamic_ == nullptr || get_dynamic_() == 0) return false;
  set_dynamic_(0);
  return true;
}

const char* Blas::kind_name() const {
  switch (kind_) {
    case Kind::kOpenBlas:
      return "openblas";
    case Kind::kBlis:
      return "blis";
    case Kind::kMkl:
      return "mkl";
    case Kind::kFlexiBlas:
      return "flexiblas";
    case Kind::kAccelerate:
      return "accelerate";
    case Kind::kReference:
      break;
  }
  return "reference";
}

}  // namespace heddle::blas
