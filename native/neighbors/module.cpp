#include "neighbors/module.h"

#include "call/entry.h"
#include "neighbors/argkmin.h"
#include "neighbors/distances.h"
#include "neighbors/kernels.h"
#include "neighbors/radius.h"
#include "neighbors/reduce.h"

namespace heddle::neighbors {

namespace {

// Which kernels run; with a name, which shall (for tests).
Napi::Value kernels_in_use(Frame& frame) {
  const Napi::Value name = frame.argument(0);
  if (name.IsString() && !use_kernels(name.As<Napi::String>().Utf8Value().c_str())) {
    return frame.env().Undefined();
  }
  return Napi::String::New(frame.env(), kernels().name);
}

}  // namespace

Napi::Object init(Napi::Env env) {
  call::Module module(env);
  define_argkmin(module);
  define_radius(module);
  define_reduce(module);
  define_distances(module);
  module.define<kernels_in_use>("kernels");
  return module.exports();
}

}  // namespace heddle::neighbors
