#include "sync/futex.h"

#include <chrono>
#include <cstring>
#include <thread>

#if defined(_WIN32)
#include <windows.h>
#else
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#endif

#if defined(__linux__)
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include <climits>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "platform/proc.h"
#endif

namespace heddle::sync {

#if defined(__linux__)

Waited wait(Word* word, int32_t expected, double milliseconds) {
  timespec limit{};
  timespec* timeout = nullptr;
  if (milliseconds >= 0 && milliseconds < 1e12) {
    limit.tv_sec = static_cast<time_t>(milliseconds / 1000);
    limit.tv_nsec = static_cast<long>(std::fmod(milliseconds, 1000) * 1e6);
    timeout = &limit;
  }
  // Not FUTEX_PRIVATE_FLAG: the word is in memory that other processes map elsewhere.
  const long result = syscall(SYS_futex, word, FUTEX_WAIT, expected, timeout, nullptr, 0);
  if (result == 0) return Waited::kWoken;
  if (errno == ETIMEDOUT) return Waited::kTimedOut;
  return errno == EAGAIN ? Waited::kChanged : Waited::kWoken;
}

int wake(Word* word, int32_t count) {
  const long woken = syscall(SYS_futex, word, FUTEX_WAKE, count, nullptr, nullptr, 0);
  return woken < 0 ? 0 : static_cast<int>(woken);
}

namespace {

// State and start time (in clock ticks since boot) of a process; false when there is none.
bool read_stat(int32_t pid, char* state, int32_t* start) {
  if (!platform::has_own_proc()) return false;
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/%d/stat", static_cast<int>(pid));
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char text[1024];
  const ssize_t length = read(file, text, sizeof(text) - 1);
  close(file);
  if (length <= 0) return false;
  text[length] = '\0';
  // The name, in brackets, may hold anything: the fields begin behind the last bracket.
  const char* at = std::strrchr(text, ')');
  if (at == nullptr || at[1] == '\0') return false;
  *state = at[2];
  for (int field = 2; field < 22 && at != nullptr; ++field) at = std::strchr(at + 1, ' ');
  if (at == nullptr) return false;
  // Of the 64 bits the lower ones tell processes of one pid apart well enough.
  *start = static_cast<int32_t>(std::strtoull(at + 1, nullptr, 10) & 0x7fffffff);
  return true;
}

}  // namespace

bool alive(int32_t pid, int32_t start) {
  char state = 'X';
  int32_t found = 0;
  if (!read_stat(pid, &state, &found)) {
    // No /proc of ours to look at, or no descriptor left to do it with: signals still tell a
    // process that is gone. It must not be taken for that because nobody could look.
    return kill(pid, 0) == 0 || errno == EPERM;
  }
  return state != 'Z' && state != 'X' && (start == 0 || start == found);
}

int32_t start_of_this_process() {
  char state = 'X';
  int32_t start = 0;
  return read_stat(getpid(), &state, &start) ? start : 0;
}

#else

namespace {
constexpr auto kLook = std::chrono::microseconds(200);
}

Waited wait(Word* word, int32_t expected, double milliseconds) {
  const auto begin = std::chrono::steady_clock::now();
  const std::chrono::duration<double, std::milli> limit(milliseconds);
  while (word->load() == expected) {
    if (milliseconds >= 0 && std::chrono::steady_clock::now() - begin >= limit) {
      return Waited::kTimedOut;
    }
    std::this_thread::sleep_for(kLook);
  }
  return Waited::kChanged;
}

int wake(Word* /*word*/, int32_t /*count*/) { return 0; }

#if defined(_WIN32)
bool alive(int32_t pid, int32_t /*start*/) {
  const HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, static_cast<DWORD>(pid));
  if (process == nullptr) return false;
  const bool running = WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
  CloseHandle(process);
  return running;
}
#else
bool alive(int32_t pid, int32_t /*start*/) { return kill(pid, 0) == 0 || errno == EPERM; }
#endif

int32_t start_of_this_process() { return 0; }

#endif

}  // namespace heddle::sync
