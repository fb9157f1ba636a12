#include "executor/bytes.h"

#include <cstddef>

#if defined(__unix__) || defined(__APPLE__)
#include <dlfcn.h>
#endif

namespace heddle::executor {

namespace {

// v8::ArrayBuffer::GetBackingStore(). Node-API has no function that takes part in the ownership of
// bytes, so V8's own is called where the process has it; a napi_value is a V8 handle.
using GetBackingStore = std::shared_ptr<void> (*)(napi_value buffer);

GetBackingStore find() {
#if defined(__unix__) || defined(__APPLE__)
  // The name of this one tells which C++ library V8 was built with: that of our std::shared_ptr,
  // or else (in Electron, say) its pointers are not ours.
#if defined(_LIBCPP_VERSION)
  constexpr const char* kSameLibrary =
      "_ZN2v811ArrayBuffer3NewEPNS_7IsolateENSt3__110shared_ptrINS_12BackingStoreEEE";
#else
  constexpr const char* kSameLibrary =
      "_ZN2v811ArrayBuffer3NewEPNS_7IsolateESt10shared_ptrINS_12BackingStoreEE";
#endif
  if (dlsym(RTLD_DEFAULT, kSameLibrary) == nullptr) return nullptr;
  return reinterpret_cast<GetBackingStore>(
      dlsym(RTLD_DEFAULT, "_ZN2v811ArrayBuffer15GetBackingStoreEv"));
#else
  return nullptr;
#endif
}

GetBackingStore get_backing_store() {
  static const GetBackingStore found = find();
  return found;
}

}  // namespace

bool HeldBytes::possible() { return get_backing_store() != nullptr; }

HeldBytes::HeldBytes(const Napi::Array& arrays) {
  if (!possible()) return;
  const Napi::Env env = arrays.Env();
  const uint32_t count = arrays.Length();
  stores_.reserve(count);
  for (uint32_t index = 0; index < count; ++index) {
    napi_value buffer = nullptr;
    size_t length = 0;
    if (napi_get_typedarray_info(env, arrays.Get(index), nullptr, &length, nullptr, &buffer,
                                 nullptr) != napi_ok) {
      continue;
    }
    // A SharedArrayBuffer is not one, and is never detached.
    bool detachable = false;
    napi_is_arraybuffer(env, buffer, &detachable);
    if (detachable && length > 0) stores_.push_back(get_backing_store()(buffer));
  }
}

}  // namespace heddle::executor
