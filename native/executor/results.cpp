#include "executor/results.h"

#include <cstdint>
#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace heddle::executor {

namespace {

// The system provides memory page by page, and a fault on each costs as much as a thousand
// multiplications. glibc gives a block back to the system when it is freed, if it is larger than
// the largest that was freed before (and below 32 MiB): a program is taken to need it no more. So
// one that frees such a block keeps the smaller ones for the next result, as Python does that frees
// one array after the other; V8 frees them some at a time.
//
// Memory of ours in external buffers would be simpler, but Node frees these only when the event
// loop turns: a loop that makes one result after the other would keep them all.
void keep_freed_blocks() {
#if defined(__GLIBC__)
  constexpr size_t kLargestThreshold = size_t{32} << 20;
  constexpr size_t kHeader = 8192;  // of the block, and of its pages
  auto* const block = static_cast<char*>(std::malloc(kLargestThreshold - kHeader));
  if (block == nullptr) return;
  *static_cast<volatile char*>(block) = 0;  // a block that is not used would not be asked for
  std::free(block);
#endif
}

// Few large pages instead of many small ones, where the system gives them to those who ask (the
// usual setting, `madvise`). NumPy does the same from 4 MiB on.
void use_large_pages(void* data, size_t bytes) {
#if defined(__linux__)
  constexpr size_t kFrom = size_t{4} << 20;
  if (bytes < kFrom) return;
  static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const size_t before = (page - reinterpret_cast<uintptr_t>(data) % page) % page;
  madvise(static_cast<char*>(data) + before, (bytes - before) / page * page, MADV_HUGEPAGE);
#else
  (void)data;
  (void)bytes;
#endif
}

}  // namespace

Napi::Value prepare_result(const Napi::CallbackInfo& info) {
  static const bool once = (keep_freed_blocks(), true);
  (void)once;
  void* data = nullptr;
  size_t bytes = 0;
  if (napi_get_arraybuffer_info(info.Env(), info[0], &data, &bytes) != napi_ok) {
    throw Napi::TypeError::New(info.Env(), "heddle: a result lies in no ArrayBuffer");
  }
  use_large_pages(data, bytes);
  return info.Env().Undefined();
}

}  // namespace heddle::executor
