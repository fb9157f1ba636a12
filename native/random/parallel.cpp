#include "random/parallel.h"

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "openmp/team.h"

namespace heddle::random {

namespace {

// Outputs that the first `numbers` of a fill take, and whether they end in the middle of one.
struct Used {
  uint64_t outputs;
  bool half;
};

Used used(const State& /*state*/, double /*kind of number*/, size_t numbers) {
  return {numbers, false};
}

Used used(const State& state, float /*kind of number*/, size_t numbers) {
  const size_t halves = numbers - (state.has_half != 0 && numbers != 0 ? 1 : 0);
  return {halves / 2, halves % 2 != 0};
}

template <typename Real>
void fill_in_parts(State& state, const Distribution& of, Real* out, size_t count, int width) {
  const Kernels& kernel = *kernels(static_cast<Kind>(state.kind));
  kernel.settle(state);
  // No rank with nothing to do: the last one leaves the state behind.
  width = static_cast<int>(std::min(static_cast<size_t>(width), count / 1024 + 1));
  const State start = state;
  State end = state;
  openmp::run_team(width, [&](int rank, int size) {
    // Parts begin where an output begins, so that no two ranks share one. Number 0 may be a half
    // that was left over: then the even places are in the middle of outputs.
    const auto boundary = [&](int part) -> size_t {
      if (part == 0) return 0;
      if (part == size) return count;
      size_t at = count / static_cast<size_t>(size) * static_cast<size_t>(part);
      if (at != 0 && used(start, Real{}, at).half) ++at;
      return std::min(at, count);
    };
    const size_t begin = boundary(rank);
    const size_t finish = boundary(rank + 1);
    State own = start;
    if (begin != 0) {
      kernel.skip(own, used(start, Real{}, begin).outputs);
      if (std::is_same_v<Real, float>) own.has_half = 0;  // doubles leave the half alone
    }
    kernel.fill(own, of, out + begin, finish - begin);
    if (rank == size - 1) end = own;
  });
  state = end;
}

}  // namespace

void fill_parts(State& state, const Distribution& of, double* out, size_t count, int width) {
  fill_in_parts(state, of, out, count, width);
}

void fill_parts(State& state, const Distribution& of, float* out, size_t count, int width) {
  fill_in_parts(state, of, out, count, width);
}

template <typename Real>
void fill_blocks(State* states, const Distribution& of, Real* out, size_t count, size_t block_size,
                 const Grant& grant) {
  const size_t blocks = (count + block_size - 1) / block_size;
  const auto kind = static_cast<Kind>(states->kind);
  std::atomic<size_t> next{0};
  openmp::run_team(grant.width, [&](int, int) {
    for (size_t block = next++; block < blocks && !grant.is_cancelled(); block = next++) {
      auto* bytes = reinterpret_cast<unsigned char*>(states) + block * state_bytes(kind);
      State& state = *reinterpret_cast<State*>(bytes);
      const size_t begin = block * block_size;
      kernels(static_cast<Kind>(state.kind))
          ->fill(state, of, out + begin, std::min(block_size, count - begin));
    }
  });
}

template void fill_blocks(State*, const Distribution&, double*, size_t, size_t, const Grant&);
template void fill_blocks(State*, const Distribution&, float*, size_t, size_t, const Grant&);

}  // namespace heddle::random
