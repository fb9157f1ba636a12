// The groups of operations that the module is made of.
#pragma once

#include <napi.h>

namespace heddle::linalg {

// Each adds its functions to the module's exports; `frame` holds the numbers of a call.
void define_products(Napi::Env env, Napi::Object exports, double* frame);
void define_vectors(Napi::Env env, Napi::Object exports, double* frame);
void define_solvers(Napi::Env env, Napi::Object exports, double* frame);
void define_lu(Napi::Env env, Napi::Object exports, double* frame);
void define_orthogonal(Napi::Env env, Napi::Object exports, double* frame);
void define_singular(Napi::Env env, Napi::Object exports, double* frame);
void define_eigen(Napi::Env env, Napi::Object exports, double* frame);
void define_norms(Napi::Env env, Napi::Object exports, double* frame);

}  // namespace heddle::linalg
