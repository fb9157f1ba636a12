// The k nearest rows seen so far, as a heap over somebody's memory: often the result itself.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "neighbors/metric.h"

namespace heddle::neighbors {

// The farthest is on top. Of two rows at one distance the one with the higher index is the farther,
// so that what is kept does not depend on the order in which rows come.
class Heap {
 public:
  Heap(double* keys, int32_t* rows, int64_t capacity, int64_t& count)
      : keys_(keys), rows_(rows), capacity_(capacity), count_(count) {}

  bool full() const { return count_ == capacity_; }
  double top() const { return keys_[0]; }

  // The largest key that a row may have to be taken in, if its index is above all that are in.
  double bound() const { return full() ? below(top()) : HUGE_VAL; }

  // Takes the row in if it is among the nearest.
  bool offer(double key, int32_t row) {
    if (!full()) {
      if (std::isnan(key)) return false;
      up(key, row);
      return true;
    }
    if (!farther(top(), rows_[0], key, row)) return false;
    down(key, row, capacity_);
    return true;
  }

  // Sorts, nearest first, and puts distances in the place of keys. The heap is used up; places that
  // nothing was found for (only where NaN is let in) get index -1.
  void finish(const Measure& measure) {
    for (int64_t last = count_ - 1; last > 0; --last) {
      const double key = keys_[last];
      const int32_t row = rows_[last];
      const double top_key = keys_[0];
      const int32_t top_row = rows_[0];
      down(key, row, last);
      keys_[last] = top_key;
      rows_[last] = top_row;
    }
    for (int64_t i = 0; i < count_; ++i) {
      keys_[i] = measure.distance(keys_[i]);
      // Two squares that differ may have one root.
      for (int64_t j = i; j > 0 && keys_[j] == keys_[j - 1] && rows_[j] < rows_[j - 1]; --j) {
        std::swap(rows_[j], rows_[j - 1]);
      }
    }
    for (int64_t i = count_; i < capacity_; ++i) {
      keys_[i] = std::numeric_limits<double>::quiet_NaN();
      rows_[i] = -1;
    }
  }

  double key(int64_t at) const { return keys_[at]; }
  int32_t row(int64_t at) const { return rows_[at]; }
  int64_t count() const { return count_; }

 private:
  static bool farther(double key, int32_t row, double other_key, int32_t other_row) {
    return key > other_key || (key == other_key && row > other_row);
  }

  void up(double key, int32_t row) {
    int64_t at = count_++;
    while (at > 0) {
      const int64_t parent = (at - 1) / 2;
      if (!farther(key, row, keys_[parent], rows_[parent])) break;
      keys_[at] = keys_[parent];
      rows_[at] = rows_[parent];
      at = parent;
    }
    keys_[at] = key;
    rows_[at] = row;
  }

  // Puts an entry in the place of the top of the first `length` entries.
  void down(double key, int32_t row, int64_t length) {
    int64_t at = 0;
    while (true) {
      int64_t child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length &&
          farther(keys_[child + 1], rows_[child + 1], keys_[child], rows_[child])) {
        ++child;
      }
      if (!farther(keys_[child], rows_[child], key, row)) break;
      keys_[at] = keys_[child];
      rows_[at] = rows_[child];
      at = child;
    }
    keys_[at] = key;
    rows_[at] = row;
  }

  double* keys_;
  int32_t* rows_;
  int64_t capacity_;
  int64_t& count_;
};

}  // namespace heddle::neighbors
