// Fails the n-th thing that the addon asks of the system: memory, a thread, a descriptor, a mapping,
// what goes through a socket.
//
// Loaded before everything else (LD_PRELOAD) it stands in for the functions that give those, and
// counts the calls whose cause is in the addon; loaded once more as an addon of its own it lets
// JavaScript say which of them fails. It knows what the addon has of memory that is not freed.

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <node_api.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>
#include <unwind.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

struct Range {
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};
  bool has(uintptr_t address) const { return address >= begin && address < end; }
};

Range addon;   // whose calls are counted
Range cpp;     // libstdc++, through which most of them go
Range self;    // this library

std::atomic<int64_t> points{0};   // calls since arm()
std::atomic<int64_t> target{-1};  // the one that fails; -1: none
std::atomic<bool> counting{false};
std::atomic<bool> fired{false};
thread_local bool looking = false;

void set(Range& range, const dl_phdr_info* info) {
  uintptr_t low = UINTPTR_MAX;
  uintptr_t high = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD) continue;
    const uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    if (begin < low) low = begin;
    if (begin + header.p_memsz > high) high = begin + header.p_memsz;
  }
  range.begin = low;
  range.end = high;
}

void find_libraries() {
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void*) {
        const char* const slash = std::strrchr(info->dlpi_name, '/');
        const char* const name = slash != nullptr ? slash + 1 : info->dlpi_name;
        if (std::strcmp(name, "heddle.node") == 0) set(addon, info);
        if (std::strncmp(name, "libstdc++.so", 12) == 0) set(cpp, info);
        if (std::strncmp(name, "heddle-faults", 13) == 0) set(self, info);
        return 0;
      },
      nullptr);
}

struct Walk {
  int left = 12;
  bool found = false;
};

_Unwind_Reason_Code look(_Unwind_Context* context, void* opaque) {
  auto* const walk = static_cast<Walk*>(opaque);
  const auto address = static_cast<uintptr_t>(_Unwind_GetIP(context));
  if (addon.has(address)) {
    walk->found = true;
    return _URC_END_OF_STACK;
  }
  return --walk->left > 0 && (self.has(address) || cpp.has(address)) ? _URC_NO_REASON
                                                                    : _URC_END_OF_STACK;
}

// Whether the addon is behind the call that returns to `caller`, by itself or through libstdc++.
bool is_ours(const void* caller) {
  const auto address = reinterpret_cast<uintptr_t>(caller);
  if (addon.has(address)) return true;
  if (!cpp.has(address) || looking) return false;
  looking = true;
  Walk walk;
  _Unwind_Backtrace(look, &walk);
  looking = false;
  return walk.found;
}

bool fails(const void* caller) {
  if (!counting.load(std::memory_order_relaxed) || !is_ours(caller)) return false;
  if (points.fetch_add(1) != target.load()) return false;
  if (std::getenv("HEDDLE_FAULTS_TRACE") != nullptr) {
    Dl_info info{};
    dladdr(caller, &info);
    std::fprintf(stderr, "fails: %s %s +%zx\n", info.dli_fname,
                 info.dli_sname != nullptr ? info.dli_sname : "?",
                 static_cast<size_t>(static_cast<const char*>(caller) -
                                     static_cast<const char*>(info.dli_fbase)));
  }
  fired.store(true);
  return true;
}

// ---- What is not freed --------------------------------------------------------------------------

constexpr size_t kBlocks = size_t{1} << 18;
std::atomic<const void*> blocks[kBlocks];  // NOLINT: zero at first
std::atomic<int64_t> live{0};
std::atomic<bool> remembering{false};
const void* const kFreed = &live;

size_t place_of(const void* block) {
  return (reinterpret_cast<uintptr_t>(block) >> 4) * 0x9E3779B97F4A7C15ULL >> 46;
}

void remember(const void* block, const void* caller) {
  if (block == nullptr || !remembering.load(std::memory_order_relaxed) || !is_ours(caller)) return;
  for (size_t i = 0, at = place_of(block); i < kBlocks; ++i, at = (at + 1) % kBlocks) {
    const void* there = blocks[at].load();
    if (there != nullptr && there != kFreed) continue;
    if (!blocks[at].compare_exchange_strong(there, block)) continue;
    live.fetch_add(1);
    return;
  }
}

void forget(const void* block) {
  if (block == nullptr || !remembering.load(std::memory_order_relaxed)) return;
  for (size_t i = 0, at = place_of(block); i < kBlocks; ++i, at = (at + 1) % kBlocks) {
    const void* there = blocks[at].load();
    if (there == nullptr) return;
    if (there == block && blocks[at].compare_exchange_strong(there, kFreed)) {
      live.fetch_sub(1);
      return;
    }
  }
}

// ---- The functions themselves -------------------------------------------------------------------

template <typename F>
F next(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

// dlsym() allocates: until it has told where the real one is, memory comes from here.
alignas(16) char early[1 << 16];
std::atomic<size_t> early_used{0};

void* take_early(size_t bytes) {
  const size_t at = early_used.fetch_add((bytes + 15) / 16 * 16);
  return at + bytes <= sizeof(early) ? early + at : nullptr;
}

bool is_early(const void* block) { return block >= early && block < early + sizeof(early); }

}  // namespace

#define HEDDLE_CALLER __builtin_return_address(0)
#define HEDDLE_EXPORT extern "C" __attribute__((visibility("default")))

HEDDLE_EXPORT void* malloc(size_t bytes) {
  static std::atomic<void* (*)(size_t)> real{nullptr};
  thread_local bool finding = false;
  if (real.load() == nullptr) {
    if (finding) return take_early(bytes);
    finding = true;
    real.store(next<void* (*)(size_t)>("malloc"));
    finding = false;
  }
  if (fails(HEDDLE_CALLER)) {
    errno = ENOMEM;
    return nullptr;
  }
  void* const block = real.load()(bytes);
  remember(block, HEDDLE_CALLER);
  return block;
}

HEDDLE_EXPORT void* calloc(size_t count, size_t bytes) {
  static std::atomic<void* (*)(size_t, size_t)> real{nullptr};
  thread_local bool finding = false;
  if (real.load() == nullptr) {
    if (finding) return take_early(count * bytes);
    finding = true;
    real.store(next<void* (*)(size_t, size_t)>("calloc"));
    finding = false;
  }
  if (fails(HEDDLE_CALLER)) {
    errno = ENOMEM;
    return nullptr;
  }
  void* const block = real.load()(count, bytes);
  remember(block, HEDDLE_CALLER);
  return block;
}

HEDDLE_EXPORT void free(void* block) {
  static const auto real = next<void (*)(void*)>("free");
  if (is_early(block)) return;
  forget(block);
  real(block);
}

namespace {

// What operator new does; here, so that its caller and not libstdc++'s own is seen.
void* allocate(size_t bytes, size_t alignment, const void* caller) {
  static const auto plain = next<void* (*)(size_t)>("malloc");
  static const auto aligned = next<void* (*)(size_t, size_t)>("aligned_alloc");
  if (fails(caller)) throw std::bad_alloc();
  void* const block =
      alignment == 0 ? plain(bytes == 0 ? 1 : bytes)
                     : aligned(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (block == nullptr) throw std::bad_alloc();
  remember(block, caller);
  return block;
}

}  // namespace

__attribute__((visibility("default"))) void* operator new(size_t bytes) {
  return allocate(bytes, 0, HEDDLE_CALLER);
}
__attribute__((visibility("default"))) void* operator new[](size_t bytes) {
  return allocate(bytes, 0, HEDDLE_CALLER);
}
__attribute__((visibility("default"))) void* operator new(size_t bytes, std::align_val_t align) {
  return allocate(bytes, static_cast<size_t>(align), HEDDLE_CALLER);
}
__attribute__((visibility("default"))) void* operator new(size_t bytes,
                                                          const std::nothrow_t&) noexcept {
  try {
    return allocate(bytes, 0, HEDDLE_CALLER);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

HEDDLE_EXPORT int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                 void* (*start)(void*), void* argument) {
  static const auto real = next<int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*),
                                        void*)>("pthread_create");
  if (fails(HEDDLE_CALLER)) return EAGAIN;
  return real(thread, attributes, start, argument);
}

// A function that tells of its failure by -1 and errno.
#define HEDDLE_FAILS(error)      \
  if (fails(HEDDLE_CALLER)) {    \
    errno = error;               \
    return -1;                   \
  }

HEDDLE_EXPORT int memfd_create(const char* name, unsigned flags) {
  static const auto real = next<int (*)(const char*, unsigned)>("memfd_create");
  HEDDLE_FAILS(EMFILE)
  return real(name, flags);
}

HEDDLE_EXPORT int ftruncate(int fd, off_t length) {
  static const auto real = next<int (*)(int, off_t)>("ftruncate");
  HEDDLE_FAILS(ENOSPC)
  return real(fd, length);
}

HEDDLE_EXPORT ssize_t pwrite(int fd, const void* from, size_t bytes, off_t at) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  HEDDLE_FAILS(ENOSPC)
  return real(fd, from, bytes, at);
}

HEDDLE_EXPORT int pipe2(int* ends, int flags) {
  static const auto real = next<int (*)(int*, int)>("pipe2");
  HEDDLE_FAILS(EMFILE)
  return real(ends, flags);
}

HEDDLE_EXPORT int open(const char* path, int flags, ...) {
  static const auto real = next<int (*)(const char*, int, ...)>("open");
  va_list rest;
  va_start(rest, flags);
  const int mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, int) : 0;
  va_end(rest);
  HEDDLE_FAILS(EMFILE)
  return real(path, flags, mode);
}

HEDDLE_EXPORT int fcntl(int fd, int command, ...) {
  static const auto real = next<int (*)(int, int, ...)>("fcntl");
  va_list rest;
  va_start(rest, command);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  HEDDLE_FAILS(EMFILE)
  return real(fd, command, argument);
}

HEDDLE_EXPORT void* mmap(void* at, size_t bytes, int protection, int flags, int fd, off_t offset) {
  static const auto real = next<void* (*)(void*, size_t, int, int, int, off_t)>("mmap");
  if (fails(HEDDLE_CALLER)) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return real(at, bytes, protection, flags, fd, offset);
}

HEDDLE_EXPORT int poll(pollfd* entries, nfds_t count, int timeout) {
  static const auto real = next<int (*)(pollfd*, nfds_t, int)>("poll");
  HEDDLE_FAILS(ENOMEM)
  return real(entries, count, timeout);
}

HEDDLE_EXPORT int socket(int domain, int type, int protocol) {
  static const auto real = next<int (*)(int, int, int)>("socket");
  HEDDLE_FAILS(EMFILE)
  return real(domain, type, protocol);
}

HEDDLE_EXPORT int bind(int fd, const sockaddr* address, socklen_t length) {
  static const auto real = next<int (*)(int, const sockaddr*, socklen_t)>("bind");
  HEDDLE_FAILS(ENOMEM)
  return real(fd, address, length);
}

HEDDLE_EXPORT int listen(int fd, int backlog) {
  static const auto real = next<int (*)(int, int)>("listen");
  HEDDLE_FAILS(ENOBUFS)
  return real(fd, backlog);
}

HEDDLE_EXPORT int getsockname(int fd, sockaddr* address, socklen_t* length) {
  static const auto real = next<int (*)(int, sockaddr*, socklen_t*)>("getsockname");
  HEDDLE_FAILS(ENOBUFS)
  return real(fd, address, length);
}

HEDDLE_EXPORT int getsockopt(int fd, int level, int name, void* value, socklen_t* length) {
  static const auto real = next<int (*)(int, int, int, void*, socklen_t*)>("getsockopt");
  HEDDLE_FAILS(ENOBUFS)
  return real(fd, level, name, value, length);
}

HEDDLE_EXPORT int setsockopt(int fd, int level, int name, const void* value, socklen_t length) {
  static const auto real = next<int (*)(int, int, int, const void*, socklen_t)>("setsockopt");
  HEDDLE_FAILS(ENOBUFS)
  return real(fd, level, name, value, length);
}

HEDDLE_EXPORT int accept4(int fd, sockaddr* address, socklen_t* length, int flags) {
  static const auto real = next<int (*)(int, sockaddr*, socklen_t*, int)>("accept4");
  HEDDLE_FAILS(EMFILE)
  return real(fd, address, length, flags);
}

HEDDLE_EXPORT int connect(int fd, const sockaddr* address, socklen_t length) {
  static const auto real = next<int (*)(int, const sockaddr*, socklen_t)>("connect");
  HEDDLE_FAILS(ENOMEM)
  return real(fd, address, length);
}

HEDDLE_EXPORT ssize_t send(int fd, const void* from, size_t bytes, int flags) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, int)>("send");
  HEDDLE_FAILS(ENOBUFS)
  return real(fd, from, bytes, flags);
}

HEDDLE_EXPORT ssize_t recv(int fd, void* to, size_t bytes, int flags) {
  static const auto real = next<ssize_t (*)(int, void*, size_t, int)>("recv");
  HEDDLE_FAILS(ENOMEM)
  return real(fd, to, bytes, flags);
}

// More descriptors on their way than a process of this user may have open, see unix(7).
HEDDLE_EXPORT ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static const auto real = next<ssize_t (*)(int, const msghdr*, int)>("sendmsg");
  HEDDLE_FAILS(ETOOMANYREFS)
  return real(fd, message, flags);
}

HEDDLE_EXPORT ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static const auto real = next<ssize_t (*)(int, msghdr*, int)>("recvmsg");
  HEDDLE_FAILS(ENOMEM)
  return real(fd, message, flags);
}

// Random bytes alone: a kernel older than 3.17 or a filter has none. The others wait and wake.
HEDDLE_EXPORT long syscall(long number, ...) {
  static const auto real = next<long (*)(long, ...)>("syscall");
  long given[6];
  va_list rest;
  va_start(rest, number);
  for (long& argument : given) argument = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_getrandom) {
    HEDDLE_FAILS(ENOSYS)
  }
  return real(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}

// ---- For JavaScript -----------------------------------------------------------------------------

namespace {

napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

// arm(n): the n-th call from here on fails, the first is 0; -1: none does, they are counted.
napi_value arm(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument = nullptr;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  int64_t n = -1;
  napi_get_value_int64(env, argument, &n);
  find_libraries();
  counting.store(false);
  points.store(0);
  fired.store(false);
  target.store(n);
  counting.store(true);
  return nullptr;
}

// disarm(): how many calls there were, or -1 - n where the n-th has failed.
napi_value disarm(napi_env env, napi_callback_info) {
  counting.store(false);
  return number(env, static_cast<double>(fired.load() ? -1 - target.load() : points.load()));
}

// blocks(): how many blocks of memory the addon has asked for since the first call and not freed.
napi_value live_blocks(napi_env env, napi_callback_info) {
  find_libraries();
  remembering.store(true);
  return number(env, static_cast<double>(live.load()));
}

}  // namespace

HEDDLE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  const auto add = [&](const char* name, napi_callback function) {
    napi_value value = nullptr;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
    napi_set_named_property(env, exports, name, value);
  };
  add("arm", arm);
  add("disarm", disarm);
  add("blocks", live_blocks);
  return exports;
}
