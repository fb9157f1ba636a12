// The account of the cores that the worker processes of one program share: a page that all of them
// map. Their parent, who opens and closes entries and says which worker has something to do, writes
// the rest; each worker writes how many cores it has in use.
//
// A worker's share is its own while it has something to do. The cores of one that has had nothing
// for a moment go to those that have, with their next operation, evenly; it has them back with the
// first of its own operations that starts when theirs have ended. So the cores in use are never
// more than the budget, unless the shares themselves are.
//
// Why no two take the same core: each writes first what it wants to have in use and looks then at
// what the others have (Dekker's protocol, by sequentially consistent operations). Of two at the
// same time at least one sees the other, and whoever wanted more than its share takes that back.
// One that waits for its share waits only for an operation that runs, or for a look that fails: it
// needs nobody to be fair. One that dies has nothing in use any more as soon as its parent knows.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "executor/core_account.h"
#include "workers/page.h"

namespace heddle::workers {

// One worker's entry.
struct CoreEntry {
  std::atomic<int32_t> share{0};   // cores that are its own; 0: no worker
  std::atomic<int32_t> in_use{0};  // by its operations
  // Since when it has had nothing to do, in ms of the system's clock; 0 while it has something.
  std::atomic<uint32_t> idle_since{0};
  int32_t unused = 0;
};

// The page.
struct CorePage {
  static constexpr int kEntries = 255;

  std::atomic<int32_t> budget{1};
  std::atomic<int32_t> given_back{0};
  std::atomic<int32_t> entries{0};  // those from here on have never been used
  int32_t unused = 0;
  CoreEntry entry[kEntries];
};
static_assert(sizeof(CorePage) == kPageBytes, "a page has room for them");

// How many cores entry `own`, whose share is `share`, may have in use at the time `now`.
int available_cores(const CorePage& page, int own, int share, uint32_t now);

// Milliseconds by a clock that all processes of the system share; never 0.
uint32_t core_clock();

// A worker's side.
class WorkerCores : public CoreAccount {
 public:
  WorkerCores(CorePage* page, int own) : page_(page), own_(own) {}

  int available(int share) const override;
  bool take(int total, int share) override;
  void give(int total, int share) override;
  int32_t given_back() const override;
  void wait(int32_t seen) const override;

 private:
  void tell_others();

  CorePage* page_;  // never unmapped
  int own_;
};

// Parent's side; `index` is of an entry.
void open_entry(CorePage& page, int index, int share);
void close_entry(CorePage& page, int index);
void set_working(CorePage& page, int index, bool working);

}  // namespace heddle::workers
