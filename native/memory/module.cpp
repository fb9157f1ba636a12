#include "memory/module.h"

#include <atomic>
#include <cmath>
#include <limits>

#include "common/errors.h"
#include "executor/bytes.h"
#include "memory/copy.h"
#include "memory/segment.h"

namespace heddle::memory {

namespace {

using SegmentPointer = std::shared_ptr<Segment>;

Napi::Error error_of(Napi::Env env, const Failure& failure) {
  Napi::Error error = Napi::Error::New(env, "heddle: " + failure.what);
  error.Set("code", "ERR_HEDDLE_SHARED_MEMORY");
  error.Set("errno", Napi::Number::New(env, failure.error));
  return error;
}

size_t size_argument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  const double value = info[index].IsNumber() ? info[index].As<Napi::Number>().DoubleValue() : -1;
  if (!(value >= 0) || value > 9007199254740991.0 || std::floor(value) != value) {
    throw Napi::RangeError::New(info.Env(), std::string(name) + " must be a size in bytes");
  }
  return static_cast<size_t>(value);
}

// Tells a segment from what other addons, and other modules of this one, wrap.
constexpr napi_type_tag kSegmentTag = {0x8d3c51e60f5b4a27, 0xb1f09a4e7d26c835};

SegmentPointer& pointer_argument(const Napi::CallbackInfo& info) {
  SegmentPointer* const segment = unwrap<SegmentPointer>(info[0], kSegmentTag);
  if (segment == nullptr) throw Napi::TypeError::New(info.Env(), "heddle: this is no segment");
  if (!*segment) throw CodedError("ERR_HEDDLE_RELEASED", "heddle: the segment has been released");
  return *segment;
}

Napi::Value wrap(Napi::Env env, SegmentPointer segment) {
  return wrapped(env, std::make_unique<SegmentPointer>(std::move(segment)), kSegmentTag);
}

// create(bytes): a new segment of zeros.
Napi::Value create(const Napi::CallbackInfo& info) {
  Failure failure;
  SegmentPointer segment = Segment::create(size_argument(info, 0, "bytes"), failure);
  if (!segment) throw error_of(info.Env(), failure);
  return wrap(info.Env(), std::move(segment));
}

// open(locator, inode, bytes, generation): what handle() described elsewhere.
Napi::Value open(const Napi::CallbackInfo& info) {
  Failure failure;
  SegmentPointer segment =
      Segment::open(info[0].As<Napi::String>(), size_argument(info, 1, "inode"),
                    size_argument(info, 2, "bytes"), info[3].As<Napi::Number>(), failure);
  if (!segment) throw error_of(info.Env(), failure);
  return wrap(info.Env(), std::move(segment));
}

// handle(segment): { locator, inode, bytes, generation }. The locator is empty where no other
// process can open the memory; threads of this one need none.
Napi::Value handle(const Napi::CallbackInfo& info) {
  const Segment& segment = *pointer_argument(info);
  Failure failure;
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("locator", segment.locator(failure));
  result.Set("inode", static_cast<double>(segment.inode()));
  result.Set("bytes", static_cast<double>(segment.bytes()));
  result.Set("generation", segment.control().generation.load());
  return result;
}

// opened(segment): how many receivers have opened this generation.
Napi::Value opened(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), pointer_argument(info)->control().opened.load());
}

// markOpened(segment): a receiver has opened this generation, and mapped it if it means to. Said
// before, the sender could take memory that is about to be mapped for unused.
void mark_opened(const Napi::CallbackInfo& info) {
  pointer_argument(info)->control().opened.fetch_add(1);
}

// mappings(segment): how many live mappings there are, in all processes.
Napi::Value mappings(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), pointer_argument(info)->control().mappings.load());
}

// renew(segment): begins a generation, so that old handles no longer open it.
void renew(const Napi::CallbackInfo& info) {
  Control& control = pointer_argument(info)->control();
  control.generation.fetch_add(1);
  control.opened.store(0);
}

// write(segment, bytes: Uint8Array, use, threads): copies the bytes to its start. `use` is 'once',
// 'repeated' or 'lasting'.
void write(const Napi::CallbackInfo& info) {
  Segment& segment = *pointer_argument(info);
  if (!info[1].IsTypedArray() ||
      info[1].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw type_error(info.Env(), "heddle: what is written must be a Uint8Array");
  }
  const Napi::Uint8Array bytes = info[1].As<Napi::Uint8Array>();
  if (bytes.ByteLength() > segment.bytes()) {
    throw Napi::RangeError::New(info.Env(), "the bytes must fit into the segment");
  }
  Failure failure;
  const std::string name = info[2].As<Napi::String>();
  const Use use = name == "lasting"    ? Use::kLasting
                  : name == "repeated" ? Use::kRepeated
                                       : Use::kOnce;
  const int threads = info[3].As<Napi::Number>().Int32Value();
  if (!copy_into(segment, bytes.Data(), bytes.ByteLength(), use, threads, failure)) {
    throw error_of(info.Env(), failure);
  }
}

// An external ArrayBuffer that keeps `holder`, whose destructor unmaps.
template <typename Holder>
Napi::Value external_buffer(Napi::Env env, char* data, size_t bytes,
                            std::shared_ptr<Holder> holder) {
  auto hint = std::make_unique<std::shared_ptr<Holder>>(std::move(holder));
  napi_value result = nullptr;
  const napi_status status = napi_create_external_arraybuffer(
      env, data, bytes,
      [](napi_env, void*, void* pointer) { delete static_cast<std::shared_ptr<Holder>*>(pointer); },
      hint.get(), &result);
  if (status != napi_ok) {
    throw CodedError("ERR_HEDDLE_SHARED_MEMORY", "heddle: this runtime cannot wrap shared memory");
  }
  static_cast<void>(hint.release());
  return Napi::Value(env, result);
}

// What is lent is mapped for one message, by whom is about to be done with it.
//
// V8 takes the bytes of a buffer for memory that collecting garbage would free, and starts to do so
// for every large one. A mapping is an address for memory that others have anyway; but it keeps
// that from being used again, so that only a few of those in which this matters are not counted.
constexpr size_t kLeastUncounted = size_t{32} << 20;
constexpr size_t kMostUncounted = size_t{256} << 20;
std::atomic<size_t> uncounted{0};

// Of this thread, and so of its environment. The buffers may end on others.
const std::shared_ptr<std::atomic<uint32_t>>& lent_here() {
  thread_local const auto count = std::make_shared<std::atomic<uint32_t>>(0);
  return count;
}

class Lent {
 public:
  explicit Lent(std::shared_ptr<Mapping> mapping) : mapping_(std::move(mapping)) { ++*count_; }
  ~Lent() {
    mapping_.reset();
    --*count_;
    uncounted -= uncounted_;
  }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

  // Whether V8 need not count it.
  bool leave_out(size_t bytes) {
    if (bytes < kLeastUncounted) return false;
    uncounted_ = bytes;
    return (uncounted += bytes) <= kMostUncounted;
  }

 private:
  std::shared_ptr<Mapping> mapping_;
  std::shared_ptr<std::atomic<uint32_t>> count_ = lent_here();
  size_t uncounted_ = 0;
};

// map(segment, use): its data as an ArrayBuffer. `use` is 'shared', or 'private': copy-on-write; or
// 'lent': that, for one message.
Napi::Value map(const Napi::CallbackInfo& info) {
  SegmentPointer segment = pointer_argument(info);
  const size_t bytes = segment->bytes();
  const std::string use = info[1].As<Napi::String>();
  Failure failure;
  auto mapping = Mapping::create(std::move(segment),
                                 use == "shared" ? Access::kShared : Access::kPrivate, failure);
  if (!mapping) throw error_of(info.Env(), failure);
  char* data = mapping->data();
  if (use != "lent") return external_buffer(info.Env(), data, bytes, std::move(mapping));
  const auto lent = std::make_shared<Lent>(std::move(mapping));
  const napi_value buffer =
      lent->leave_out(bytes) ? executor::uncounted_buffer(data, bytes, lent) : nullptr;
  if (buffer != nullptr) return Napi::Value(info.Env(), buffer);
  return external_buffer(info.Env(), data, bytes, lent);
}

// lent(): how many buffers for one message this thread has made that are still mapped.
Napi::Value lent(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), lent_here()->load());
}

// isUnwritten(buffer): whether a private mapping, of a segment or of a file, has no page of its
// own.
Napi::Value is_buffer_unwritten(const Napi::CallbackInfo& info) {
  if (!info[0].IsArrayBuffer()) throw type_error(info.Env(), "heddle: this is no ArrayBuffer");
  auto buffer = info[0].As<Napi::ArrayBuffer>();
  return Napi::Boolean::New(info.Env(), is_unwritten(buffer.Data(), buffer.ByteLength()));
}

// release(segment): lets go of it now instead of when its JavaScript object is collected.
void release(const Napi::CallbackInfo& info) {
  if (SegmentPointer* const segment = unwrap<SegmentPointer>(info[0], kSegmentTag))
    segment->reset();
}

// list(): the segments that this process holds.
Napi::Value list(const Napi::CallbackInfo& info) {
  const auto segments = Segment::all();
  Napi::Array result = Napi::Array::New(info.Env(), segments.size());
  for (size_t i = 0; i < segments.size(); ++i) {
    Napi::Object item = Napi::Object::New(info.Env());
    item.Set("inode", static_cast<double>(segments[i]->inode()));
    item.Set("bytes", static_cast<double>(segments[i]->bytes()));
    item.Set("created", segments[i]->created());
    item.Set("mappings", segments[i]->control().mappings.load());
    result.Set(static_cast<uint32_t>(i), item);
  }
  return result;
}

// mapFile(path, offset, bytes, mode): mode is 'copyonwrite', 'readwrite' or 'create'.
Napi::Value map_file(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  const size_t offset = size_argument(info, 1, "offset");
  const size_t bytes = size_argument(info, 2, "bytes");
  const std::string mode = info[3].As<Napi::String>();
  const bool create_it = mode == "create";
  const bool writable = create_it || mode == "readwrite";
  if (bytes == 0 || bytes > std::numeric_limits<size_t>::max() / 2 - offset) {
    throw Napi::RangeError::New(info.Env(), "bytes must be at least 1");
  }
  Failure failure;
  const File file = File::open_path(path, writable, create_it, offset + bytes, failure);
  if (!file) throw error_of(info.Env(), failure);
  size_t length = 0;
  file.inode(&length);
  // A mapping may reach past the end of its file, but touching it there kills the process.
  if (length < offset + bytes) {
    auto error =
        Napi::RangeError::New(info.Env(), path + " has " + std::to_string(length) + " bytes, but " +
                                              std::to_string(offset + bytes) + " are needed");
    error.Set("code", Napi::String::New(info.Env(), "ERR_HEDDLE_INVALID_ARGUMENT"));
    throw error;
  }
  auto range = std::make_shared<Range>(
      Range::map(file, offset, bytes, writable ? Access::kShared : Access::kPrivate, failure));
  if (!*range) throw error_of(info.Env(), failure);
  char* data = range->data();
  return external_buffer(info.Env(), data, bytes, std::move(range));
}

}  // namespace

Napi::Object init(Napi::Env env) {
  Napi::Object exports = Napi::Object::New(env);
  define<create>(exports, "create");
  define<open>(exports, "open");
  define<handle>(exports, "handle");
  define<opened>(exports, "opened");
  define<mark_opened>(exports, "markOpened");
  define<mappings>(exports, "mappings");
  define<renew>(exports, "renew");
  define<write>(exports, "write");
  define<map>(exports, "map");
  define<lent>(exports, "lent");
  define<is_buffer_unwritten>(exports, "isUnwritten");
  define<release>(exports, "release");
  define<list>(exports, "list");
  define<map_file>(exports, "mapFile");
  return exports;
}

}  // namespace heddle::memory
