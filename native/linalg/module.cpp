#include "linalg/module.h"

#include "call/entry.h"
#include "linalg/operations.h"

namespace heddle::linalg {

Napi::Object init(Napi::Env env) {
  call::Module module(env);
  define_products(module);
  define_vectors(module);
  define_solvers(module);
  define_lu(module);
  define_orthogonal(module);
  define_singular(module);
  define_eigen(module);
  define_norms(module);
  return module.exports();
}

}  // namespace heddle::linalg
