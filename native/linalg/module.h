#pragma once

#include <napi.h>

namespace heddle::linalg {

Napi::Object init(Napi::Env env);

}  // namespace heddle::linalg
