// Operations on stacks: one matrix after the other, shared out to the cores whole.
//
// Every decomposition is a kernel: an object that owns the workspaces for matrices of one shape and
// works on one such matrix at a time. Each thread makes its own, once, so that memory does not grow
// with the stack. A single matrix is a stack of one, on which BLAS may use its own threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>

#include "blas/narrow.h"
#include "call/control.h"
#include "linalg/operation.h"
#include "openmp/team.h"

namespace heddle::linalg {

// What a kernel says of one matrix, besides LAPACK's `info` (0, or which pivot, minor or value).
// Beyond any dimension: a matrix as wide fits into no memory.
constexpr int64_t kNotFiniteInfo = (int64_t{1} << 21) - 1;

// The outcome of an operation on a stack: 0, or the first matrix that failed and its info.
inline call::Outcome failure(int64_t index, int64_t info) {
  return static_cast<call::Outcome>(index * (int64_t{1} << 21) + info);
}

// What a call of LAPACK costs whatever the size of the matrix, in flops.
constexpr double kCallWork = 6000;
// The same of a matrix in a group (linalg/lanes.h).
constexpr double kLaneCallWork = 100;
// Work that is worth being handed out.
constexpr double kChunkWork = 3e5;
// Matrices of more work than this are better spread by BLAS where there are few of them.
constexpr double kLarge = 5e7;

// Throws where stacks have other axes than the first one.
template <typename First, typename... Others>
void require_axes(Frame& frame, const First& first, const Others&... others) {
  const auto same = [&](const auto& other) {
    bool equal = other.axis_count == first.axis_count;
    for (size_t axis = 0; equal && axis < first.axis_count; ++axis) {
      equal = other.axes[axis].length == first.axes[axis].length;
    }
    return equal;
  };
  require(frame, (same(others) && ...));
}

// What a stack is worked on by where there is nothing for several matrices at once.
struct OneByOne {
  struct Own {};
  struct Range {
    int64_t first;
    int64_t count;
  };
  const void* kernels = nullptr;
  int64_t size() const { return 1; }
};

// Calls `apply(kernel, index)`, which returns an info, for each of `count` matrices of `each` work;
// `make()` makes a thread's kernel. `groups` (linalg/group.h) is asked first, for as many matrices
// at once as it takes; those that it leaves are `apply`'s.
template <typename Make, typename Apply, typename Groups = OneByOne>
Napi::Value perform_stack(Frame& frame, int64_t count, const Work& each, Make make, Apply apply,
                          Groups groups = {}) {
  Demand demand = frame.demand(0);
  const bool grouped = groups.kernels != nullptr;
  const double work = each.flops + (grouped ? kLaneCallWork : kCallWork);
  demand.work = work * static_cast<double>(count);
  const bool team = count > 1 && (each.flops < kLarge || count >= int64_t{2} * demand.max_threads);
  if (team) {
    demand.parallelism = Parallelism::kTeam;
    if (grouped) demand.grain = each.grain;
  } else {
    demand.grain = each.grain;
  }
  int32_t* const progress = frame.progress();
  if (count == 1) {
    // What several matrices need would be a quarter of the time of a small one.
    return call::perform(frame, demand, [=](const Grant& grant) -> call::Outcome {
      call::Control control(grant, progress, 1);
      if (!control.go_on()) return 0;
      auto kernel = make();
      const int64_t info = apply(kernel, 0);
      control.step();
      return info == 0 ? 0 : failure(0, info);
    });
  }
  return call::perform(frame, demand, [=](const Grant& grant) -> call::Outcome {
    const int width = team ? grant.width : 1;
    const auto by_work = static_cast<int64_t>(std::max(kChunkWork / work, 1.0));
    const int64_t by_share = count / (int64_t{4} * width) + 1;
    const int64_t size = groups.size();
    const int64_t chunk = (std::min(by_work, by_share) + size - 1) / size * size;
    const int64_t chunks = (count + chunk - 1) / chunk;
    call::Control control(grant, progress, chunks);
    std::atomic<int64_t> next{0};
    std::atomic<int64_t> first_failed{std::numeric_limits<int64_t>::max()};
    std::atomic<int64_t> outcome_info{0};
    std::mutex mutex;
    openmp::run_team(width, [&](int, int) {
      std::optional<blas::NarrowBlas> narrow;
      if (team) narrow.emplace();
      control.guard([&] {
        using Kernel = decltype(make());
        std::unique_ptr<Kernel> kernel;
        const auto one = [&](int64_t index) {
          if (!kernel) kernel.reset(new Kernel(make()));
          const int64_t info = apply(*kernel, index);
          if (info == 0) return true;
          const std::lock_guard<std::mutex> lock(mutex);
          if (index < first_failed.load()) {
            first_failed.store(index);
            outcome_info.store(info);
          }
          return false;
        };
        std::unique_ptr<typename Groups::Own> group;
        const auto several = [&](int64_t first, int64_t length) {
          if constexpr (!std::is_same_v<Groups, OneByOne>) {
            if (grouped) {
              if (!group) group.reset(new typename Groups::Own(groups.make(*groups.kernels)));
              const uint32_t left = groups.apply(*group, {first, length});
              for (int64_t lane = 0; lane < length; ++lane) {
                if ((left >> lane & 1) != 0 && !one(first + lane)) return false;
              }
              return true;
            }
          }
          return one(first);
        };
        while (control.go_on()) {
          const int64_t begin = next.fetch_add(1, std::memory_order_relaxed) * chunk;
          // Those before the first that failed are gone on with: which one is said is no luck.
          if (begin >= std::min(count, first_failed.load(std::memory_order_relaxed))) return;
          const int64_t end = std::min(begin + chunk, count);
          for (int64_t index = begin; index < end; index += size) {
            if (!several(index, std::min(size, end - index))) break;
          }
          control.step();
        }
      });
    });
    const int64_t info = outcome_info.load();
    return info == 0 ? 0 : failure(first_failed.load(), info);
  });
}

}  // namespace heddle::linalg
