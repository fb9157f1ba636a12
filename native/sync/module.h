#pragma once

#include <napi.h>

namespace heddle::sync {

// Futexes for heddle/sync: blocking, and without blocking the JavaScript thread.
Napi::Object init(Napi::Env env);

}  // namespace heddle::sync
