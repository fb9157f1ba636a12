// Which bytes of which file the mapped ranges of this process show.
//
// A file that is mapped twice is the same memory at two addresses. Who compares addresses to find
// out whether a write would change what is still to be read asks here as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace heddle::mappings {

// A file, as the kernel tells it from all others.
struct FileId {
  uint64_t device;
  uint64_t inode;
};

// A range has been mapped from `offset` of the file on. `shared`: what is written to it is written
// to the file, and not to pages of the range's own.
// (Where there is no memory left to remember that, it is as if the range were another file's.)
void add(const void* start, size_t bytes, FileId file, uint64_t offset, bool shared) noexcept;
// It is about to be unmapped.
void remove(const void* start) noexcept;

// Where the byte at `read` would lie, if it were seen through the mapping that `written` is in:
// nothing where the two show different files, or where writes to `written` stay in it. Costs a load
// where nothing is mapped.
std::optional<uintptr_t> seen_through(const void* written, const void* read);

}  // namespace heddle::mappings
