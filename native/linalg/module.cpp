#include "linalg/module.h"

#include "call/entry.h"
#include "linalg/lanes.h"
#include "linalg/operations.h"

namespace heddle::linalg {

namespace {

// Which kernels groups of small matrices have; with a name, which they shall have (for tests).
Napi::Value lanes_in_use(Frame& frame) {
  const Napi::Value name = frame.argument(0);
  if (name.IsString() && !use_lanes(name.As<Napi::String>().Utf8Value().c_str())) {
    return frame.env().Undefined();
  }
  const LaneTable* const table = lane_table();
  return Napi::String::New(frame.env(), table == nullptr ? "none" : table->name);
}

}  // namespace

Napi::Object init(Napi::Env env) {
  call::Module module(env);
  define_products(module);
  define_vectors(module);
  define_solvers(module);
  define_lu(module);
  define_factored(module);
  define_orthogonal(module);
  define_singular(module);
  define_eigen(module);
  define_norms(module);
  module.define<lanes_in_use>("lanes");
  return module.exports();
}

}  // namespace heddle::linalg
