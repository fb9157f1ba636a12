// What worker processes need from the system: a page of memory that parent and worker share, and a
// watch that ends a worker when its parent is gone.
#pragma once

#include <napi.h>

namespace heddle::workers {

Napi::Object init(Napi::Env env);

}  // namespace heddle::workers
