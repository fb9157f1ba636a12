#include "openmp/own_team.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "openmp/inside_team.h"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace heddle::openmp {

namespace {

// One call of run_own_team; lives on the caller's stack until every member has returned.
class Team {
 public:
  Team(void (*body)(int, int, void*), void* context) : body_(body), context_(context) {}

  // Before any member runs.
  void set_size(int size) {
    size_ = size;
    missing_ = size - 1;
  }

  void run(int rank) {
    const InsideTeam inside;
    body_(rank, size_, context_);
  }

  // A member's last word: the caller may return, and this be gone, as soon as it is said.
  void leave() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--missing_ == 0) done_.notify_one();
  }

  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return missing_ == 0; });
  }

 private:
  void (*body_)(int, int, void*);
  void* context_;
  int size_ = 1;
  std::mutex mutex_;
  std::condition_variable done_;
  int missing_ = 0;
};

// A thread that waits for teams.
class Member {
 public:
  Member() : thread_([this] { serve(); }) { thread_.detach(); }

  void give(Team* team, int rank) {
    const std::lock_guard<std::mutex> lock(mutex_);
    team_ = team;
    rank_ = rank;
    called_.notify_one();
  }

 private:
  [[noreturn]] void serve();

  std::mutex mutex_;
  std::condition_variable called_;
  Team* team_ = nullptr;
  int rank_ = 0;
  std::thread thread_;  // last: it uses the others
};

// The members that have nothing to do. Never destroyed: threads wait in it to the end of the
// process.
class Pool {
 public:
  // That of this process: a forked child has none of its parent's threads.
  static Pool& of_process() {
    static const bool watched = [] {
#if defined(__unix__) || defined(__APPLE__)
      pthread_atfork(nullptr, nullptr, [] { instance_.store(nullptr); });
#endif
      return true;
    }();
    static_cast<void>(watched);
    Pool* pool = instance_.load(std::memory_order_acquire);
    if (pool != nullptr) return *pool;
    auto made = std::make_unique<Pool>();
    if (instance_.compare_exchange_strong(pool, made.get())) pool = made.release();
    return *pool;
  }

  // Up to `count` members, those who have waited for the shortest time first.
  std::vector<Member*> take(size_t count) {
    std::vector<Member*> members;
    members.reserve(count);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      while (members.size() < count && !idle_.empty()) {
        members.push_back(idle_.back());
        idle_.pop_back();
      }
      // Room for those that will come back, which may not fail.
      all_ += count - members.size();
      idle_.reserve(all_);
    }
    try {
      while (members.size() < count) members.push_back(new Member);  // as long as the process
    } catch (const std::system_error&) {
      // The system gives no more threads: a smaller team.
    } catch (const std::bad_alloc&) {
    }
    return members;
  }

  void put(Member* member) {
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(member);
  }

 private:
  static std::atomic<Pool*> instance_;

  std::mutex mutex_;
  std::vector<Member*> idle_;
  size_t all_ = 0;  // at least as many as there are
};

std::atomic<Pool*> Pool::instance_{nullptr};

void Member::serve() {
  for (;;) {
    std::unique_lock<std::mutex> lock(mutex_);
    called_.wait(lock, [this] { return team_ != nullptr; });
    Team* team = team_;
    const int rank = rank_;
    team_ = nullptr;
    lock.unlock();
    team->run(rank);
    // Idle before the caller goes on: its next team finds this member.
    Pool::of_process().put(this);
    team->leave();
  }
}

}  // namespace

int run_own_team(int threads, void (*body)(int, int, void*), void* context) {
  if (threads <= 1 || InsideTeam::any()) {  // a team inside another has one thread
    body(0, 1, context);
    return 1;
  }
  std::vector<Member*> members;
  try {
    members = Pool::of_process().take(static_cast<size_t>(threads) - 1);
  } catch (const std::bad_alloc&) {
    // On the caller alone.
  }
  Team team(body, context);
  const int size = static_cast<int>(members.size()) + 1;
  team.set_size(size);
  for (int rank = 1; rank < size; rank++) members[static_cast<size_t>(rank) - 1]->give(&team, rank);
  team.run(0);
  if (size > 1) team.wait();
  return size;
}

int own_default_team() {
  const char* wish = std::getenv("OMP_NUM_THREADS");
  const int wanted = wish == nullptr ? 0 : std::atoi(wish);
  const int processors = static_cast<int>(std::thread::hardware_concurrency());
  return run_own_team(
      wanted >= 1 ? std::min(wanted, 4096) : std::max(processors, 1), [](int, int, void*) {},
      nullptr);
}

int own_nested_team(int outer) {
  std::atomic<int> size{0};
  run_own_team(
      outer,
      [](int, int, void* largest) {
        auto& most = *static_cast<std::atomic<int>*>(largest);
        const int inner = own_default_team();
        int known = most.load();
        while (inner > known && !most.compare_exchange_weak(known, inner)) {
        }
      },
      &size);
  return size;
}

}  // namespace heddle::openmp
