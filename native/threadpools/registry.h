// The runtimes of this process whose thread counts Heddle knows.
//
// Owns one ProcessRuntime for each library with a process-wide count, shared by all who set it:
// the limits that users open, and the executor around its calls.
#pragma once

#include "threadpools/process_runtime.h"

namespace heddle::threadpools {

// The runtime whose count `setter` sets (the address of the library's own function). The first
// caller's `functions` are kept; the result lives as long as the process. Thread-safe.
ProcessRuntime& process_runtime(const void* setter, ProcessRuntime::Functions functions);

}  // namespace heddle::threadpools
