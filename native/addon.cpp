// Registers the addon's modules; nothing else.

#include <napi.h>

#include "openmp/module.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("openmp", heddle::openmp::init(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(heddle, init)
