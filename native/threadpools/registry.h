// The runtimes of this process whose thread counts Heddle knows.
//
// Owns the list of those found, and one ProcessRuntime for each library with a process-wide
// count, shared by all who set it: the limits that users open, and the executor around its calls.
#pragma once

#include <vector>

#include "threadpools/libraries.h"
#include "threadpools/process_runtime.h"

namespace heddle::threadpools {

// The runtime whose count `setter` sets (the address of the library's own function). The first
// caller's `functions` are kept; the result lives as long as the process. Thread-safe.
ProcessRuntime& process_runtime(const void* setter, ProcessRuntime::Functions functions);

// Looks for runtimes that were loaded since the last call, and returns how many are known. Where
// nothing was loaded it costs about 30 ns. Thread-safe.
size_t scan();

// The runtime at a place of the list, in the order in which they were found; null where there is
// none. The result lives as long as the process.
const Runtime* runtime_at(size_t index);

// Its place in the list.
size_t index_of(const Runtime& runtime);

}  // namespace heddle::threadpools
