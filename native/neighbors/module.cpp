#include "neighbors/module.h"

#include "executor/frame.h"
#include "neighbors/argkmin.h"
#include "neighbors/distances.h"
#include "neighbors/kernels.h"
#include "neighbors/radius.h"

namespace heddle::neighbors {

namespace {

// Which kernels run; with a name, which shall (for tests).
Napi::Value kernels_in_use(const Napi::CallbackInfo& info) {
  if (info.Length() > 0 && info[0].IsString() &&
      !use_kernels(info[0].As<Napi::String>().Utf8Value().c_str())) {
    return info.Env().Undefined();
  }
  return Napi::String::New(info.Env(), kernels().name);
}

}  // namespace

Napi::Object init(Napi::Env env) {
  Napi::Object exports = Napi::Object::New(env);
  // The functions keep the frame's address; the exports keep the frame.
  auto frame = Napi::Float64Array::New(env, kFrameLength);
  exports.Set("frame", frame);
  define_argkmin(env, exports, frame.Data());
  define_radius(env, exports, frame.Data());
  define_distances(env, exports, frame.Data());
  exports.Set("kernels", Napi::Function::New(env, kernels_in_use, "kernels"));
  return exports;
}

}  // namespace heddle::neighbors
