#include "executor/bytes.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <dlfcn.h>
#endif

namespace heddle::executor {

namespace {

// Parts of V8's own interface that Node-API has no counterpart of. A napi_value is a V8 handle, and
// a BackingStore, which is only passed on here, is behind a pointer to nothing known.
struct V8 {
  using Deleter = void (*)(void* data, size_t bytes, void* hint);
  // What V8 gives away: an owner in its eyes, released before it could delete.
  struct Nobody {
    void operator()(void* store) const { static_cast<void>(store); }
  };

  // v8::ArrayBuffer::GetBackingStore()
  std::shared_ptr<void> (*store_of)(napi_value buffer) = nullptr;
  // v8::ArrayBuffer::NewBackingStore(data, bytes, deleter, hint)
  std::unique_ptr<void, Nobody> (*new_store)(void*, size_t, Deleter, void*) = nullptr;
  // v8::BackingStore::EmptyDeleter: bytes with this one are nobody's for V8, and not counted
  Deleter leave = nullptr;
  // v8::BackingStore::~BackingStore()
  void (*end_store)(void* store) = nullptr;
  // v8::ArrayBuffer::New(isolate, store)
  napi_value (*new_buffer)(void* isolate, std::shared_ptr<void> store) = nullptr;
  // v8::Isolate::GetCurrent()
  void* (*isolate)() = nullptr;

  bool makes_buffers() const {
    return new_store != nullptr && leave != nullptr && end_store != nullptr && isolate != nullptr;
  }
};

template <typename Function>
void look_up(const char* name, Function& function) {
#if defined(__unix__) || defined(__APPLE__)
  function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
#endif
}

V8 find() {
  V8 v8;
  // For tests, and to see what a platform is like where there are no such symbols.
  const char* const wanted = std::getenv("HEDDLE_V8_SYMBOLS");
  if (wanted != nullptr && std::strcmp(wanted, "0") == 0) return v8;
    // The name of this one tells which C++ library V8 was built with: that of our std::shared_ptr,
    // or else (in Electron, say) its pointers are not ours.
#if defined(_LIBCPP_VERSION)
  look_up("_ZN2v811ArrayBuffer3NewEPNS_7IsolateENSt3__110shared_ptrINS_12BackingStoreEEE",
          v8.new_buffer);
#else
  look_up("_ZN2v811ArrayBuffer3NewEPNS_7IsolateESt10shared_ptrINS_12BackingStoreEE", v8.new_buffer);
#endif
  if (v8.new_buffer == nullptr) return v8;
  look_up("_ZN2v811ArrayBuffer15GetBackingStoreEv", v8.store_of);
  look_up("_ZN2v811ArrayBuffer15NewBackingStoreEPvmPFvS1_mS1_ES1_", v8.new_store);
  look_up("_ZN2v812BackingStore12EmptyDeleterEPvmS1_", v8.leave);
  look_up("_ZN2v812BackingStoreD1Ev", v8.end_store);
  look_up("_ZN2v87Isolate10GetCurrentEv", v8.isolate);
  return v8;
}

const V8& v8() {
  static const V8 found = find();
  return found;
}

}  // namespace

bool HeldBytes::possible() { return v8().store_of != nullptr; }

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
    if (detachable && length > 0) stores_.push_back(v8().store_of(buffer));
  }
}

napi_value uncounted_buffer(char* data, size_t bytes, const std::shared_ptr<void>& owner) {
  const V8& own = v8();
  if (!own.makes_buffers()) return nullptr;
  void* const made = own.new_store(data, bytes, own.leave, nullptr).release();
  // V8's pointers to the store are copies of this one, and end it by what is given here.
  std::shared_ptr<void> store(made, [owner, end_store = own.end_store](void* ended) {
    end_store(ended);
    ::operator delete(ended);
  });
  return own.new_buffer(own.isolate(), std::move(store));
}

}  // namespace heddle::executor
