#pragma once

#include "call/entry.h"

namespace heddle::neighbors {

// radiusNeighbors: all rows of Y within a distance of each row of X. How many there are is known
// only afterwards, so the operation keeps them, and `takeRadius` copies them out.
void define_radius(call::Module& module);

}  // namespace heddle::neighbors
