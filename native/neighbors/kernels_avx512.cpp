// The kernels for processors with AVX-512 (F, DQ, BW, VL).

#include "neighbors/kernels.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace heddle::neighbors {

#if defined(__AVX512F__)
namespace {

#include "neighbors/kernels_impl.h"

constexpr Kernels kTable = table("avx512");

}  // namespace

const Kernels* avx512_kernels() { return &kTable; }

#else

const Kernels* avx512_kernels() { return nullptr; }

#endif

}  // namespace heddle::neighbors
