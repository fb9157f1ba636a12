#include "threadpools/registry.h"

#include <array>
#include <atomic>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "threadpools/modules.h"

namespace heddle::threadpools {

namespace {

// More runtimes than any process has; a fixed array can be read without a lock.
constexpr size_t kMost = 256;

struct Registry {
  std::mutex mutex;
  std::array<std::unique_ptr<Runtime>, kMost> runtimes;
  std::atomic<size_t> count{0};
  std::atomic<uint64_t> generation{0};
  std::atomic<bool> scanned{false};
  std::unordered_set<std::string> known;  // files that need no second look
};

// Never destroyed: threads may hold leases while the process exits.
Registry& registry() {
  static auto* const instance = new Registry;
  return *instance;
}

// An OpenBLAS on OpenMP has no count of its own, so that limits on both act on one.
void find_root(Registry& all, size_t count, Runtime& runtime) {
  const std::string file = openmp_below(runtime);
  if (file.empty()) return;
  for (size_t index = 0; index < count; ++index) {
    Runtime& other = *all.runtimes[index];
    if (other.filepath == file && &other != &runtime) runtime.root = &other;
  }
}

}  // namespace

ProcessRuntime& process_runtime(const void* setter, ProcessRuntime::Functions functions) {
  struct Table {
    std::mutex mutex;
    std::unordered_map<const void*, std::unique_ptr<ProcessRuntime>> runtimes;
  };
  // Never destroyed, as above.
  static auto* const table = new Table;
  const std::lock_guard<std::mutex> lock(table->mutex);
  std::unique_ptr<ProcessRuntime>& runtime = table->runtimes[setter];
  if (!runtime) runtime = std::make_unique<ProcessRuntime>(std::move(functions));
  return *runtime;
}

size_t scan() {
  Registry& all = registry();
  const uint64_t generation = modules_generation();
  if (all.scanned.load(std::memory_order_acquire) &&
      all.generation.load(std::memory_order_acquire) == generation) {
    return all.count.load(std::memory_order_acquire);
  }
  const std::lock_guard<std::mutex> lock(all.mutex);
  const size_t before = all.count.load(std::memory_order_relaxed);
  size_t count = before;
  std::vector<std::string> taken;  // into `known` by this scan
  const auto take = [&](const std::string& path) {
    taken.push_back(path);
    if (all.known.insert(path).second) return true;
    taken.pop_back();
    return false;
  };
  try {
    for (const std::string& path : loaded_modules()) {
      if (!take(path) || count == kMost) continue;
      std::unique_ptr<Runtime> runtime = recognise(path);
      // The same file may be known by another name.
      if (!runtime || (path != runtime->filepath && !take(runtime->filepath))) continue;
      all.runtimes[count++] = std::move(runtime);
    }
    for (size_t index = before; index < count; ++index) {
      find_root(all, count, *all.runtimes[index]);
    }
  } catch (...) {
    // All of it is looked at again, by the next scan.
    for (size_t index = before; index < count; ++index) all.runtimes[index].reset();
    for (const std::string& path : taken) all.known.erase(path);
    throw;
  }
  all.count.store(count, std::memory_order_release);
  all.generation.store(generation, std::memory_order_release);
  all.scanned.store(true, std::memory_order_release);
  return count;
}

const Runtime* runtime_at(size_t index) {
  Registry& all = registry();
  return index < all.count.load(std::memory_order_acquire) ? all.runtimes[index].get() : nullptr;
}

size_t index_of(const Runtime& runtime) {
  Registry& all = registry();
  const size_t count = all.count.load(std::memory_order_acquire);
  for (size_t index = 0; index < count; ++index) {
    if (all.runtimes[index].get() == &runtime) return index;
  }
  return count;
}

}  // namespace heddle::threadpools
