#pragma once

#include <napi.h>

namespace heddle::linalg {

// Adds the functions for products to the module's exports; `frame` holds the numbers of a call.
void define_products(Napi::Env env, Napi::Object exports, double* frame);

}  // namespace heddle::linalg
