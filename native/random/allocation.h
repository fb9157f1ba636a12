// Memory for large outputs: pages that the kernel zeroes when they are first written, huge ones
// where the system has them, given back as soon as JavaScript drops the buffer.
#pragma once

#include <napi.h>

namespace heddle::random {

// An ArrayBuffer of zeros.
Napi::Value allocate(Napi::Env env, size_t bytes);

}  // namespace heddle::random
