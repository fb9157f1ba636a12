#include "platform/processor.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#define HEDDLE_CPUID
#endif

namespace heddle::platform {

namespace {

#if defined(HEDDLE_CPUID)

// The registers that cpuid answers in; zeros where the processor has no such leaf.
struct Answer {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
};

Answer ask(unsigned leaf, unsigned part) {
  Answer answer;
  __get_cpuid_count(leaf, part, &answer.eax, &answer.ebx, &answer.ecx, &answer.edx);
  return answer;
}

bool bit(unsigned word, int index) { return ((word >> index) & 1U) != 0; }

// Which registers the system saves when it switches threads (XCR0).
unsigned saved_registers() {
  unsigned low = 0;
  unsigned high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// Intel's Software Developer's Manual, volume 2A, CPUID: leaf 1 and leaf 7.
Processor look() {
  Processor found;
  const unsigned basic = ask(1, 0).ecx;
  if (!bit(basic, 27)) return found;  // OSXSAVE: xgetbv can be asked
  const unsigned saved = saved_registers();
  constexpr unsigned kWide = 0x6;     // XMM and YMM
  constexpr unsigned kWidest = 0xe6;  // and the masks and ZMM
  if ((saved & kWide) != kWide) return found;
  const Answer more = ask(7, 0);
  found.avx = bit(basic, 28);
  found.fma = found.avx && bit(basic, 12);
  found.avx2 = found.avx && bit(more.ebx, 5);
  if ((saved & kWidest) != kWidest || !found.avx2) return found;
  found.avx512f = bit(more.ebx, 16);
  found.avx512dq = found.avx512f && bit(more.ebx, 17);
  found.avx512cd = found.avx512f && bit(more.ebx, 28);
  found.avx512bw = found.avx512f && bit(more.ebx, 30);
  found.avx512vl = found.avx512f && bit(more.ebx, 31);
  found.avx512bf16 = found.avx512f && more.eax >= 1 && bit(ask(7, 1).eax, 5);
  return found;
}

#else

Processor look() { return {}; }

#endif

}  // namespace

const Processor& processor() {
  static const Processor found = look();
  return found;
}

}  // namespace heddle::platform
