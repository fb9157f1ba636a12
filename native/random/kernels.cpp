#include "random/kernels.h"

namespace heddle::random {

const Kernels* kernels(Kind kind) {
  switch (kind) {
    case Kind::kPcg64:
      return &pcg64_kernels();
    case Kind::kPcg64Dxsm:
      return &pcg64dxsm_kernels();
    case Kind::kPhilox:
      return &philox_kernels();
    case Kind::kSfc64:
      return &sfc64_kernels();
    case Kind::kMt19937:
      return &mt19937_kernels();
  }
  return nullptr;
}

}  // namespace heddle::random
