#include "memory/segment.h"

#include <cerrno>
#include <map>
#include <mutex>
#include <new>
#include <unordered_map>

namespace heddle::memory {

namespace {

constexpr uint32_t kMagic = 0x48454431;  // "HED1"

// Segments by inode. Never destroyed: finalizers of worker threads may run while the process ends.
struct Registry {
  std::mutex mutex;
  std::unordered_map<uint64_t, std::weak_ptr<Segment>> segments;
  std::map<const char*, std::weak_ptr<Mapping>> mappings;  // by their first byte
};

Registry& registry() {
  static Registry* const instance = new Registry;
  return *instance;
}

size_t control_offset(size_t bytes) {
  const size_t page = page_size();
  return (bytes + page - 1) / page * page;
}

}  // namespace

Segment::Segment(File file, Range control, uint64_t inode, size_t bytes, bool created)
    : file_(std::move(file)),
      control_(std::move(control)),
      inode_(inode),
      bytes_(bytes),
      created_(created) {}

Segment::~Segment() {
  const std::lock_guard<std::mutex> lock(registry().mutex);
  // Another Segment may have been made for the memory since the last owner of this one let go.
  const auto found = registry().segments.find(inode_);
  if (found != registry().segments.end() && found->second.expired()) {
    registry().segments.erase(found);
  }
}

std::shared_ptr<Segment> Segment::create(size_t bytes, Failure& failure) {
  const size_t at = control_offset(bytes);
  File file = File::create(at + page_size(), failure);
  if (!file) return nullptr;
  Range control = Range::map(file, at, page_size(), Access::kShared, failure);
  if (!control) return nullptr;
  new (control.data()) Control{kMagic, {1}, {0}, {0}};
  const uint64_t inode = file.inode();
  auto segment = std::make_shared<Segment>(std::move(file), std::move(control), inode, bytes, true);
  const std::lock_guard<std::mutex> lock(registry().mutex);
  registry().segments[inode] = segment;
  return segment;
}

std::shared_ptr<Segment> Segment::open(const std::string& locator, uint64_t inode, size_t bytes,
                                       uint32_t generation, Failure& failure) {
  std::shared_ptr<Segment> segment = find(inode);
  const Failure gone{ESTALE, "the shared memory is gone: its owner has released it or has ended"};
  if (!segment) {
    File file = File::open_locator(locator, failure);
    if (!file) return nullptr;
    size_t length = 0;
    const size_t at = control_offset(bytes);
    // The descriptor may have been closed and its number taken by another file.
    if (file.inode(&length) != inode || length != at + page_size()) {
      failure = gone;
      return nullptr;
    }
    Range control = Range::map(file, at, page_size(), Access::kShared, failure);
    if (!control) return nullptr;
    const auto fresh =
        std::make_shared<Segment>(std::move(file), std::move(control), inode, bytes, false);
    // Where another thread was quicker, `fresh` ends after the lock, which its destructor takes.
    const std::lock_guard<std::mutex> lock(registry().mutex);
    std::weak_ptr<Segment>& entry = registry().segments[inode];
    segment = entry.lock();
    if (!segment) entry = segment = fresh;
  }
  Control& control = segment->control();
  if (control.magic != kMagic || control.generation.load() != generation ||
      segment->bytes() != bytes) {
    failure = gone;
    return nullptr;
  }
  return segment;
}

std::shared_ptr<Segment> Segment::find(uint64_t inode) {
  const std::lock_guard<std::mutex> lock(registry().mutex);
  const auto found = registry().segments.find(inode);
  return found == registry().segments.end() ? nullptr : found->second.lock();
}

std::vector<std::shared_ptr<Segment>> Segment::all() {
  std::vector<std::shared_ptr<Segment>> result;
  const std::lock_guard<std::mutex> lock(registry().mutex);
  for (const auto& [inode, entry] : registry().segments) {
    if (auto segment = entry.lock()) result.push_back(std::move(segment));
  }
  return result;
}

std::shared_ptr<Mapping> Mapping::create(std::shared_ptr<Segment> segment, Access access,
                                         Failure& failure) {
  Range range = Range::map(segment->file(), 0, segment->bytes(), access, failure);
  if (!range) return nullptr;
  auto mapping = std::make_shared<Mapping>(std::move(segment), std::move(range));
  const std::lock_guard<std::mutex> lock(registry().mutex);
  registry().mappings[mapping->data()] = mapping;
  return mapping;
}

std::shared_ptr<Mapping> Mapping::at(const void* address) {
  const char* const byte = static_cast<const char*>(address);
  const std::lock_guard<std::mutex> lock(registry().mutex);
  auto found = registry().mappings.upper_bound(byte);
  if (found == registry().mappings.begin()) return nullptr;
  auto mapping = std::prev(found)->second.lock();
  if (mapping && byte >= mapping->data() + mapping->range_.bytes()) return nullptr;
  return mapping;
}

Mapping::Mapping(std::shared_ptr<Segment> segment, Range range)
    : segment_(std::move(segment)), range_(std::move(range)) {
  segment_->control().mappings.fetch_add(1);
}

Mapping::~Mapping() {
  {
    // Before the range is unmapped: another mapping may get its address then.
    const std::lock_guard<std::mutex> lock(registry().mutex);
    registry().mappings.erase(range_.data());
  }
  range_ = Range();
  segment_->control().mappings.fetch_sub(1);
}

}  // namespace heddle::memory
