// Shared segments: memory that threads and processes map by a handle.
//
// A segment is the data, from the start of a file, and behind it one page of control: how many
// mappings there are, over all processes. The process that created the segment reads there when a
// receiver has opened it, and when its memory can be used again.
//
// This file owns the process's segments; several JavaScript environments may share one.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "memory/file.h"

namespace heddle::memory {

struct Control {
  uint32_t magic;
  std::atomic<uint32_t> generation;  // counts how often the memory was used anew
  std::atomic<uint32_t> opened;      // receivers that opened this generation
  std::atomic<uint32_t> mappings;    // live mappings; those of a killed process stay counted
};
static_assert(std::atomic<uint32_t>::is_always_lock_free, "shared between processes");

class Segment : public std::enable_shared_from_this<Segment> {
 public:
  static std::shared_ptr<Segment> create(size_t bytes, Failure& failure);
  // Opens what another process or thread created. Within a process there is one Segment for each
  // piece of memory, however often it is opened.
  static std::shared_ptr<Segment> open(const std::string& locator, uint64_t inode, size_t bytes,
                                       uint32_t generation, Failure& failure);
  // The one with this inode, if this process holds it.
  static std::shared_ptr<Segment> find(uint64_t inode);
  // The segments that this process holds.
  static std::vector<std::shared_ptr<Segment>> all();

  Segment(File file, Range control, uint64_t inode, size_t bytes, bool created);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  uint64_t inode() const { return inode_; }
  size_t bytes() const { return bytes_; }
  bool created() const { return created_; }
  std::string locator(Failure& failure) const { return file_.locator(failure); }
  const File& file() const { return file_; }
  // A mapping of the data for the one who fills the segment again and again; he keeps it here.
  Range& window() { return window_; }
  Control& control() const { return *reinterpret_cast<Control*>(control_.data()); }

 private:
  File file_;
  Range control_;
  Range window_;
  uint64_t inode_;
  size_t bytes_;
  bool created_;
};

// The data of a segment mapped once, counted in its control page.
class Mapping {
 public:
  static std::shared_ptr<Mapping> create(std::shared_ptr<Segment> segment, Access access,
                                         Failure& failure);
  // The mapping that has `address` in it, if there is one. Who keeps it may use the address even
  // when the ArrayBuffer is gone: an environment that ends frees its buffers before its locks.
  static std::shared_ptr<Mapping> at(const void* address);
  Mapping(std::shared_ptr<Segment> segment, Range range);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  char* data() const { return range_.data(); }

 private:
  std::shared_ptr<Segment> segment_;
  Range range_;
};

}  // namespace heddle::memory
