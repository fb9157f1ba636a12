// Groups of small matrices on processors with AVX2 and FMA.

#include "linalg/lanes.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace heddle::linalg {

#if defined(__GNUC__) && defined(__AVX2__) && defined(__FMA__)
namespace {

constexpr int64_t kMaxOrder = 64;
#include "linalg/lanes_impl.h"

constexpr LaneTable kTable{"avx2", kernels<double>(), kernels<float>()};

}  // namespace

const LaneTable* avx2_lanes() { return &kTable; }

#else

const LaneTable* avx2_lanes() { return nullptr; }

#endif

}  // namespace heddle::linalg
