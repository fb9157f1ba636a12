#include "random/generators.h"
#include "random/kernels_of.h"

namespace heddle::random {

const Kernels& pcg64dxsm_kernels() {
  static const KernelsOf<Pcg64Dxsm> instance;
  return instance;
}

}  // namespace heddle::random
