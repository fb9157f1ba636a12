#include "common/mappings.h"

#include <atomic>
#include <iterator>
#include <map>
#include <mutex>
#include <new>

namespace heddle::mappings {

namespace {

struct Mapped {
  size_t bytes;
  FileId file;
  uint64_t offset;
  bool shared;
};

// Never destroyed: finalizers of worker threads may run while the process ends.
struct Registry {
  std::mutex mutex;
  std::map<uintptr_t, Mapped> ranges;  // by their first byte
  std::atomic<size_t> count{0};

  // With the mutex held.
  const std::pair<const uintptr_t, Mapped>* find(uintptr_t address) const {
    const auto after = ranges.upper_bound(address);
    if (after == ranges.begin()) return nullptr;
    const auto found = std::prev(after);
    return address - found->first < found->second.bytes ? &*found : nullptr;
  }
};

Registry& registry() {
  static auto* const instance = new Registry;
  return *instance;
}

}  // namespace

void add(const void* start, size_t bytes, FileId file, uint64_t offset, bool shared) noexcept {
  Registry& all = registry();
  const std::lock_guard<std::mutex> lock(all.mutex);
  try {
    all.ranges[reinterpret_cast<uintptr_t>(start)] = {bytes, file, offset, shared};
  } catch (const std::bad_alloc&) {
    return;
  }
  all.count.store(all.ranges.size(), std::memory_order_relaxed);
}

void remove(const void* start) noexcept {
  Registry& all = registry();
  const std::lock_guard<std::mutex> lock(all.mutex);
  all.ranges.erase(reinterpret_cast<uintptr_t>(start));
  all.count.store(all.ranges.size(), std::memory_order_relaxed);
}

std::optional<uintptr_t> seen_through(const void* written, const void* read) {
  Registry& all = registry();
  if (all.count.load(std::memory_order_relaxed) < 2) return std::nullopt;
  const auto address = reinterpret_cast<uintptr_t>(read);
  const std::lock_guard<std::mutex> lock(all.mutex);
  const auto* const target = all.find(reinterpret_cast<uintptr_t>(written));
  if (target == nullptr || !target->second.shared) return std::nullopt;
  const auto* const source = all.find(address);
  if (source == nullptr || source == target) return std::nullopt;
  const FileId& one = target->second.file;
  const FileId& other = source->second.file;
  if (one.device != other.device || one.inode != other.inode) return std::nullopt;
  return target->first + (address - source->first) + source->second.offset - target->second.offset;
}

}  // namespace heddle::mappings
