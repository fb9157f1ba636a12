#pragma once

#include <napi.h>

namespace heddle::neighbors {

// Neighbour search and distances.
Napi::Object init(Napi::Env env);

}  // namespace heddle::neighbors
