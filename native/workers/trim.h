// Gives memory back that worker threads have left behind.
//
// What a thread frees stays with the allocator, in an arena of its own that later threads may use
// or not: some tens of megabytes after a few hundred threads.
#pragma once

namespace heddle::workers {

// Returns what the allocator has no use for to the system, on a thread of its own: it takes some
// milliseconds. Does nothing where the allocator is another than glibc's.
void trim_heap();

}  // namespace heddle::workers
