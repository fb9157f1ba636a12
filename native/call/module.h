#pragma once

#include <napi.h>

namespace heddle::call {

// What JavaScript asks of the executor itself.
Napi::Object init(Napi::Env env);

}  // namespace heddle::call
