// A page of memory that two processes map, handed on as a file descriptor.
#pragma once

#include <cstddef>

namespace heddle::workers {

constexpr std::size_t kPageBytes = 4096;

// Makes an unnamed file of one page. Returns its descriptor (close-on-exec), or -1 with errno set.
int create_page();

// Maps the page that `fd` names, to read and write. Returns nullptr, with errno set, on failure.
void* map_page(int fd);

void unmap_page(void* address);

}  // namespace heddle::workers
