#include "blas/narrow.h"

namespace heddle::blas {

NarrowBlas::NarrowBlas() {
  try {
    const Blas& blas = current();
    if (!blas.threads_per_caller() || blas.kind() == Kind::kOpenBlas) return;
    before_ = blas.threads();
    if (before_ == 1) return;
    blas.set_threads(1);
    blas_ = &blas;
  } catch (const Unavailable&) {
    // Nothing will call it.
  }
}

NarrowBlas::~NarrowBlas() {
  if (blas_ != nullptr) blas_->set_threads(before_);
}

}  // namespace heddle::blas
