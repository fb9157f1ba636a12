#include "random/generators.h"
#include "random/kernels_of.h"

namespace heddle::random {

const Kernels& pcg64_kernels() {
  static const KernelsOf<Pcg64> instance;
  return instance;
}

}  // namespace heddle::random
