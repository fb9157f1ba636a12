#pragma once

#include <napi.h>

namespace heddle::linalg {

// Adds the functions for Cholesky factors and linear systems to the module's exports.
void define_solvers(Napi::Env env, Napi::Object exports, double* frame);

}  // namespace heddle::linalg
