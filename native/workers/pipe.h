// A pipe between a parent and a worker process.
#pragma once

namespace heddle::workers {

// Makes a pipe whose both ends are close-on-exec; the one with index `parent_end` (0: reading, 1:
// writing) doesn't block. Returns 0, or an errno.
int create_pipe(int parent_end, int ends[2]);

// Closes an end of a pipe, or another descriptor that was made for a worker.
void close_descriptor(int fd);

}  // namespace heddle::workers
