// The BLAS and LAPACK library in use: found and opened at run time, called through pointers.
//
// Owns the opened library, the addresses of its routines, and the knowledge of its integers (LP64
// or ILP64), its symbols' affixes and its threads. Routines are called by their Fortran names,
// which every implementation has.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "blas/routines.h"
#include "common/coded_error.h"
#include "common/library.h"

namespace heddle::blas {

// Thrown where no library, or no such routine in it, can be had; the text is for the user.
class Unavailable : public CodedError {
 public:
  explicit Unavailable(const std::string& what) : CodedError("ERR_HEDDLE_BLAS", what) {}
};

// A size, stride or leading dimension, passed as the library's own integer.
struct Int {
  explicit Int(int64_t v) : value(v) {}
  int64_t value;
};

// An integer that a routine writes, such as LAPACK's `info`.
struct IntOut {
  int64_t value = 0;
};

// An array of the library's integers, such as pivots.
class IntArray {
 public:
  explicit IntArray(size_t length) : words_(length) {}
  void* data() { return words_.data(); }
  int64_t at(size_t index, bool wide) const {
    return wide ? words_[index] : reinterpret_cast<const int32_t*>(words_.data())[index];
  }
  void set(size_t index, int64_t value, bool wide) {
    if (wide) {
      words_[index] = value;
    } else {
      reinterpret_cast<int32_t*>(words_.data())[index] = static_cast<int32_t>(value);
    }
  }

 private:
  std::vector<int64_t> words_;  // room enough for either width
};

// How a library reads variables for its number of threads; the rules are in
// src/threadpools/variables.ts, which knows the numbers.
enum class VariableReader { kNone, kOpenBlas, kOpenBlasOpenMp, kBlis, kMkl, kAccelerate };

enum class Kind { kOpenBlas, kBlis, kMkl, kFlexiBlas, kAccelerate, kReference };

class Blas {
 public:
  // Opens the library at `path` (or of that name). Throws Unavailable, saying why.
  static Blas open(const std::string& path);

  Kind kind() const { return kind_; }
  const char* kind_name() const;
  const std::string& file() const { return file_; }
  const std::string& lapack_file() const { return lapack_file_; }
  const std::string& version() const { return version_; }
  const std::string& architecture() const { return architecture_; }
  // Who chose these kernels: "library", "OPENBLAS_CORETYPE" (the user), or "features" (Heddle, by
  // what the processor can do); empty where the library tells none.
  const std::string& chosen_by() const { return chosen_by_; }
  const std::string& threading() const { return threading_; }
  bool ilp64() const { return ilp64_; }
  const std::string& prefix() const { return prefix_; }
  const std::string& suffix() const { return suffix_; }

  // The first routine that is missing from the library, or null.
  const char* first_missing() const;

  // The library's own threads.
  bool threads_per_caller() const { return threads_per_caller_; }
  bool threaded() const { return set_threads_ != nullptr; }
  const void* thread_setter() const { return reinterpret_cast<const void*>(set_threads_); }
  void set_threads(int count) const {
    if (set_threads_ != nullptr) set_threads_(count);
  }
  // BLIS says -1 where nobody has set a count, and then uses one.
  int threads() const { return get_threads_ != nullptr ? std::max(get_threads_(), 1) : 1; }
  VariableReader variable_reader() const { return variable_reader_; }
  // Runs its OpenMP, where it is built on one, with all the threads it is told, and no fewer:
  // OpenBLAS's threads wait for one another by number, and wait for ever for one that isn't there.
  // Returns whether it was otherwise, for allow_fewer_threads().
  bool require_all_threads() const;
  void allow_fewer_threads() const { set_dynamic_(1); }
  // Whether its fork handler tears its threads down, so that a fork during a wide call hangs.
  bool fork_unsafe() const { return fork_unsafe_; }

  // Calls a subroutine in double or single precision. Arguments: char (with its hidden length),
  // Int, IntOut&, IntArray&, T, and pointers, in Fortran's order.
  template <typename T, typename... Args>
  void call(Op op, Args&&... args) const {
    run<void>(routine_index<T>(op), args...);
  }

  // Calls a function that returns a number, such as ddot.
  template <typename T, typename... Args>
  T call_function(Op op, Args&&... args) const {
    return run<T>(routine_index<T>(op), args...);
  }

 private:
#ifdef __clang_analyzer__
  // clang-tidy walks no library's code: it takes it that anything may come of a call. That is said
  // here, so that it need not walk the passing of the arguments at each call either.
  template <typename Result, typename... Args>
  static Result anything(Args&... args);
#endif

  template <typename Result, typename... Args>
  Result run(size_t index, Args&... args) const {
#ifdef __clang_analyzer__
    static_cast<void>(index);
    return anything<Result>(args...);
#else
    constexpr auto returns = static_cast<Result (*)()>(nullptr);
    return ilp64_ ? invoke<int64_t>(returns, index, args...)
                  : invoke<int32_t>(returns, index, args...);
#endif
  }

  template <typename Integer>
  struct Passed {  // what keeps an argument's storage while the call lasts
    struct Character {
      char value;
      const char* pointer() const { return &value; }
      void back() const {}
    };
    struct Integer_ {
      Integer value;
      const Integer* pointer() const { return &value; }
      void back() const {}
    };
    struct Written {
      IntOut* target;
      Integer value;
      Integer* pointer() { return &value; }
      void back() const { target->value = value; }
    };
    template <typename T>
    struct Scalar {
      T value;
      const T* pointer() const { return &value; }
      void back() const {}
    };
    template <typename T>
    struct Pointer {
      T* value;
      T* pointer() const { return value; }
      void back() const {}
    };
    static Character pass(char value) { return {value}; }
    static Integer_ pass(Int value) {
      if (value.value > std::numeric_limits<Integer>::max()) throw too_large(value.value);
      return {static_cast<Integer>(value.value)};
    }
    static Written pass(IntOut& value) { return {&value, static_cast<Integer>(value.value)}; }
    static Pointer<Integer> pass(IntArray& value) { return {static_cast<Integer*>(value.data())}; }
    static Scalar<float> pass(float value) { return {value}; }
    static Scalar<double> pass(double value) { return {value}; }
    template <typename T>
    static Pointer<T> pass(T* value) {
      return {value};
    }
  };

  template <typename T>
  static constexpr size_t is_character =
      std::is_same_v<std::remove_cv_t<std::remove_reference_t<T>>, char> ? 1 : 0;

  template <size_t>
  using HiddenLength = size_t;

  template <typename Integer, typename Result, typename... Args>
  Result invoke(Result (*returns)(), size_t index, Args&... args) const {
    // gfortran passes the length of each character after all other arguments.
    constexpr size_t characters = (is_character<Args> + ... + size_t{0});
    return invoke_with<Integer>(returns, std::make_index_sequence<sizeof...(Args)>{},
                                std::make_index_sequence<characters>{}, index, args...);
  }

  template <typename Integer, typename Result, size_t... I, size_t... H, typename... Args>
  Result invoke_with(Result (*)(), std::index_sequence<I...>, std::index_sequence<H...>,
                     size_t index, Args&... args) const {
    void* const target = addresses_[index];
    if (target == nullptr) throw missing(index);
    auto passed = std::make_tuple(Passed<Integer>::pass(args)...);
    const auto function = reinterpret_cast<Result (*)(decltype(std::get<I>(passed).pointer())...,
                                                      HiddenLength<H>...)>(target);
    if constexpr (std::is_void_v<Result>) {
      function(std::get<I>(passed).pointer()..., (static_cast<void>(H), size_t{1})...);
      (std::get<I>(passed).back(), ...);
    } else {
      return function(std::get<I>(passed).pointer()..., (static_cast<void>(H), size_t{1})...);
    }
  }

  Unavailable missing(size_t index) const;
  static std::length_error too_large(int64_t value);

  bool find_affixes();
  void find_blis();
  void resolve(const Library& lapack);
  void open_lapack();
  void probe_integers();
  void identify();
  void find_variable_reader();
  VariableReader flexiblas_reader() const;
  template <typename F>
  F own_function(const std::string& name) const;

  Library library_;
  std::array<void*, kRoutineCount> addresses_{};
  Kind kind_ = Kind::kReference;
  std::string file_;
  std::string lapack_file_;
  std::string prefix_;
  std::string suffix_;
  std::string version_;
  std::string architecture_;
  std::string chosen_by_;
  std::string threading_ = "none";
  bool ilp64_ = false;
  bool threads_per_caller_ = false;
  bool fork_unsafe_ = false;
  void (*set_threads_)(int) = nullptr;
  int (*get_threads_)() = nullptr;
  int (*get_dynamic_)() = nullptr;
  void (*set_dynamic_)(int) = nullptr;
  VariableReader variable_reader_ = VariableReader::kNone;
};

// The library in use, chosen at the first call: HEDDLE_BLAS, else the one beside the addon, else
// the system's. Throws Unavailable, naming what was tried.
const Blas& current();
// Makes another one current, while no operation is in flight.
void use(const std::string& path);

}  // namespace heddle::blas
