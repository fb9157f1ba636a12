#pragma once

#include <napi.h>

namespace heddle::random {

// The functions behind src/random/native.ts, which says what each reads from the frame.
Napi::Object init(Napi::Env env);

}  // namespace heddle::random
