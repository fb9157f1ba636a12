// Registers the addon's modules; nothing else.

#include <napi.h>

#include "blas/module.h"
#include "executor/promise.h"
#include "linalg/module.h"
#include "memory/module.h"
#include "neighbors/module.h"
#include "openmp/module.h"
#include "random/module.h"
#include "sync/module.h"
#include "threadpools/module.h"
#include "workers/module.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("blas", heddle::blas::init(env));
  exports.Set("executor", heddle::executor::init(env));
  exports.Set("linalg", heddle::linalg::init(env));
  exports.Set("neighbors", heddle::neighbors::init(env));
  exports.Set("memory", heddle::memory::init(env));
  exports.Set("openmp", heddle::openmp::init(env));
  exports.Set("random", heddle::random::init(env));
  exports.Set("sync", heddle::sync::init(env));
  exports.Set("threadpools", heddle::threadpools::init(env));
  exports.Set("workers", heddle::workers::init(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(heddle, init)
