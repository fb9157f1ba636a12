// Groups of small matrices on processors with AVX-512.

#include "linalg/lanes.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace heddle::linalg {

#if defined(__GNUC__) && defined(__AVX512F__) && defined(__AVX512DQ__)
namespace {

constexpr int64_t kMaxOrder = 64;
#include "linalg/lanes_impl.h"

constexpr LaneTable kTable{"avx512", kernels<double>(), kernels<float>()};

}  // namespace

const LaneTable* avx512_lanes() { return &kTable; }

#else

const LaneTable* avx512_lanes() { return nullptr; }

#endif

}  // namespace heddle::linalg
