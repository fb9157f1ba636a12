#include "stress.h"

#include <atomic>
#include <deque>
#include <random>
#include <sstream>
#include <thread>
#include <vector>

#include "threadpools/process_runtime.h"

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

}  // namespace heddle
