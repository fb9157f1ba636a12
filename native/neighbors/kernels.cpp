// Which kernels this processor runs.

#include "neighbors/kernels.h"

#include <atomic>
#include <cmath>
#include <cstring>

#include "common/instructions.h"

namespace heddle::neighbors {

namespace {

bool runs_avx2() { return best_instructions() >= Instructions::kAvx2; }
bool runs_avx512() { return best_instructions() >= Instructions::kAvx512; }

const Kernels* best() {
  if (avx512_kernels() != nullptr && runs_avx512()) return avx512_kernels();
  if (avx2_kernels() != nullptr && runs_avx2()) return avx2_kernels();
  return baseline_kernels();
}

std::atomic<const Kernels*> chosen{nullptr};

}  // namespace

double power_of(double base, double exponent) { return std::pow(base, exponent); }

double root_of(double value) { return std::sqrt(value); }

// 4 (sin²(Δφ/2) + cos φ₁ cos φ₂ sin²(Δλ/2)): half-angles of differences lose nothing for points
// that are close, where coordinates in space would (R. W. Sinnott, Virtues of the haversine, 1984).
double haversine_of(const double* x, const double* y) {
  const double up = std::sin((x[0] - y[0]) * 0.5);
  const double along = std::sin((x[1] - y[1]) * 0.5);
  return 4 * (up * up + x[2] * y[2] * along * along);
}

const Kernels& kernels() {
  const Kernels* now = chosen.load(std::memory_order_acquire);
  if (now == nullptr) {
    now = best();
    chosen.store(now, std::memory_order_release);
  }
  return *now;
}

bool use_kernels(const char* name) {
  const Kernels* wanted = nullptr;
  if (std::strcmp(name, "baseline") == 0) wanted = baseline_kernels();
  if (std::strcmp(name, "avx2") == 0 && runs_avx2()) wanted = avx2_kernels();
  if (std::strcmp(name, "avx512") == 0 && runs_avx512()) wanted = avx512_kernels();
  if (wanted == nullptr) return false;
  chosen.store(wanted, std::memory_order_release);
  return true;
}

}  // namespace heddle::neighbors
