#pragma once

#include <napi.h>

namespace heddle::blas {

Napi::Object init(Napi::Env env);

}  // namespace heddle::blas
