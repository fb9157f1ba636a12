// Which of OpenBLAS's kernels a processor should run.
//
// OpenBLAS goes by model numbers, which say nothing of a processor newer than the library: 0.3.21
// takes a Zen 4 or 5 for a Haswell (45 Gflop/s for a product of 1024 x 1024 where its AVX-512
// kernels make 72 to 80), and an Intel model that it has never heard of for a Prescott of 2004.
// What a processor can do is in its feature bits. Pure functions over these; nothing is opened
// here.
#pragma once

#include <string>

namespace heddle::blas {

// What a processor can do and the system lets it (the wide registers must be saved, too).
struct Features {
  enum Bit : unsigned {
    kAvx = 1U << 0,
    kAvx2 = 1U << 1,
    kFma = 1U << 2,
    kAvx512F = 1U << 3,
    kAvx512Bw = 1U << 4,
    kAvx512Cd = 1U << 5,
    kAvx512Dq = 1U << 6,
    kAvx512Vl = 1U << 7,
    kAvx512Bf16 = 1U << 8,
    kAsimd = 1U << 9,        // arm64's 128-bit vectors
    kDotProduct = 1U << 10,  // ARMv8.2's ASIMDDP: Neoverse N1, Cortex-A76, Apple M1 and later
    kSve = 1U << 11,
  };
  unsigned bits = 0;
  int sve_bytes = 0;  // length of a vector, where there is SVE

  bool has(unsigned wanted) const { return (bits & wanted) == wanted; }
};

// What OpenBLAS's kernels for AVX-512 need.
constexpr unsigned kAvx512 = Features::kAvx512F | Features::kAvx512Bw | Features::kAvx512Cd |
                             Features::kAvx512Dq | Features::kAvx512Vl;

// Those of this processor.
Features processor_features();

// The value of OPENBLAS_CORETYPE for the fastest kernels that such a processor can run, or null
// where nothing is known that is better than what OpenBLAS takes by itself.
const char* core_for(const Features& features);

// The same for a library that has taken the kernels `own` by itself: null where these are as good.
const char* better_core(const std::string& own, const Features& features);

}  // namespace heddle::blas
