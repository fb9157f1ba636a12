#include "workers/core_account.h"

#include <algorithm>
#include <chrono>
#include <climits>

#include "sync/futex.h"

namespace heddle::workers {

namespace {

// A worker that has had nothing to do for so long leaves its cores to others (ms). Between two
// batches it waits less.
constexpr int32_t kIdleAfter = 10;

// Who waits looks again after this long (ms): one that had its cores may have died.
constexpr double kLookAgain = 20;

bool is_working(const CoreEntry& entry, uint32_t now) {
  const uint32_t since = entry.idle_since.load();
  return since == 0 || static_cast<int32_t>(now - since) < kIdleAfter;
}

void tell(CorePage& page) {
  page.given_back.fetch_add(1);
  sync::wake(&page.given_back, INT_MAX);
}

}  // namespace

uint32_t core_clock() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return std::max<uint32_t>(static_cast<uint32_t>(milliseconds), 1);
}

int available_cores(const CorePage& page, int own, int share, uint32_t now) {
  const int budget = page.budget.load();
  const int entries = std::min(page.entries.load(), CorePage::kEntries);
  int reserved = 0;    // what others have, or are to find when they come
  int shares = share;  // of all that have something to do
  int working = 1;     // these
  int before = 0;      // of them those with a smaller number
  bool lent = false;   // another has more than its share
  for (int index = 0; index < entries; ++index) {
    if (index == own) continue;
    const CoreEntry& other = page.entry[index];
    const int theirs = other.share.load();
    if (theirs == 0) continue;
    const int in_use = other.in_use.load();
    if (in_use > theirs) lent = true;
    if (!is_working(other, now)) {
      reserved += in_use;
      continue;
    }
    reserved += std::max(theirs, in_use);
    shares += theirs;
    ++working;
    if (index < own) ++before;
  }
  const int spare = std::max(budget - shares, 0);
  const int fair = share + spare / working + (before < spare % working ? 1 : 0);
  const int most = std::min(budget - reserved, fair);
  return lent ? std::max(most, 0) : std::max(most, share);
}

int WorkerCores::available(int share) const {
  return available_cores(*page_, own_, share, core_clock());
}

bool WorkerCores::take(int total, int share) {
  std::atomic<int32_t>& in_use = page_->entry[own_].in_use;
  const int before = in_use.load();
  in_use.store(total);
  if (total <= before || total <= available(share)) return true;
  in_use.store(before);
  if (total > share) tell_others();  // somebody may have seen it, and wait
  return false;
}

void WorkerCores::give(int total, int share) {
  const int before = page_->entry[own_].in_use.exchange(total);
  if (before > share) tell_others();
}

void WorkerCores::tell_others() { tell(*page_); }

int32_t WorkerCores::given_back() const { return page_->given_back.load(); }

void WorkerCores::wait(int32_t seen) const { sync::wait(&page_->given_back, seen, kLookAgain); }

void open_entry(CorePage& page, int index, int share) {
  CoreEntry& entry = page.entry[index];
  entry.in_use.store(0);
  entry.idle_since.store(0);
  entry.share.store(share);
  if (index >= page.entries.load()) page.entries.store(index + 1);
}

void close_entry(CorePage& page, int index) {
  CoreEntry& entry = page.entry[index];
  entry.share.store(0);
  entry.in_use.store(0);
  tell(page);
}

void set_working(CorePage& page, int index, bool working) {
  page.entry[index].idle_since.store(working ? 0 : core_clock());
}

}  // namespace heddle::workers
