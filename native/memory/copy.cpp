#include "memory/copy.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>

#include "executor/executor.h"
#include "memory/userfault.h"

namespace heddle::memory {

namespace {

using Clock = std::chrono::steady_clock;

// What a thread takes at a time: a call to the kernel, which asks all cores for pages they hold,
// is worth it, and the threads end together.
constexpr size_t kPart = size_t{4} << 20;

// Whether huge pages are worth their time. Where the kernel has to move memory about for them, or a
// hypervisor to find some, ordinary pages are quicker; it is asked again after a while.
class HugePages {
 public:
  // Huge pages may take `patience` times what the copy takes, and `slack` more: where another
  // thread gives memory back, the first have to wait until it has.
  HugePages(int patience, Clock::duration slack) : patience_(patience), slack_(slack) {}

  bool pay() const {
    return huge_page_size() != 0 && Clock::now().time_since_epoch().count() >= none_before_.load();
  }
  bool too_slow(Clock::duration making, Clock::duration copying) const {
    return making > patience_ * copying + slack_;
  }
  void give_up() {
    constexpr auto kPause = std::chrono::seconds(1);
    none_before_.store((Clock::now() + kPause).time_since_epoch().count());
  }

 private:
  const int patience_;
  const Clock::duration slack_;
  std::atomic<Clock::rep> none_before_{0};
};

// To find a huge page and fill it with zeros takes half the time of the copy, as a rule.
HugePages for_message{2, std::chrono::milliseconds(0)};
// What stays is mapped and read by many; and what has been used again is likely to be so once more.
HugePages for_long{16, std::chrono::milliseconds(20)};
constexpr uint32_t kFewMessages = 2;

class Copy {
 public:
  Copy(Segment& segment, const char* data, size_t bytes, Use use, int threads)
      : file_(segment.file()),
        range_(use == Use::kRepeated ? segment.window() : own_range_),
        data_(data),
        bytes_(bytes),
        // A segment is used again for arrays of its size: all of its pages are there.
        filled_(use == Use::kRepeated && segment.control().generation.load() > 1),
        huge_pages_(use == Use::kLasting || filled_ ? for_long : for_message) {
    // Making huge pages of those that are there takes what mapping them costs a few messages.
    const bool pays = !filled_ || segment.control().generation.load() > kFewMessages;
    const size_t huge = huge_page_size();
    part_ = std::max(kPart, huge);
    parts_ = (bytes + part_ - 1) / part_;
    huge_ = pays && bytes >= huge && huge_pages_.pay();
    if (!huge_ && !filled_ && threads == 1) return;
    Failure ignored;
    if (!range_) range_ = Range::map(file_, 0, bytes, Access::kShared, ignored);
    huge_ = huge_ && range_;
    if (!huge_ && !filled_) open_pages();
  }

  size_t parts() const { return parts_; }

  // Copies part after part until none is left to begin.
  void run() {
    for (;;) {
      size_t part = 0;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (begun_ == parts_) return;
        part = begun_++;
      }
      Failure failure;
      const size_t offset = part * part_;
      bool ok = false;
      try {
        ok = copy(offset, std::min(part_, bytes_ - offset), failure);
      } catch (const std::bad_alloc&) {
        failure = {ENOMEM, "no memory"};  // short enough to need none
      }
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!ok && ok_) {
        ok_ = false;
        failure_ = std::move(failure);
      }
      if (++ended_ == parts_) all_ended_.notify_all();
    }
  }

  bool wait(Failure& failure) {
    std::unique_lock<std::mutex> lock(mutex_);
    all_ended_.wait(lock, [&] { return ended_ == parts_; });
    pages_.reset();
    own_range_ = Range();
    if (!ok_) failure = std::move(failure_);
    return ok_;
  }

 private:
  bool copy(size_t offset, size_t bytes, Failure& failure) {
    size_t done = 0;
    const size_t whole = huge_.load() ? bytes / huge_page_size() * huge_page_size() : 0;
    if (whole > 0) {
      const auto start = Clock::now();
      const bool made = make_huge(offset, whole);
      const auto then = Clock::now();
      if (made) {
        std::memcpy(range_.data() + offset, data_ + offset, whole);
        done = whole;
      }
      const auto making = making_ += (then - start).count();
      const auto copying = copying_ += (Clock::now() - then).count();
      if (!made || huge_pages_.too_slow(Clock::duration(making), Clock::duration(copying))) {
        huge_.store(false);
        huge_pages_.give_up();
      }
    }
    if (filled_ && range_) {
      std::memcpy(range_.data() + offset + done, data_ + offset + done, bytes - done);
      return true;
    }
    if (done == 0 && pages_ && *pages_) {
      const size_t pages = bytes / page_size() * page_size();
      if (pages_->copy(range_.data() + offset, data_ + offset, pages)) done = pages;
    }
    return file_.write(data_ + offset + done, bytes - done, offset + done, failure);
  }

  // The kernel makes no huge page where there is nothing yet, so each gets its first bytes; by a
  // call that can fail, which a write to the mapping can't. What is there is moved, once: where
  // there are huge pages already the kernel sees that at once.
  bool make_huge(size_t offset, size_t bytes) {
    Failure ignored;
    for (size_t at = offset; at < offset + bytes && !filled_; at += huge_page_size()) {
      if (!file_.write(data_ + at, page_size(), at, ignored)) return false;
    }
    return range_.collapse(offset, bytes);
  }

  void open_pages() {
    if (range_) pages_ = std::make_unique<UserFault>(range_);
  }

  const File& file_;
  Range own_range_;
  Range& range_;
  std::unique_ptr<UserFault> pages_;
  const char* data_;
  size_t bytes_;
  bool filled_;
  HugePages& huge_pages_;
  std::atomic<bool> huge_{false};
  std::atomic<Clock::rep> making_{0};
  std::atomic<Clock::rep> copying_{0};
  size_t part_ = 0;
  size_t parts_ = 0;
  std::mutex mutex_;
  std::condition_variable all_ended_;
  size_t begun_ = 0;
  size_t ended_ = 0;
  bool ok_ = true;
  Failure failure_;
};

// One more thread for a copy. It may come when all is done, and finds nothing to do then.
class Helper : public Job {
 public:
  explicit Helper(std::shared_ptr<Copy> copy) : copy_(std::move(copy)) {
    demand.work = 1e6;  // short; no flops by which the executor could learn the speed of its cores
  }
  void run(const Grant&) override { copy_->run(); }
  void done(std::unique_ptr<Job>, bool) override {}

 private:
  std::shared_ptr<Copy> copy_;
};

}  // namespace

bool copy_into(Segment& segment, const void* data, size_t bytes, Use use, int threads,
               Failure& failure) {
  if (bytes == 0) return true;
  const int most = std::max(threads, 1);
  const auto copy =
      std::make_shared<Copy>(segment, static_cast<const char*>(data), bytes, use, most);
  const size_t helpers = std::min(static_cast<size_t>(most), copy->parts()) - 1;
  for (size_t i = 0; i < helpers; ++i) {
    try {
      Executor::instance().submit(std::make_unique<Helper>(copy));
    } catch (const std::bad_alloc&) {
      break;  // those that have come do it all
    }
  }
  copy->run();
  return copy->wait(failure);
}

}  // namespace heddle::memory
