// Groups of small matrices on any processor of the architecture.

#include "linalg/lanes.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace heddle::linalg {

#if defined(__GNUC__)
namespace {

constexpr int64_t kMaxOrder = 32;
#include "linalg/lanes_impl.h"

constexpr LaneTable kTable{"baseline", kernels<double>(), kernels<float>()};

}  // namespace

const LaneTable* baseline_lanes() { return &kTable; }

#else

const LaneTable* baseline_lanes() { return nullptr; }

#endif

}  // namespace heddle::linalg
