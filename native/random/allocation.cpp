#include "random/allocation.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#endif

namespace heddle::random {

#if defined(__unix__) || defined(__APPLE__)

namespace {

// Owns one mapping that begins at a huge page's boundary.
struct Mapping {
  void* base;
  size_t length;
};

constexpr size_t kHugePage = size_t{2} << 20;

void release(napi_env env, void* /*data*/, void* hint) {
  auto* mapping = static_cast<Mapping*>(hint);
  munmap(mapping->base, mapping->length);
  int64_t total;
  napi_adjust_external_memory(env, -static_cast<int64_t>(mapping->length), &total);
  delete mapping;
}

}  // namespace

Napi::Value allocate(Napi::Env env, size_t bytes) {
  const size_t length = bytes + kHugePage;
  void* base = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return Napi::ArrayBuffer::New(env, bytes);
  const auto beyond = reinterpret_cast<uintptr_t>(base) % kHugePage;
  void* data = static_cast<char*>(base) + (beyond == 0 ? 0 : kHugePage - beyond);
#if defined(MADV_HUGEPAGE)
  madvise(data, bytes, MADV_HUGEPAGE);  // only advice: nothing is lost where it is refused
#endif
  auto* mapping = new Mapping{base, length};
  napi_value result;
  const napi_status status =
      napi_create_external_arraybuffer(env, data, bytes, release, mapping, &result);
  if (status != napi_ok) {  // an embedder that forbids external buffers
    munmap(base, length);
    delete mapping;
    return Napi::ArrayBuffer::New(env, bytes);
  }
  int64_t total;
  napi_adjust_external_memory(env, static_cast<int64_t>(length), &total);
  return {env, result};
}

#else

Napi::Value allocate(Napi::Env env, size_t bytes) { return Napi::ArrayBuffer::New(env, bytes); }

#endif

}  // namespace heddle::random
