// What the processor can run beyond the oldest one that the addon is compiled for.
#pragma once

namespace heddle {

// The instruction sets that kernels are compiled for; each has what those before it have.
enum class Instructions { kBaseline, kAvx2, kAvx512 };

// The best of them that this processor (and the system) can run.
inline Instructions best_instructions() {
#if defined(__x86_64__) && defined(__GNUC__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    return Instructions::kBaseline;
  }
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return wide ? Instructions::kAvx512 : Instructions::kAvx2;
#else
  return Instructions::kBaseline;
#endif
}

}  // namespace heddle
