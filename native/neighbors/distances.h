#pragma once

#include <napi.h>

namespace heddle::neighbors {

// distances: every distance between the rows of X and the rows of Y.
void define_distances(Napi::Env env, Napi::Object exports, double* frame);

}  // namespace heddle::neighbors
