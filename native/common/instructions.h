// What the processor can run beyond the oldest one that the addon is compiled for.
#pragma once

#include "platform/processor.h"

namespace heddle {

// The instruction sets that kernels are compiled for; each has what those before it have.
enum class Instructions { kBaseline, kAvx2, kAvx512 };

// The best of them that this processor (and the system) can run.
inline Instructions best_instructions() {
#if defined(__x86_64__) && defined(__GNUC__)
  const platform::Processor& has = platform::processor();
  if (!has.avx2 || !has.fma) return Instructions::kBaseline;
  const bool wide = has.avx512f && has.avx512dq && has.avx512bw && has.avx512vl;
  return wide ? Instructions::kAvx512 : Instructions::kAvx2;
#else
  return Instructions::kBaseline;
#endif
}

}  // namespace heddle
