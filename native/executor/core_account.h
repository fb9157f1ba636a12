// What several processes have of the same cores: the executor's side of it.
#pragma once

#include <cstdint>

namespace heddle {

// Each process has a share that is its own; cores that others don't need now may be had besides.
// All functions may be called on any thread, one at a time but for wait().
class CoreAccount {
 public:
  virtual ~CoreAccount() = default;

  // How many cores this process may have in use now, of which `share` are its own. Fewer than those
  // only while an operation of another process runs on them.
  virtual int available(int share) const = 0;

  // Notes that this process has `total` cores in use. False, and all is as before, where that is
  // more than is available any more.
  virtual bool take(int total, int share) = 0;

  // Notes that no more than `total` are in use any more.
  virtual void give(int total, int share) = 0;

  // A number that changes when another process gives back what was not its own.
  virtual int32_t given_back() const = 0;

  // Sleeps until that number is not `seen` any more, or for a little while.
  virtual void wait(int32_t seen) const = 0;
};

}  // namespace heddle
