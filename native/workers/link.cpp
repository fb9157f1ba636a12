#include "workers/link.h"

#if !defined(_WIN32)

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "common/errors.h"
#include "workers/uv.h"

namespace heddle::workers {

namespace {

using Bytes = Napi::Uint8Array;

int descriptor_argument(const Napi::CallbackInfo& info, size_t index) {
  const int fd = info[index].IsNumber() ? info[index].As<Napi::Number>().Int32Value() : -1;
  if (fd < 0) throw Napi::TypeError::New(info.Env(), "not a descriptor");
  return fd;
}

Napi::Function function_argument(const Napi::CallbackInfo& info, size_t index) {
  if (!info[index].IsFunction()) throw Napi::TypeError::New(info.Env(), "not a function");
  return info[index].As<Napi::Function>();
}

Bytes bytes_argument(const Napi::CallbackInfo& info, size_t index) {
  const bool fits = info[index].IsTypedArray() &&
                    info[index].As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
  if (!fits) throw Napi::TypeError::New(info.Env(), "not a Uint8Array");
  return info[index].As<Bytes>();
}

// What the event loop has of a link. It outlives the link by the time that closing takes.
class Loop {
 public:
  using Ready = void (*)(void* owner, bool writable);

  // Takes the descriptors over, unless it returns nullptr.
  static Loop* create(Napi::Env env, int reading, int writing, void* owner, Ready ready);

  // Closes all; the loop frees itself.
  void close();
  bool await_room();
  void stop_reading() { uv_poll_stop(reading_); }
  void ref() { uv_ref(handle(reading_)); }
  void unref() { uv_unref(handle(reading_)); }

  int reading() const { return reading_fd_; }
  int writing() const { return writing_fd_; }

 private:
  Loop(uv_loop_s* loop, int reading, int writing, void* owner, Ready ready)
      : loop_(loop), reading_fd_(reading), writing_fd_(writing), owner_(owner), ready_(ready) {}

  ~Loop() {
    if (hook_ != nullptr) napi_remove_async_cleanup_hook(hook_);
  }

  static uv_handle_s* handle(uv_poll_s* poll) { return reinterpret_cast<uv_handle_s*>(poll); }

  // libuv makes the descriptor one that does not block.
  uv_poll_s* open(int fd) {
    auto* const poll = static_cast<uv_poll_s*>(std::malloc(uv_handle_size(kUvPoll)));
    if (poll == nullptr) return nullptr;
    if (uv_poll_init(loop_, poll, fd) != 0) {
      std::free(poll);
      return nullptr;
    }
    uv_handle_set_data(handle(poll), this);
    open_++;
    return poll;
  }

  static void start(uv_poll_s* poll, int events) {
    uv_poll_start(poll, events, [](uv_poll_s* at, int /*status*/, int /*events*/) {
      // Reading and writing tell of an error themselves.
      auto* const self = static_cast<Loop*>(uv_handle_get_data(handle(at)));
      const bool writable = at == self->writing_;
      if (writable) uv_poll_stop(at);
      if (!self->closed_) self->ready_(self->owner_, writable);
    });
  }

  void end(uv_poll_s* poll) {
    if (poll == nullptr) return;
    uv_close(handle(poll), [](uv_handle_s* at) {
      auto* const self = static_cast<Loop*>(uv_handle_get_data(at));
      std::free(at);
      if (--self->open_ == 0) delete self;
    });
  }

  uv_loop_s* const loop_;
  const int reading_fd_;
  const int writing_fd_;
  void* const owner_;
  const Ready ready_;
  uv_poll_s* reading_ = nullptr;
  uv_poll_s* writing_ = nullptr;  // made when a pipe is first full
  int open_ = 0;
  bool closed_ = false;
  bool keep_descriptors_ = false;
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

Loop* Loop::create(Napi::Env env, int reading, int writing, void* owner, Ready ready) {
  uv_loop_s* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
  auto* const self = new Loop(loop, reading, writing, owner, ready);
  self->reading_ = self->open(reading);
  if (self->reading_ == nullptr) {
    delete self;
    return nullptr;
  }
  // An environment that ends waits until its handles are closed.
  const napi_status hooked = napi_add_async_cleanup_hook(
      env,
      [](napi_async_cleanup_hook_handle /*hook*/, void* ending) {
        static_cast<Loop*>(ending)->close();
      },
      self, &self->hook_);
  if (hooked != napi_ok) {
    self->keep_descriptors_ = true;
    self->close();
    return nullptr;
  }
  start(self->reading_, kUvReadable);
  return self;
}

bool Loop::await_room() {
  if (writing_ == nullptr) {
    writing_ = open(writing_fd_);
    if (writing_ == nullptr) return false;
    uv_unref(handle(writing_));
  }
  start(writing_, kUvWritable);
  return true;
}

void Loop::close() {
  if (closed_) return;
  closed_ = true;
  end(reading_);
  end(writing_);
  if (keep_descriptors_) return;  // nothing has come of it: they are the caller's
  ::close(reading_fd_);
  ::close(writing_fd_);
}

class Link : public Napi::ObjectWrap<Link> {
 public:
  explicit Link(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<Link>(info), context_(info.Env(), "heddle.link") {
    heddle::guarded(info.Env(), [&] { open(info); });
  }

 private:
  void open(const Napi::CallbackInfo& info) {
    const int reading = descriptor_argument(info, 0);
    const int writing = descriptor_argument(info, 1);
    Bytes bytes = bytes_argument(info, 2);
    bytes_ = Napi::Persistent(bytes);
    data_ = bytes.Data();
    size_ = bytes.ByteLength();
    received_ = Napi::Persistent(function_argument(info, 3));
    loop_ = Loop::create(info.Env(), reading, writing, this, [](void* self, bool writable) {
      static_cast<Link*>(self)->ready(writable);
    });
    if (loop_ == nullptr) {
      throw CodedError(kSystem, "heddle: a link to a worker can't be made");
    }
    Ref();  // until it is closed
  }

 public:
  static Napi::Function define_class(Napi::Env env) {
    return DefineClass(env, "Link",
                       {InstanceMethod<&Link::safe<&Link::write>>("write"),
                        InstanceMethod<&Link::safe<&Link::when_writable>>("whenWritable"),
                        InstanceMethod<&Link::safe<&Link::ref>>("ref"),
                        InstanceMethod<&Link::safe<&Link::unref>>("unref"),
                        InstanceMethod<&Link::safe<&Link::close>>("close")});
  }

 private:
  template <auto method>
  auto safe(const Napi::CallbackInfo& info) -> decltype((this->*method)(info)) {
    return guarded(info.Env(), [&] { return (this->*method)(info); });
  }

  Napi::Value write(const Napi::CallbackInfo& info) {
    const Bytes bytes = bytes_argument(info, 0);
    const size_t size = bytes.ByteLength();
    size_t written = 0;
    while (loop_ != nullptr && written < size) {
      const ssize_t count = ::write(loop_->writing(), bytes.Data() + written, size - written);
      if (count >= 0) {
        written += static_cast<size_t>(count);
      } else if (errno == EAGAIN) {
        break;
      } else if (errno != EINTR) {
        return Napi::Number::New(info.Env(), -1);
      }
    }
    return Napi::Number::New(info.Env(), static_cast<double>(written));
  }

  void when_writable(const Napi::CallbackInfo& info) {
    if (loop_ == nullptr) return;
    writable_ = Napi::Persistent(function_argument(info, 0));
    if (!loop_->await_room()) {
      throw CodedError(kSystem, "heddle: the pipe to a worker can't be watched");
    }
  }

  void ref(const Napi::CallbackInfo& /*info*/) {
    if (loop_ != nullptr) loop_->ref();
  }

  void unref(const Napi::CallbackInfo& /*info*/) {
    if (loop_ != nullptr) loop_->unref();
  }

  void close(const Napi::CallbackInfo& /*info*/) { end(); }

  void end() {
    if (loop_ == nullptr) return;
    loop_->close();
    loop_ = nullptr;
    Unref();
  }

  void ready(bool writable) {
    const Napi::HandleScope scope(Env());
    if (writable) {
      const Napi::FunctionReference callback = std::move(writable_);
      call(callback, {});
      return;
    }
    const ssize_t count = ::read(loop_->reading(), data_, size_);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) loop_->stop_reading();
    call(received_, {Napi::Number::New(Env(), count > 0 ? static_cast<double>(count) : 0)});
  }

  void call(const Napi::FunctionReference& callback,
            const std::initializer_list<napi_value>& values) {
    try {
      callback.MakeCallback(Value(), values, context_);
    } catch (const Napi::Error& error) {
      // As from any other callback of the event loop: it is the program's uncaught exception.
      napi_fatal_exception(Env(), error.Value());
    }
  }

  Napi::AsyncContext context_;
  Napi::Reference<Bytes> bytes_;
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  Napi::FunctionReference received_;
  Napi::FunctionReference writable_;
  Loop* loop_ = nullptr;
};

// What `new Link(…)` calls: the class itself, whose errors get their codes here.
Napi::Value make_link(const Napi::CallbackInfo& info) {
  const auto* const constructor = static_cast<Napi::FunctionReference*>(info.Data());
  return constructor->New({info[0], info[1], info[2], info[3]});
}

}  // namespace

Napi::Function link_class(Napi::Env env) {
  auto constructor =
      std::make_unique<Napi::FunctionReference>(Napi::Persistent(Link::define_class(env)));
  const Napi::Function made =
      Napi::Function::New<guarded_call<make_link>>(env, "Link", constructor.get());
  napi_add_env_cleanup_hook(
      env, [](void* reference) { delete static_cast<Napi::FunctionReference*>(reference); },
      constructor.release());
  return made;
}

}  // namespace heddle::workers

#else

namespace heddle::workers {

// Node's streams serve there.
Napi::Function link_class(Napi::Env env) {
  return Napi::Function::New(
      env, [](const Napi::CallbackInfo&) {}, "Link");
}

}  // namespace heddle::workers

#endif
