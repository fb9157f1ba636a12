// Distributions that rows of counts have in common.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace heddle::random {

// Of each kind of a row one distribution is drawn from, which what is left of a sample decides.
// From row to row that is much the same: the distributions of the last such numbers are kept.
template <typename Distribution>
class Kept {
 public:
  Kept(size_t kinds, size_t rows) {
    const size_t limit = std::min(kMaxAll / std::max(kinds, size_t{1}), rows / 16);
    while (each_ < std::min(limit, kMaxEach)) each_ = each_ == 0 ? 1 : 2 * each_;
    if (each_ > limit) each_ /= 2;
    left_.assign(each_ * kinds, -1);
    distributions_.resize(each_ * kinds);
  }

  // A number drawn by the distribution of a kind with so many left; `make()` makes it.
  template <typename Source, typename Make>
  int64_t draw(Source& source, size_t kind, int64_t left, Make&& make) {
    if (each_ == 0) return make()(source);
    const size_t at = kind * each_ + (static_cast<size_t>(left) & (each_ - 1));
    if (left_[at] != left) {
      distributions_[at] = make();
      left_[at] = left;
    }
    return distributions_[at](source);
  }

 private:
  static constexpr size_t kMaxAll = 2048;  // of all kinds: 2 MiB
  static constexpr size_t kMaxEach = 64;

  size_t each_ = 0;  // of a kind: a power of two, or 0 where it would not pay
  std::vector<int64_t> left_;
  std::vector<Distribution> distributions_;
};

}  // namespace heddle::random
