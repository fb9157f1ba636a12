// Who owns the bytes of ArrayBuffers: V8 counts the owners, and Node-API has no way to be one.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

namespace heddle::executor {

// The bytes of the typed arrays in a JavaScript array, for as long as this lives.
//
// A reference keeps a buffer from being collected, but not from being transferred: then its bytes
// belong to another one, and go when that goes. V8 counts the owners of bytes; this is one of them.
//
// (Marking buffers with worker_threads.markAsUntransferable() is no way: the mark stays for ever,
// makes Node 20 copy what the user meant to transfer, and does not stop
// ArrayBuffer.prototype.transfer() in Node 22.)
class HeldBytes {
 public:
  explicit HeldBytes(const Napi::Array& arrays);

  // Whether bytes can be held in this process.
  static bool possible();

 private:
  std::vector<std::shared_ptr<void>> stores_;
};

// An ArrayBuffer of bytes that V8 does not count: making it starts no collection of garbage, which
// for bytes that were there before anyway is time lost. Null where that can't be had.
//
// `owner` is let go on any thread, when the bytes have no buffer any more.
napi_value uncounted_buffer(char* data, size_t bytes, const std::shared_ptr<void>& owner);

}  // namespace heddle::executor
