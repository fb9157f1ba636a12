// What the processor can run, asked of the processor itself: what compilers offer for it
// (__builtin_cpu_supports) reads tables of a runtime library that not every toolchain has.
#pragma once

namespace heddle::platform {

// Instruction sets of x86-64 that the system saves the registers of, too. All false elsewhere.
struct Processor {
  bool avx = false;
  bool avx2 = false;
  bool fma = false;
  bool avx512f = false;
  bool avx512bw = false;
  bool avx512cd = false;
  bool avx512dq = false;
  bool avx512vl = false;
  bool avx512bf16 = false;
};

// Asked once.
const Processor& processor();

}  // namespace heddle::platform
