#pragma once

#include <napi.h>

namespace heddle::openmp {

// The probes that tests and `heddle info` use: sizes of real teams on the calling thread.
Napi::Object init(Napi::Env env);

}  // namespace heddle::openmp
