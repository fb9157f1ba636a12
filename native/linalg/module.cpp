#include "linalg/module.h"

#include "executor/frame.h"
#include "linalg/operations.h"

namespace heddle::linalg {

Napi::Object init(Napi::Env env) {
  Napi::Object exports = Napi::Object::New(env);
  // The functions keep the frame's address; the exports keep the frame.
  auto frame = Napi::Float64Array::New(env, kFrameLength);
  exports.Set("frame", frame);
  define_products(env, exports, frame.Data());
  define_vectors(env, exports, frame.Data());
  define_solvers(env, exports, frame.Data());
  define_lu(env, exports, frame.Data());
  define_orthogonal(env, exports, frame.Data());
  define_singular(env, exports, frame.Data());
  define_eigen(env, exports, frame.Data());
  define_norms(env, exports, frame.Data());
  return exports;
}

}  // namespace heddle::linalg
