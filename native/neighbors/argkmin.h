#pragma once

#include "call/entry.h"

namespace heddle::neighbors {

// argKmin: the k nearest rows of Y for each row of X.
void define_argkmin(call::Module& module);

}  // namespace heddle::neighbors
