#include "random/mt19937.h"

#include "random/kernels_of.h"

namespace heddle::random {

const Kernels& mt19937_kernels() {
  static const KernelsOf<Mt19937> instance;
  return instance;
}

}  // namespace heddle::random
