#include "workers/module.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "common/descriptor.h"
#include "common/errors.h"
#include "executor/executor.h"
#include "workers/checksum.h"
#include "workers/core_account.h"
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

// ---- The account of cores: see core_account.h. `page` is what mapPage gave. ----

CorePage& core_page(const Napi::CallbackInfo& info) {
  if (!info[0].IsArrayBuffer() || info[0].As<Napi::ArrayBuffer>().ByteLength() != kPageBytes) {
    throw type_error(info.Env(), "heddle: the page of an account of cores was expected");
  }
  return *static_cast<CorePage*>(info[0].As<Napi::ArrayBuffer>().Data());
}

// The number of an entry.
int entry_number(const Napi::CallbackInfo& info, size_t argument) {
  const int index = info[argument].As<Napi::Number>().Int32Value();
  if (index < 0 || index >= CorePage::kEntries) {
    throw range_error(info.Env(), "heddle: an account of cores has no such entry");
  }
  return index;
}

// coreBudget(page, cores): sets how many cores there are in all.
void core_budget(const Napi::CallbackInfo& info) {
  core_page(info).budget.store(std::max(info[1].As<Napi::Number>().Int32Value(), 1));
}

// openCores(page, entry, share): a worker that has something to do.
void open_cores(const Napi::CallbackInfo& info) {
  CorePage& page = core_page(info);
  open_entry(page, entry_number(info, 1), std::max(info[2].As<Napi::Number>().Int32Value(), 1));
}

// closeCores(page, entry): the worker has ended.
void close_cores(const Napi::CallbackInfo& info) {
  CorePage& page = core_page(info);
  close_entry(page, entry_number(info, 1));
}

// setWorking(page, entry, working)
void working(const Napi::CallbackInfo& info) {
  CorePage& page = core_page(info);
  set_working(page, entry_number(info, 1), info[2].ToBoolean().Value());
}

// readCores(page): [share, in use, working] of each entry that has been used.
Napi::Value read_cores(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const CorePage& page = core_page(info);
  const int entries = std::min(page.entries.load(), CorePage::kEntries);
  Napi::Array all = Napi::Array::New(env, static_cast<size_t>(entries));
  for (int index = 0; index < entries; ++index) {
    const CoreEntry& entry = page.entry[index];
    Napi::Array one = Napi::Array::New(env, 3);
    one.Set(uint32_t{0}, entry.share.load());
    one.Set(uint32_t{1}, entry.in_use.load());
    one.Set(uint32_t{2}, Napi::Boolean::New(env, entry.idle_since.load() == 0));
    all.Set(static_cast<uint32_t>(index), one);
  }
  return all;
}

CorePage* joined = nullptr;

// joinCores(fd, entry): this process is the worker of that entry, for as long as it lives.
void join_cores(const Napi::CallbackInfo& info) {
  const int entry = entry_number(info, 1);
  void* const address = map_page(info[0].As<Napi::Number>().Int32Value());
  if (address == nullptr) throw failure("heddle: the account of cores can't be mapped", errno);
  joined = static_cast<CorePage*>(address);
  Executor::instance().set_account(new WorkerCores(joined, entry));
}

// allCores(): the budget of the account that this process is in; 0 where it is in none.
Napi::Value all_cores(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), joined != nullptr ? joined->budget.load() : 0);
}

// checksum(bytes): see checksum.h.
Napi::Value sum_of(const Napi::CallbackInfo& info) {
  if (!info[0].IsTypedArray()) {
    throw type_error(info.Env(), "heddle: bytes to sum were expected");
  }
  const auto bytes = info[0].As<Napi::Uint8Array>();
  return Napi::BigInt::New(info.Env(), checksum(bytes.Data(), bytes.ByteLength()));
}

}  // namespace

Napi::Object init(Napi::Env env) {
  Napi::Object exports = Napi::Object::New(env);
  exports.Set("Link", link_class(env));
  define<all_cores>(exports, "allCores");
  define<sum_of>(exports, "checksum");
  define<close_cores>(exports, "closeCores");
  define<close_one>(exports, "closeDescriptor");
  define<core_budget>(exports, "coreBudget");
  define<create>(exports, "createPage");
  define<pipe>(exports, "createPipe");
  define<join_cores>(exports, "joinCores");
  define<map>(exports, "mapPage");
  define<open_cores>(exports, "openCores");
  define<read_cores>(exports, "readCores");
  define<working>(exports, "setWorking");
  define<trim>(exports, "trimHeap");
  define<watch>(exports, "watchPeer");
  return exports;
}

}  // namespace heddle::workers
