#pragma once

#include <napi.h>

namespace heddle::neighbors {

// argKmin: the k nearest rows of Y for each row of X.
void define_argkmin(Napi::Env env, Napi::Object exports, double* frame);

}  // namespace heddle::neighbors
