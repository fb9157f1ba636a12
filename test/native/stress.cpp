#include "stress.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <random>
#include <sstream>
#include <thread>
#include <vector>

#include "threadpools/process_runtime.h"
#include "workers/core_account.h"

namespace heddle {

std::string stress_process_runtime(int threads, int rounds) {
  using threadpools::ProcessRuntime;
  constexpr int kOriginal = 7;
  std::atomic<int> count{kOriginal};
  ProcessRuntime runtime({[&] { return count.load(); }, [&](int n) { count = n; }});
  std::atomic<int> wrong{0};

  const auto trial = [&](unsigned seed) {
    std::mt19937 random(seed);
    std::deque<ProcessRuntime::LeaseId> leases;
    for (int round = 0; round < rounds; ++round) {
      switch (random() % 5) {
        case 0:
          leases.push_back(runtime.lease(
              1 + static_cast<int>(random() % 6),
              random() % 2 == 0 ? ProcessRuntime::Kind::kLimit : ProcessRuntime::Kind::kDefault));
          break;
        case 1:
          if (!leases.empty()) {  // in any order: the oldest or the newest
            const bool oldest = random() % 2 == 0;
            runtime.release(oldest ? leases.front() : leases.back());
            oldest ? leases.pop_front() : leases.pop_back();
          }
          break;
        default: {
          const int wanted = random() % 4 == 0 ? 2 : 1;
          const ProcessRuntime::Override override(runtime, wanted);
          if (count.load() > wanted) ++wrong;
        }
      }
    }
    for (const auto lease : leases) runtime.release(lease);
  };
  std::vector<std::thread> running;
  for (int index = 0; index < threads; ++index) {
    running.emplace_back(trial, static_cast<unsigned>(index) + 1);
  }
  for (std::thread& thread : running) thread.join();

  std::ostringstream report;
  if (wrong != 0) report << wrong << " overrides found a larger count than theirs; ";
  if (count != kOriginal) report << "the count ended at " << count << "; ";
  if (runtime.lease_limit() != 0) report << "a limit is left over; ";
  return report.str();
}

std::string stress_cores(int workers, int rounds, int budget, double* lent) {
  using namespace workers;
  const auto page = std::make_unique<CorePage>();
  page->budget = budget;
  std::atomic<int> granted{0};
  std::atomic<int> wrong{0};
  std::atomic<int> waited_long{0};
  std::atomic<int> more{0};
  std::atomic<bool> over{false};
  for (int index = 0; index < workers; ++index) open_entry(*page, index, 1);

  const auto trial = [&](int index) {
    std::mt19937 random(static_cast<unsigned>(index) + 1);
    WorkerCores cores(page.get(), index);
    for (int round = 0; round < rounds; ++round) {
      // An operation that would like all cores: one by one fewer, as the executor decides anew.
      const auto begin = std::chrono::steady_clock::now();
      int mine = 0;
      while (mine == 0) {
        const int32_t seen = cores.given_back();
        const int most = cores.available(1);
        if (most > 0 && cores.take(most, 1)) {
          mine = most;
        } else if (most <= 0) {
          cores.wait(seen);
        }
        if (std::chrono::steady_clock::now() - begin > std::chrono::seconds(20)) {
          ++waited_long;
          return;
        }
      }
      if (granted.fetch_add(mine) + mine > budget) ++wrong;
      if (mine > 1) ++more;
      if (random() % 8 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
      granted.fetch_sub(mine);
      if (random() % 64 == 0) {  // it dies, and another takes its place
        close_entry(*page, index);
        open_entry(*page, index, 1);
      } else {
        cores.give(0, 1);
      }
    }
  };
  std::vector<std::thread> running;
  for (int index = 0; index < workers; ++index) running.emplace_back(trial, index);
  // Says now and then that one has nothing to do, though it may go on with what it began. Those marked
  // long ago count as idle at once.
  std::thread parent([&] {
    std::mt19937 random(99);
    while (!over.load()) {
      CoreEntry& entry = page->entry[random() % static_cast<unsigned>(workers)];
      entry.idle_since.store(random() % 2 == 0 ? 0 : std::max<uint32_t>(core_clock() - 1000, 1));
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  });
  for (std::thread& thread : running) thread.join();
  over = true;
  parent.join();
  *lent = more;

  std::ostringstream report;
  if (wrong != 0) report << wrong << " times more cores than there are; ";
  if (waited_long != 0) report << waited_long << " waited for ever; ";
  return report.str();
}

}  // namespace heddle
