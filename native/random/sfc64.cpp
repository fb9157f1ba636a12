#include "random/generators.h"
#include "random/kernels_of.h"

namespace heddle::random {

const Kernels& sfc64_kernels() {
  static const KernelsOf<Sfc64> instance;
  return instance;
}

}  // namespace heddle::random
