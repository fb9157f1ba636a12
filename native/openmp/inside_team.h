// Whether a thread runs a team's body.
#pragma once

namespace heddle::openmp {

// While the calling thread runs a body.
class InsideTeam {
 public:
  InsideTeam() { ++depth(); }
  ~InsideTeam() { --depth(); }
  InsideTeam(const InsideTeam&) = delete;
  InsideTeam& operator=(const InsideTeam&) = delete;

  static bool any() { return depth() > 0; }

 private:
  static int& depth() {
    thread_local int bodies = 0;
    return bodies;
  }
};

}  // namespace heddle::openmp
