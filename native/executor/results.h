// The memory of large results: page faults would take more time than much of what fills them.
#pragma once

#include <napi.h>

namespace heddle::executor {

// prepareResult(buffer): an ArrayBuffer for a large result has been made, and is about to be
// written.
Napi::Value prepare_result(const Napi::CallbackInfo& info);

}  // namespace heddle::executor
