#include "threadpools/registry.h"

#include <memory>
#include <unordered_map>
#include <utility>

namespace heddle::threadpools {

ProcessRuntime& process_runtime(const void* setter, ProcessRuntime::Functions functions) {
  struct Table {
    std::mutex mutex;
    std::unordered_map<const void*, std::unique_ptr<ProcessRuntime>> runtimes;
  };
  // Never destroyed: threads may hold leases while the process exits.
  static Table* const table = new Table;
  const std::lock_guard<std::mutex> lock(table->mutex);
  std::unique_ptr<ProcessRuntime>& runtime = table->runtimes[setter];
  if (!runtime) runtime = std::make_unique<ProcessRuntime>(std::move(functions));
  return *runtime;
}

}  // namespace heddle::threadpools
