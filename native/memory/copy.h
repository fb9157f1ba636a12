// Copies an array into a new or used segment: on huge pages where the kernel gives them, by several
// threads where it is long.
//
// Of a copy into ordinary pages the kernel's work on 256 pages for each MiB is the greater part,
// and every process that maps them and every mapping that goes does that work again. Huge pages
// take half the time to fill and nearly none to map.
#pragma once

#include "memory/segment.h"

namespace heddle::memory {

enum class Use {
  kOnce,      // one receiver gets it
  kRepeated,  // for one message, and then for the next: the way into it stays open
  kLasting,   // for long, so that huge pages pay even where the kernel takes its time to find some
};

// `threads`: the most that may copy at once, this one among them; the others are the executor's.
bool copy_into(Segment& segment, const void* data, size_t bytes, Use use, int threads,
               Failure& failure);

}  // namespace heddle::memory
