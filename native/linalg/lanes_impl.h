// The code of lanes.h; included by one file for each instruction set, inside an unnamed namespace.

#include "linalg/lanes_vectors.h"

#include "linalg/lanes_factors.h"
#include "linalg/lanes_reflections.h"
#include "linalg/lanes_rotations.h"
#include "linalg/lanes_schur.h"

#include "linalg/lanes_eig.h"
#include "linalg/lanes_eigh.h"
#include "linalg/lanes_svd.h"

#include "linalg/lanes_least_squares.h"

template <typename T>
constexpr LaneKernels<T> kernels() {
  return {kLanes<T>, kMaxOrder,     load<T>,           store<T>,        eliminate<T>,
          split<T>,  substitute<T>, cholesky<T>,       qr<T>,           eigh<T>,
          eig<T>,    svd<T>,        pseudo_inverse<T>, least_squares<T>};
}
