#include "blas/kernels.h"

#include <algorithm>
#include <cctype>

#include "platform/processor.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#include <sys/prctl.h>
#endif

namespace heddle::blas {

namespace {

// Kernels by what they need, the best first. A processor gets the first row that it can run.
// `width` orders kernels by the vectors that they use: own choices of the same width are left
// alone, since a library may have kernels for this very processor that are no longer in this table.
struct Row {
  const char* core;
  unsigned needs;
  int sve_bytes;  // 0: any
  int width;
};

constexpr Row kRows[] = {
    // Skylake-X to Granite Rapids, Rocket Lake, Zen 4, Zen 5. OpenBLAS 0.3.21 has kernels for
    // AVX512-BF16 too (Cooperlake), which differ in products of bfloat16 alone (kernel/x86_64,
    // KERNEL.COOPERLAKE includes KERNEL.SKYLAKEX): measured equal in float64 and float32.
    {"SkylakeX", kAvx512, 0, 512},
    // Haswell to Alder Lake and later hybrids (whose AVX-512 is switched off), Zen 1 to 3: ZEN has
    // HASWELL's kernels (KERNEL.ZEN), with other block sizes.
    {"Haswell", Features::kAvx2 | Features::kFma, 0, 256},
    {"Sandybridge", Features::kAvx, 0, 255},
    // Arm's own list of what these are: Neoverse V1 has SVE of 256 bits, N2 and V2 have 128.
    {"neoversev1", Features::kSve, 32, 256},
    {"neoversen2", Features::kSve, 16, 130},
    {"armv8sve", Features::kSve, 0, 129},
    // Neoverse N1, Cortex-A76 and later, Apple's under Linux: wide out-of-order cores without SVE.
    {"neoversen1", Features::kAsimd | Features::kDotProduct, 0, 128},
    // ARMv8.0, as Cortex-A57 and A72.
    {"cortexa57", Features::kAsimd, 0, 127},
};

const Row* row_for(const Features& features) {
  for (const Row& row : kRows) {
    if (features.has(row.needs) && (row.sve_bytes == 0 || row.sve_bytes == features.sve_bytes)) {
      return &row;
    }
  }
  return nullptr;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// What OpenBLAS calls the kernels that it falls back to on a processor it doesn't know, and those
// for vectors that are narrower than a processor of today has; their width. 0 for all others.
int known_width(const std::string& core) {
  struct Known {
    const char* core;
    int width;
  };
  constexpr Known kKnown[] = {
      {"prescott", 1},      {"core2", 1},       {"penryn", 1},       {"dunnington", 1},
      {"nehalem", 1},       {"atom", 1},        {"nano", 1},         {"opteron", 1},
      {"opteron_sse3", 1},  {"barcelona", 1},   {"bobcat", 1},       {"generic", 1},
      {"sandybridge", 255}, {"bulldozer", 255}, {"piledriver", 255}, {"steamroller", 255},
      {"excavator", 255},   {"haswell", 256},   {"zen", 256},        {"armv8", 1},
  };
  for (const Known& known : kKnown) {
    if (core == known.core) return known.width;
  }
  return 0;
}

}  // namespace

Features processor_features() {
  Features features;
#if defined(__x86_64__) && defined(__GNUC__)
  const platform::Processor& has = platform::processor();
  const auto add = [&](bool there, unsigned bit) {
    if (there) features.bits |= bit;
  };
  add(has.avx, Features::kAvx);
  add(has.avx2, Features::kAvx2);
  add(has.fma, Features::kFma);
  add(has.avx512f, Features::kAvx512F);
  add(has.avx512bw, Features::kAvx512Bw);
  add(has.avx512cd, Features::kAvx512Cd);
  add(has.avx512dq, Features::kAvx512Dq);
  add(has.avx512vl, Features::kAvx512Vl);
  add(has.avx512bf16, Features::kAvx512Bf16);
#elif defined(__aarch64__) && defined(__linux__)
  // Linux's arch/arm64/include/uapi/asm/hwcap.h and include/uapi/linux/prctl.h; older headers, such
  // as those of the prebuilds' sysroot, lack some of the names.
  constexpr unsigned long kHwcapAsimd = 1UL << 1;
  constexpr unsigned long kHwcapDotProduct = 1UL << 20;
  constexpr unsigned long kHwcapSve = 1UL << 22;
  constexpr int kPrSveGetVl = 51;
  constexpr int kPrSveLengthMask = 0xffff;
  const unsigned long capabilities = getauxval(AT_HWCAP);
  if ((capabilities & kHwcapAsimd) != 0) features.bits |= Features::kAsimd;
  if ((capabilities & kHwcapDotProduct) != 0) features.bits |= Features::kDotProduct;
  if ((capabilities & kHwcapSve) != 0) {
    const int length = prctl(kPrSveGetVl, 0, 0, 0, 0);
    if (length > 0) {
      features.bits |= Features::kSve;
      features.sve_bytes = length & kPrSveLengthMask;
    }
  }
#endif
  return features;
}

const char* core_for(const Features& features) {
  const Row* row = row_for(features);
  return row != nullptr ? row->core : nullptr;
}

const char* better_core(const std::string& own, const Features& features) {
  const Row* row = row_for(features);
  if (row == nullptr) return nullptr;
  const int width = known_width(lower(own));
  return width != 0 && width < row->width ? row->core : nullptr;
}

}  // namespace heddle::blas
