#pragma once

#include <napi.h>

namespace heddle::memory {

// Shared segments and mapped files, wrapped as ordinary ArrayBuffers.
Napi::Object init(Napi::Env env);

}  // namespace heddle::memory
