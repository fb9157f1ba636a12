// The kernels for processors with AVX2 and FMA.

#include "neighbors/kernels.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace heddle::neighbors {

#if defined(__AVX2__) && defined(__FMA__)
namespace {

#include "neighbors/kernels_impl.h"

constexpr Kernels kTable = table("avx2");

}  // namespace

const Kernels* avx2_kernels() { return &kTable; }

#else

const Kernels* avx2_kernels() { return nullptr; }

#endif

}  // namespace heddle::neighbors
