#include "workers/module.h"

#include <cerrno>
#include <system_error>

#include "common/descriptor.h"
#include "common/errors.h"
#include "workers/link.h"
#include "workers/page.h"
#include "workers/pipe.h"
#include "workers/trim.h"
#include "workers/watch.h"

namespace heddle::workers {

namespace {

std::system_error failure(const char* what, int code) {
  return {code, std::generic_category(), what};
}

// createPage(): the descriptor of a new page; the caller closes it.
Napi::Value create(const Napi::CallbackInfo& info) {
  const int fd = create_page();
  if (fd < 0) throw failure("heddle: a page for a worker can't be made", errno);
  return Napi::Number::New(info.Env(), fd);
}

// mapPage(fd): the page as an ArrayBuffer, unmapped when that is collected.
Napi::Value map(const Napi::CallbackInfo& info) {
  void* const address = map_page(info[0].As<Napi::Number>().Int32Value());
  if (address == nullptr) throw failure("heddle: a worker's page can't be mapped", errno);
  napi_value buffer = nullptr;
  const napi_status made = napi_create_external_arraybuffer(
      info.Env(), address, kPageBytes, [](napi_env, void* mapped, void*) { unmap_page(mapped); },
      nullptr, &buffer);
  if (made != napi_ok) {
    unmap_page(address);
    throw Napi::Error::New(info.Env());
  }
  return {info.Env(), buffer};
}

// createPipe(parentEnd): the descriptors of a new pipe, [reading, writing]; the caller closes them.
Napi::Value pipe(const Napi::CallbackInfo& info) {
  int ends[2];
  const int error = create_pipe(info[0].As<Napi::Number>().Int32Value() != 0 ? 1 : 0, ends);
  if (error != 0) throw failure("heddle: a pipe to a worker can't be made", error);
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  Napi::Array pair = Napi::Array::New(info.Env(), 2);
  pair.Set(uint32_t{0}, Napi::Number::New(info.Env(), ends[0]));
  pair.Set(uint32_t{1}, Napi::Number::New(info.Env(), ends[1]));
  reading.hand_on();
  writing.hand_on();
  return pair;
}

// closeDescriptor(fd): closes what was made here.
void close_one(const Napi::CallbackInfo& info) {
  close_descriptor(info[0].As<Napi::Number>().Int32Value());
}

// trimHeap(): see trim.h.
void trim(const Napi::CallbackInfo& /*info*/) { trim_heap(); }

// watchPeer(fd, graceMs): see watch.h.
void watch(const Napi::CallbackInfo& info) {
  const int error =
      watch_peer(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Int32Value());
  if (error != 0) throw failure("heddle: the parent can't be watched", error);
}

}  // namespace

Napi::Object init(Napi::Env env) {
  Napi::Object exports = Napi::Object::New(env);
  exports.Set("Link", link_class(env));
  define<close_one>(exports, "closeDescriptor");
  define<create>(exports, "createPage");
  define<pipe>(exports, "createPipe");
  define<map>(exports, "mapPage");
  define<trim>(exports, "trimHeap");
  define<watch>(exports, "watchPeer");
  return exports;
}

}  // namespace heddle::workers
