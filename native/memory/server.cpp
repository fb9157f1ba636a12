#if defined(__linux__)

#include "memory/server.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>

#include "common/descriptor.h"
#include "memory/segment.h"
#include "platform/proc.h"

namespace heddle::memory {

namespace {

constexpr size_t kName = 5;  // of hexadecimal digits that the kernel chooses, see unix(7)
constexpr char kMark = '@';
// How often somebody is asked who is there and says nothing, and how long an answer may take: a
// process that has been stopped gives none.
constexpr int kTries = 3;
constexpr timeval kPatience{5, 0};

struct Request {
  std::array<uint64_t, 2> secret;
  uint64_t inode;
};

struct Address {
  sockaddr_un name{};
  socklen_t length = 0;
};

void fail(Failure& failure, const char* what, int error) {
  failure.error = error;
  failure.what = std::string(what) + ": " + std::strerror(error);
}

// An answer: 0 and a descriptor, or the error for which there is none.
class Answer {
 public:
  explicit Answer(int32_t error = 0) : error_(error) {
    message_.msg_iov = &bytes_;
    message_.msg_iovlen = 1;
    message_.msg_control = room_;
    message_.msg_controllen = sizeof(room_);
  }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  msghdr* get() { return &message_; }
  int error() const { return error_; }

 private:
  int32_t error_;
  iovec bytes_{&error_, sizeof(error_)};
  alignas(cmsghdr) char room_[CMSG_SPACE(sizeof(int))] = {};
  msghdr message_{};
};

void refuse(int connection, int error) {
  Answer answer(error);
  answer.get()->msg_control = nullptr;
  answer.get()->msg_controllen = 0;
  static_cast<void>(sendmsg(connection, answer.get(), MSG_NOSIGNAL));
}

void pass(int connection, int descriptor) {
  Answer answer;
  cmsghdr* const part = CMSG_FIRSTHDR(answer.get());
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(part), &descriptor, sizeof(int));
  // Too many are on their way, or the kernel has no memory: it may work later.
  if (sendmsg(connection, answer.get(), MSG_NOSIGNAL) < 0) refuse(connection, EAGAIN);
}

// -1 and an error where there is none: 0 where the other side has gone without an answer.
int receive(int connection, int& error) {
  Answer answer;
  ssize_t got = 0;
  do {
    got = recvmsg(connection, answer.get(), MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  error = got < 0 ? errno : 0;
  if (error == ECONNRESET) error = 0;
  if (got <= 0) return -1;
  const cmsghdr* const part = CMSG_FIRSTHDR(answer.get());
  if (part == nullptr || part->cmsg_type != SCM_RIGHTS || part->cmsg_level != SOL_SOCKET) {
    // The kernel leaves it out where this process has no number left for it.
    const bool full = (answer.get()->msg_flags & MSG_CTRUNC) != 0;
    error = full ? EMFILE : answer.error() != 0 ? answer.error() : EPROTO;
    return -1;
  }
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(part), sizeof(int));
  return descriptor;
}

// 0, or why the kernel does not tell.
int other_side(int connection, ucred& credentials) {
  socklen_t length = sizeof(credentials);
  return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 ? 0 : errno;
}

class Server {
 public:
  // Null where the system refuses a socket or a thread.
  static Server* start(Failure& failure) {
    auto server = std::unique_ptr<Server>(new (std::nothrow) Server);
    if (!server) {
      fail(failure, "serving shared memory", ENOMEM);
      return nullptr;
    }
    if (const int error = server->open(); error != 0) {
      fail(failure, "serving shared memory", error);
      return nullptr;
    }
    // Signals are for the threads that Node knows.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    Server* const started = server.get();
    try {
      std::thread([started] { started->run(); }).detach();
      static_cast<void>(server.release());  // until the process ends
    } catch (const std::system_error& error) {
      fail(failure, "a thread that serves shared memory", error.code().value());
    } catch (const std::bad_alloc&) {
      fail(failure, "a thread that serves shared memory", ENOMEM);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return server ? nullptr : started;
  }

  std::string locator(uint64_t inode) const {
    char text[96];
    std::snprintf(text, sizeof(text), "%c%d/%.*s/%016" PRIx64 "%016" PRIx64 "/%" PRIu64, kMark,
                  static_cast<int>(getpid()), static_cast<int>(kName), name_.data(), secret_[0],
                  secret_[1], inode);
    return text;
  }

 private:
  Server() = default;

  int open() {
    size_t got = 0;
    while (got < sizeof(secret_)) {
      // Not by its name, which glibc has since 2.25 only.
      const ssize_t some = syscall(SYS_getrandom, reinterpret_cast<char*>(secret_.data()) + got,
                                   sizeof(secret_) - got, 0);
      if (some < 0 && errno != EINTR) return errno;
      if (some > 0) got += static_cast<size_t>(some);
    }
    Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    Address address;
    address.name.sun_family = AF_UNIX;
    address.length = sizeof(sa_family_t);  // nothing else: the kernel finds a name
    if (socket.get() < 0 ||
        bind(socket.get(), reinterpret_cast<sockaddr*>(&address.name), address.length) != 0 ||
        listen(socket.get(), SOMAXCONN) != 0) {
      return errno;
    }
    address.length = sizeof(address.name);
    if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address.name), &address.length) != 0)
      return errno;
    if (address.length != offsetof(sockaddr_un, sun_path) + 1 + kName) return EADDRNOTAVAIL;
    std::memcpy(name_.data(), address.name.sun_path + 1, kName);
    socket_.emplace(socket.hand_on());
    return 0;
  }

  [[noreturn]] void run() {
    pthread_setname_np(pthread_self(), "heddle-memory");
    for (;;) {
      const Descriptor connection(accept4(socket_->get(), nullptr, nullptr, SOCK_CLOEXEC));
      // Out of descriptors: those who ask wait until there is one.
      if (connection.get() < 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(errno == EINTR ? 0 : 10));
      } else {
        answer(connection.get());
      }
    }
  }

  void answer(int connection) const {
    // Not for other users; and who connects and says nothing holds up the others for a moment only.
    ucred user{};
    if (other_side(connection, user) != 0) return refuse(connection, EAGAIN);
    if (user.uid != 0 && user.uid != getuid() && user.uid != geteuid())
      return refuse(connection, EACCES);
    const timeval limit{1, 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    Request request{};
    const ssize_t got = recv(connection, &request, sizeof(request), 0);
    if (got < 0) return refuse(connection, EAGAIN);
    if (got != static_cast<ssize_t>(sizeof(request))) return refuse(connection, EPROTO);
    // All bits, so that the time it takes says nothing about the first ones.
    if (((request.secret[0] ^ secret_[0]) | (request.secret[1] ^ secret_[1])) != 0)
      return refuse(connection, EACCES);
    const auto segment = Segment::find(request.inode);
    if (!segment) return refuse(connection, ESTALE);
    pass(connection, segment->file().descriptor());
  }

  std::optional<Descriptor> socket_;
  std::array<uint64_t, 2> secret_{};
  std::array<char, kName> name_{};
};

// A descriptor, or -1 with the error: ESTALE where nobody serves it any more, 0 where whoever does
// has given no answer.
int ask(const Address& address, int pid, const Request& request, int& error) {
  error = 0;
  const Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  int done = socket.get() < 0 ? -1 : 0;
  if (done == 0) {
    // Of connecting, too. Where it can't be set there is no limit.
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
    do {
      done =
          connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.name), address.length);
    } while (done != 0 && errno == EINTR);
  }
  if (done != 0) {
    // Nobody listens.
    error = errno == ECONNREFUSED ? ESTALE : errno;
    return -1;
  }
  // The kernel gives the name to another one when its owner has ended. One in another tree of
  // processes has another id here, or none, which is 0: the secret tells it from others.
  ucred owner{};
  error = other_side(socket.get(), owner);
  if (error != 0) return -1;
  const bool is_known = owner.pid == pid;
  // Even where the other side listens no more it may have answered.
  if (send(socket.get(), &request, sizeof(request), MSG_NOSIGNAL) < 0 && errno != EPIPE &&
      errno != ECONNRESET) {
    error = errno;
    return -1;
  }
  const int descriptor = receive(socket.get(), error);
  if (descriptor < 0 && error != EMFILE && !is_known) error = ESTALE;
  return descriptor;
}

}  // namespace

bool needs_server() {
  if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1) return true;
  if (!platform::has_own_proc()) return true;
  // Whether it may be looked into doesn't change while a program runs.
  static const bool open = [] {
    const std::string own = "/proc/" + std::to_string(getpid()) + "/fd";
    return access(own.c_str(), R_OK | X_OK) == 0;
  }();
  return !open;
}

std::string served_locator(uint64_t inode, Failure& failure) {
  static std::mutex mutex;
  static Server* server = nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  if (server == nullptr) server = Server::start(failure);
  return server == nullptr ? std::string() : server->locator(inode);
}

bool is_served(const std::string& locator) { return !locator.empty() && locator[0] == kMark; }

int ask_server(const std::string& locator, Failure& failure) {
  const char* const what = "opening shared memory that another process serves";
  Request request{};
  char name[kName + 1];
  int pid = 0;
  int end = 0;
  if (std::sscanf(locator.c_str(), "@%d/%5[0-9a-f]/%16" SCNx64 "%16" SCNx64 "/%" SCNu64 "%n", &pid,
                  name, &request.secret[0], &request.secret[1], &request.inode, &end) != 5 ||
      static_cast<size_t>(end) != locator.size() || std::strlen(name) != kName) {
    fail(failure, what, EINVAL);
    return -1;
  }
  Address address;
  address.name.sun_family = AF_UNIX;
  std::memcpy(address.name.sun_path + 1, name, kName);
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + kName);
  int descriptor = -1;
  int error = 0;
  for (int i = 0; i < kTries && descriptor < 0 && error == 0; ++i) {
    descriptor = ask(address, pid, request, error);
  }
  if (descriptor >= 0) return descriptor;
  fail(failure, what, error == 0 ? EAGAIN : error);
  return -1;
}

}  // namespace heddle::memory

#endif
