#pragma once

#include <napi.h>

namespace heddle::threadpools {

// Finding the thread pools of the process, and limits on them.
Napi::Object init(Napi::Env env);

}  // namespace heddle::threadpools
