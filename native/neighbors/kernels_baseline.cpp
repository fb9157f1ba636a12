// The kernels for any processor of the architecture.

#include "neighbors/kernels.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace heddle::neighbors {

namespace {

#include "neighbors/kernels_impl.h"

constexpr Kernels kTable = table("baseline");

}  // namespace

const Kernels* baseline_kernels() { return &kTable; }

}  // namespace heddle::neighbors
