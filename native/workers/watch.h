// Ends a worker process whose parent is gone, also while its JavaScript thread is in a loop.
//
// PR_SET_PDEATHSIG alone would do on Linux, but it can't reach the children that a task has
// started, and it follows the thread that forked and not the process. The other end of the worker's
// channel is closed by the kernel on every kind of death, so a thread that waits for that sees them
// all.
#pragma once

namespace heddle::workers {

// Starts a detached thread which waits until the other end of the pipe or socket `fd` is closed,
// gives the process `grace_ms` to end by itself, and then kills its process group (when it leads
// one) or itself. The group of a process that ends by itself goes with it, where the other end is
// closed by then. Returns 0, or an errno.
int watch_peer(int fd, int grace_ms);

}  // namespace heddle::workers
