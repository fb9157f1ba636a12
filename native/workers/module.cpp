#include "workers/module.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "workers/link.h"
#include "workers/page.h"
#include "workers/pipe.h"
#include "workers/trim.h"
#include "workers/watch.h"

namespace heddle::workers {

namespace {

Napi::Error failure(Napi::Env env, const char* what, int code) {
  return Napi::Error::New(env, std::string(what) + ": " + std::strerror(code));
}

// createPage(): the descriptor of a new page; the caller closes it.
Napi::Value create(const Napi::CallbackInfo& info) {
  const int fd = create_page();
  if (fd < 0) throw failure(info.Env(), "a page for a worker can't be made", errno);
  return Napi::Number::New(info.Env(), fd);
}

// mapPage(fd): the page as an ArrayBuffer, unmapped when that is collected.
Napi::Value map(const Napi::CallbackInfo& info) {
  void* address = map_page(info[0].As<Napi::Number>().Int32Value());
  if (address == nullptr) throw failure(info.Env(), "a worker's page can't be mapped", errno);
  return Napi::ArrayBuffer::New(info.Env(), address, kPageBytes,
                                [](Napi::Env, void* mapped) { unmap_page(mapped); });
}

// createPipe(parentEnd): the descriptors of a new pipe, [reading, writing]; the caller closes them.
Napi::Value pipe(const Napi::CallbackInfo& info) {
  int ends[2];
  const int error = create_pipe(info[0].As<Napi::Number>().Int32Value() != 0 ? 1 : 0, ends);
  if (error != 0) throw failure(info.Env(), "a pipe to a worker can't be made", error);
  Napi::Array pair = Napi::Array::New(info.Env(), 2);
  pair.Set(uint32_t{0}, Napi::Number::New(info.Env(), ends[0]));
  pair.Set(uint32_t{1}, Napi::Number::New(info.Env(), ends[1]));
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
  if (error != 0) throw failure(info.Env(), "the parent can't be watched", error);
}

}  // namespace

Napi::Object init(Napi::Env env) {
  Napi::Object exports = Napi::Object::New(env);
  exports.Set("Link", link_class(env));
  exports.Set("closeDescriptor", Napi::Function::New(env, close_one, "closeDescriptor"));
  exports.Set("createPage", Napi::Function::New(env, create, "createPage"));
  exports.Set("createPipe", Napi::Function::New(env, pipe, "createPipe"));
  exports.Set("mapPage", Napi::Function::New(env, map, "mapPage"));
  exports.Set("trimHeap", Napi::Function::New(env, trim, "trimHeap"));
  exports.Set("watchPeer", Napi::Function::New(env, watch, "watchPeer"));
  return exports;
}

}  // namespace heddle::workers
