// The memory behind a segment: anonymous, file-backed, and reachable for another process of the
// same user by a locator. The one seam of this folder that differs between operating systems.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace heddle::memory {

// What went wrong in a system call, with the errno that JavaScript sees as `code`.
struct Failure {
  int error = 0;
  std::string what;
};

// An open file; closes its descriptor.
class File {
 public:
  File() = default;
  File(File&& other) noexcept : descriptor_(other.descriptor_), name_(std::move(other.name_)) {
    other.descriptor_ = -1;
    other.name_.clear();
  }
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(); }

  // New anonymous memory of `bytes` zeros, of which no page exists before it is touched.
  static File create(size_t bytes, Failure& failure);
  // Memory that another process (or this one) created.
  static File open_locator(const std::string& locator, Failure& failure);
  // An ordinary file; `writable` opens it for writing too, `create` makes it with `bytes` zeros.
  static File open_path(const std::string& path, bool writable, bool create, size_t bytes,
                        Failure& failure);

  explicit operator bool() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  // By what another process opens this file while this process holds it open; empty, with
  // `failure`, where nobody can.
  std::string locator(Failure& failure) const;
  // The number by which the kernel knows the file; tells it from one that took over its locator.
  uint64_t inode(size_t* bytes = nullptr) const;
  // Copies into the file without mapping it: ordinary pages need not be zeroed first, and where
  // there is no memory left this fails, while writing to a mapping would kill the process.
  bool write(const void* data, size_t bytes, size_t offset, Failure& failure) const;

  void close();

 private:
  int descriptor_ = -1;
  std::string name_;  // where memory has a name to be removed; empty on Linux
};

enum class Access { kShared, kPrivate };

// A mapped range; unmaps itself.
class Range {
 public:
  Range() = default;
  Range(Range&& other) noexcept : base_(other.base_), length_(other.length_), skip_(other.skip_) {
    other.base_ = nullptr;
  }
  Range& operator=(Range&& other) noexcept;
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;
  ~Range() { unmap(); }

  // Maps `bytes` from `offset`, which need not be the start of a page, so that huge pages of the
  // file can be mapped whole. Always readable and writable: a write to a private mapping stays in
  // it, one to a read-only mapping would kill us.
  static Range map(const File& file, size_t offset, size_t bytes, Access access, Failure& failure);

  explicit operator bool() const { return base_ != nullptr; }
  char* data() const { return static_cast<char*>(base_) + skip_; }
  size_t bytes() const { return length_ - skip_; }

  // Makes huge pages of a part of a shared mapping of anonymous memory, of which each huge page
  // must have been written to. The part begins and ends at huge pages. False where there are none.
  bool collapse(size_t offset, size_t bytes) const;

 private:
  void unmap();

  void* base_ = nullptr;
  size_t length_ = 0;
  size_t skip_ = 0;
};

// Whether no page of these bytes, which lie in a private mapping of a file, has been written to;
// false where that can't be known.
bool is_unwritten(const void* start, size_t bytes);

size_t page_size();
// Of huge pages that memory can be mapped by; 0 where there are none, or none of a use here.
size_t huge_page_size();

}  // namespace heddle::memory
