// The groups of operations that the module is made of.
#pragma once

#include "call/entry.h"

namespace heddle::linalg {

// Each adds its functions to the module's exports; `frame` holds the numbers of a call.
void define_products(call::Module& module);
void define_vectors(call::Module& module);
void define_solvers(call::Module& module);
void define_lu(call::Module& module);
void define_factored(call::Module& module);
void define_orthogonal(call::Module& module);
void define_singular(call::Module& module);
void define_eigen(call::Module& module);
void define_norms(call::Module& module);

}  // namespace heddle::linalg
