#pragma once

#include "call/entry.h"

namespace heddle::neighbors {

// distances: every distance between the rows of X and the rows of Y.
void define_distances(call::Module& module);

}  // namespace heddle::neighbors
