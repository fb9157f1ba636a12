// Threads of a team that call BLAS.
#pragma once

#include "blas/blas.h"

namespace heddle::blas {

// Keeps a BLAS whose thread count belongs to the calling thread at one thread on this one. (An
// OpenBLAS built on OpenMP sees by itself that it is called inside a team.)
class NarrowBlas {
 public:
  NarrowBlas();
  ~NarrowBlas();
  NarrowBlas(const NarrowBlas&) = delete;
  NarrowBlas& operator=(const NarrowBlas&) = delete;

 private:
  const Blas* blas_ = nullptr;
  int before_ = 1;
};

}  // namespace heddle::blas
