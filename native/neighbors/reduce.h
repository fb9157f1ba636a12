#pragma once

#include "call/entry.h"

namespace heddle::neighbors {

// reduce: what the neighbours of each row of X say together.
void define_reduce(call::Module& module);

}  // namespace heddle::neighbors
