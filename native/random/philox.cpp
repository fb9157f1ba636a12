#include "random/generators.h"
#include "random/kernels_of.h"

namespace heddle::random {

const Kernels& philox_kernels() {
  static const KernelsOf<Philox> instance;
  return instance;
}

}  // namespace heddle::random
