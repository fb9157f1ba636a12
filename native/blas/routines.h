// The BLAS and LAPACK routines that are called, each in double and single precision.
#pragma once

#include <cstddef>
#include <type_traits>

namespace heddle::blas {

// Names without the leading d or s. Kept in the order of the manuals: BLAS 1, 2, 3, LAPACK.
#define HEDDLE_ROUTINES(X) \
  X(dot)                   \
  X(nrm2)                  \
  X(axpy)                  \
  X(scal)                  \
  X(gemv)                  \
  X(gemm)                  \
  X(syrk)                  \
  X(trsm)                  \
  X(potrf)                 \
  X(potrs)                 \
  X(getrf)                 \
  X(getrs)                 \
  X(getri)                 \
  X(sytrf)                 \
  X(sytrs)                 \
  X(trtrs)                 \
  X(geqrf)                 \
  X(orgqr)                 \
  X(gesdd)                 \
  X(gesvd)                 \
  X(syevd)                 \
  X(syevr)                 \
  X(sygst)                 \
  X(geev)                  \
  X(gelsd)

enum class Op : size_t {
#define HEDDLE_ENTRY(name) name,
  HEDDLE_ROUTINES(HEDDLE_ENTRY)
#undef HEDDLE_ENTRY
};

#define HEDDLE_COUNT(name) +1  // NOLINT(bugprone-macro-parentheses): a sum
constexpr size_t kOpCount = 0 HEDDLE_ROUTINES(HEDDLE_COUNT);
#undef HEDDLE_COUNT

constexpr size_t kRoutineCount = 2 * kOpCount;

// The place of an operation's double (even) or single (odd) routine in a table.
template <typename T>
constexpr size_t routine_index(Op op) {
  static_assert(std::is_same_v<T, double> || std::is_same_v<T, float>);
  return 2 * static_cast<size_t>(op) + (std::is_same_v<T, float> ? 1 : 0);
}

// The Fortran name without underscore, such as "dgemm".
const char* routine_name(size_t index);

}  // namespace heddle::blas
