#include "common/thread_room.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace heddle {

int threads_to_be_had(int wanted) {
  std::mutex mutex;
  std::condition_variable end;
  bool ended = false;
  std::vector<std::thread> threads;
  try {
    threads.reserve(wanted > 0 ? static_cast<size_t>(wanted) : 0);
    for (int i = 0; i < wanted; ++i) {
      threads.emplace_back([&] {
        std::unique_lock<std::mutex> lock(mutex);
        end.wait(lock, [&] { return ended; });
      });
    }
  } catch (const std::exception&) {
    // No thread, or no memory for one: those that there are count.
  }
  {
    const std::lock_guard<std::mutex> lock(mutex);
    ended = true;
  }
  end.notify_all();
  for (std::thread& thread : threads) thread.join();
  return static_cast<int>(threads.size());
}

}  // namespace heddle
