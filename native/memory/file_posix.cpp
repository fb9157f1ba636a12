#if !defined(_WIN32)

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "common/mappings.h"
#include "memory/file.h"
#include "memory/server.h"

namespace heddle::memory {

namespace {

void fail(Failure& failure, const std::string& what) {
  const int error = errno;  // making the text may change it
  failure.error = error;
  failure.what = what + ": " + std::strerror(error);
}

bool resize(int descriptor, size_t bytes, Failure& failure) {
  while (ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) {
    if (errno == EINTR) continue;
    fail(failure, "sizing " + std::to_string(bytes) + " bytes");
    return false;
  }
  return true;
}

// Where a mapping may begin that huge pages fit into: room that nothing else is mapped to, of which
// the mapping takes the place. Null where any address will do.
void* reserve(size_t length, size_t offset) {
  const size_t huge = huge_page_size();
  if (huge == 0 || length < huge || offset % huge != 0) return nullptr;
  void* const room =
      mmap(nullptr, length + huge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return nullptr;
  char* const first = static_cast<char*>(room);
  const size_t before = (huge - reinterpret_cast<uintptr_t>(first) % huge) % huge;
  const size_t pages = (length + page_size() - 1) / page_size() * page_size();
  const size_t after = length + huge - before - pages;
  if (before > 0) munmap(first, before);
  if (after >= page_size()) munmap(first + before + pages, after);
  return first + before;
}

#if defined(__linux__)
// Whether the owner of /proc/PID/… has no memory any more: from then on its descriptors are root's,
// and to open one is forbidden before it is impossible.
bool is_ending(const std::string& locator) {
  std::ifstream file(locator.substr(0, locator.find('/', 6)) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return true;
  std::istringstream fields(text.substr(std::min(text.rfind(')'), text.size() - 1) + 1));
  std::string field;
  // The size of its address space is the 23rd, behind the name, which is the second; see proc(5).
  for (int i = 3; i <= 23; ++i) fields >> field;
  return field == "0";
}
#endif

}  // namespace

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = other.descriptor_;
    name_ = std::move(other.name_);
    other.descriptor_ = -1;
    other.name_.clear();
  }
  return *this;
}

void File::close() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  descriptor_ = -1;
#if !defined(__linux__)
  if (!name_.empty()) shm_unlink(name_.c_str());
#endif
}

File File::create(size_t bytes, Failure& failure) {
  File file;
#if defined(__linux__)
  // Nameless: the kernel frees it with the last descriptor or mapping, however processes end.
  const std::string name = "heddle:" + std::to_string(getpid());
  file.descriptor_ = memfd_create(name.c_str(), MFD_CLOEXEC);
#else
  // The name goes when the creator closes the segment; only its violent death can leave it behind.
  static std::atomic<unsigned> counter{0};
  file.name_ = "/heddle." + std::to_string(getpid()) + "." + std::to_string(++counter);
  file.descriptor_ = shm_open(file.name_.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
#endif
  if (file.descriptor_ < 0) {
    fail(failure, "creating shared memory");
  } else if (!resize(file.descriptor_, bytes, failure)) {
    file.close();
  }
  return file;
}

std::string File::locator(Failure& failure) const {
#if defined(__linux__)
  if (needs_server()) return served_locator(inode(), failure);
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(descriptor_);
#else
  static_cast<void>(failure);
  return name_;
#endif
}

File File::open_locator(const std::string& locator, Failure& failure) {
  File file;
  if (locator.empty()) {
    failure.error = EACCES;
    failure.what = "opening shared memory whose owner can't hand it to other processes";
    return file;
  }
#if defined(__linux__)
  if (is_served(locator)) {
    file.descriptor_ = ask_server(locator, failure);
    return file;
  }
#endif
  do {
#if defined(__linux__)
    file.descriptor_ = ::open(locator.c_str(), O_RDWR | O_CLOEXEC);
#else
    file.descriptor_ = shm_open(locator.c_str(), O_RDWR, 0600);
#endif
  } while (file.descriptor_ < 0 && errno == EINTR);
  if (file.descriptor_ < 0) fail(failure, "opening shared memory " + locator);
#if defined(__linux__)
  if (failure.error == EACCES && is_ending(locator)) failure.error = ESTALE;
#endif
  return file;
}

File File::open_path(const std::string& path, bool writable, bool create, size_t bytes,
                     Failure& failure) {
  File file;
  const int flags = (writable ? O_RDWR : O_RDONLY) | (create ? O_CREAT | O_TRUNC : 0) | O_CLOEXEC;
  do {
    file.descriptor_ = ::open(path.c_str(), flags, 0666);
  } while (file.descriptor_ < 0 && errno == EINTR);
  if (file.descriptor_ < 0) {
    fail(failure, "opening " + path);
  } else if (create && !resize(file.descriptor_, bytes, failure)) {
    file.close();
  }
  return file;
}

uint64_t File::inode(size_t* bytes) const {
  struct stat status {};
  if (fstat(descriptor_, &status) != 0) return 0;
  if (bytes != nullptr) *bytes = static_cast<size_t>(status.st_size);
  return status.st_ino;
}

bool File::write(const void* data, size_t bytes, size_t offset, Failure& failure) const {
  const char* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = pwrite(descriptor_, from, bytes, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      fail(failure, "writing " + std::to_string(bytes) + " bytes into shared memory");
      return false;
    }
    from += written;
    bytes -= static_cast<size_t>(written);
    offset += static_cast<size_t>(written);
  }
  return true;
}

Range& Range::operator=(Range&& other) noexcept {
  if (this != &other) {
    unmap();
    base_ = other.base_;
    length_ = other.length_;
    skip_ = other.skip_;
    other.base_ = nullptr;
  }
  return *this;
}

void Range::unmap() {
  if (base_ != nullptr) {
    mappings::remove(base_);  // before another mapping may get its address
    munmap(base_, length_);
  }
  base_ = nullptr;
}

Range Range::map(const File& file, size_t offset, size_t bytes, Access access, Failure& failure) {
  Range range;
  range.skip_ = offset % page_size();
  range.length_ = bytes + range.skip_;
  const size_t start = offset - range.skip_;
  void* const room = reserve(range.length_, start);
  const int flags =
      (access == Access::kShared ? MAP_SHARED : MAP_PRIVATE) | (room != nullptr ? MAP_FIXED : 0);
  void* const base = mmap(room, range.length_, PROT_READ | PROT_WRITE, flags, file.descriptor(),
                          static_cast<off_t>(start));
  if (base == MAP_FAILED) {
    const int error = errno;
    if (room != nullptr) munmap(room, range.length_);
    errno = error;
    fail(failure, "mapping " + std::to_string(bytes) + " bytes");
    return range;
  }
  range.base_ = base;
  struct stat status {};
  if (fstat(file.descriptor(), &status) == 0) {
    mappings::add(base, range.length_, {status.st_dev, status.st_ino}, start,
                  access == Access::kShared);
  }
#if defined(MADV_HUGEPAGE)
  // Advice only: the kernel takes huge pages for shared memory where its administrator lets it.
  if (room != nullptr) madvise(base, range.length_, MADV_HUGEPAGE);
#endif
  return range;
}

bool Range::collapse(size_t offset, size_t bytes) const {
#if defined(__linux__)
  constexpr int kCollapse = 25;  // MADV_COLLAPSE, since Linux 6.1; older headers lack it
  return madvise(data() + offset, bytes, kCollapse) == 0;
#else
  static_cast<void>(offset);
  static_cast<void>(bytes);
  return false;
#endif
}

bool is_unwritten(const void* start, size_t bytes) {
#if defined(__linux__)
  // One word for each page: https://docs.kernel.org/admin-guide/mm/pagemap.html
  constexpr uint64_t kPresent = uint64_t{1} << 63;
  constexpr uint64_t kSwapped = uint64_t{1} << 62;
  constexpr uint64_t kOfFile = uint64_t{1} << 61;
  Failure ignored;
  const File pages = File::open_path("/proc/self/pagemap", false, false, 0, ignored);
  if (!pages) return false;
  std::vector<uint64_t> words(8192);
  const auto first = reinterpret_cast<uintptr_t>(start);
  size_t page = first / page_size();
  size_t left = (first + bytes + page_size() - 1) / page_size() - page;
  while (left > 0) {
    const size_t want = std::min(left, words.size()) * sizeof(uint64_t);
    const ssize_t got =
        pread(pages.descriptor(), words.data(), want, static_cast<off_t>(page * sizeof(uint64_t)));
    if (got < 0 && errno == EINTR) continue;
    const size_t count = got < 0 ? 0 : static_cast<size_t>(got) / sizeof(uint64_t);
    if (count == 0) return false;
    for (size_t i = 0; i < count; ++i) {
      if ((words[i] & (kPresent | kSwapped)) != 0 && (words[i] & kOfFile) == 0) return false;
    }
    page += count;
    left -= count;
  }
  return true;
#else
  static_cast<void>(start);
  static_cast<void>(bytes);
  return false;
#endif
}

size_t page_size() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

size_t huge_page_size() {
  static const size_t size = [] {
    size_t bytes = 0;
#if defined(__linux__)
    std::ifstream("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size") >> bytes;
#endif
    // With pages of 64 KiB a huge one has 512 MiB: more than the arrays in question.
    constexpr size_t kMost = size_t{32} << 20;
    return bytes <= kMost ? bytes : 0;
  }();
  return size;
}

}  // namespace heddle::memory

#endif
