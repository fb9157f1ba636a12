// Which vectors this processor has for groups of small matrices.

#include "linalg/lanes.h"

#include <atomic>
#include <cstring>

#include "common/instructions.h"

namespace heddle::linalg {

namespace {

const LaneTable* table_for(Instructions instructions) {
  if (instructions >= Instructions::kAvx512 && avx512_lanes() != nullptr) return avx512_lanes();
  if (instructions >= Instructions::kAvx2 && avx2_lanes() != nullptr) return avx2_lanes();
  return baseline_lanes();
}

std::atomic<const LaneTable*>& chosen() {
  static std::atomic<const LaneTable*> table{table_for(best_instructions())};
  return table;
}

}  // namespace

const LaneTable* lane_table() { return chosen().load(std::memory_order_acquire); }

bool use_lanes(const char* name) {
  const Instructions best = best_instructions();
  const LaneTable* wanted = nullptr;
  if (std::strcmp(name, "none") == 0) {
    chosen().store(nullptr, std::memory_order_release);
    return true;
  }
  if (std::strcmp(name, "baseline") == 0) wanted = baseline_lanes();
  if (std::strcmp(name, "avx2") == 0 && best >= Instructions::kAvx2) wanted = avx2_lanes();
  if (std::strcmp(name, "avx512") == 0 && best >= Instructions::kAvx512) wanted = avx512_lanes();
  if (wanted == nullptr) return false;
  chosen().store(wanted, std::memory_order_release);
  return true;
}

template <>
const LaneKernels<double>* lane_kernels<double>() {
  const LaneTable* const table = lane_table();
  return table == nullptr ? nullptr : &table->doubles;
}

template <>
const LaneKernels<float>* lane_kernels<float>() {
  const LaneTable* const table = lane_table();
  return table == nullptr ? nullptr : &table->floats;
}

}  // namespace heddle::linalg
