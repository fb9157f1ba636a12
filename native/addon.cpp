// Registers the addon's modules; nothing else.

#include <napi.h>

#include "blas/module.h"
#include "call/module.h"
#include "common/errors.h"
#include "linalg/module.h"
#include "memory/module.h"
#include "neighbors/module.h"
#include "openmp/module.h"
#include "random/module.h"
#include "sync/module.h"
#include "threadpools/module.h"
#include "workers/module.h"

namespace {

using Init = Napi::Object (*)(Napi::Env);

// Makes the module, and puts it in the place of its getter.
template <Init init_module>
Napi::Value module_of(const Napi::CallbackInfo& info) {
  const Napi::Object module = heddle::guarded(info.Env(), [&] { return init_module(info.Env()); });
  const char* const name = static_cast<const char*>(info.Data());
  info.This().As<Napi::Object>().DefineProperty(
      Napi::PropertyDescriptor::Value(name, module, napi_enumerable));
  return module;
}

// A worker's first task has no need of most modules, and all of them take half a millisecond.
template <Init init_module>
void define(Napi::Object exports, const char* name) {
  const auto attributes =
      static_cast<napi_property_attributes>(napi_enumerable | napi_configurable);
  exports.DefineProperty(Napi::PropertyDescriptor::Accessor<module_of<init_module>>(
      name, attributes, const_cast<char*>(name)));
}

Napi::Object init(Napi::Env /*env*/, Napi::Object exports) {
  define<heddle::blas::init>(exports, "blas");
  define<heddle::call::init>(exports, "executor");
  define<heddle::linalg::init>(exports, "linalg");
  define<heddle::neighbors::init>(exports, "neighbors");
  define<heddle::memory::init>(exports, "memory");
  define<heddle::openmp::init>(exports, "openmp");
  define<heddle::random::init>(exports, "random");
  define<heddle::sync::init>(exports, "sync");
  define<heddle::threadpools::init>(exports, "threadpools");
  define<heddle::workers::init>(exports, "workers");
  return exports;
}

}  // namespace

NODE_API_MODULE(heddle, init)
