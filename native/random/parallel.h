// Fills on several cores. What they write depends on the state alone, never on the width.
#pragma once

#include "executor/executor.h"
#include "random/kernels.h"

namespace heddle::random {

// Numbers that each take one draw: every rank fills its own part with a copy of the generator that
// is moved there. The state stands after all of them at the end. For generators that advance.
void fill_parts(State& state, const Distribution& of, double* out, size_t count, int width);
void fill_parts(State& state, const Distribution& of, float* out, size_t count, int width);

// Each block with the generator of its own state, whichever rank takes it.
template <typename Real>
void fill_blocks(State* states, const Distribution& of, Real* out, size_t count, size_t block_size,
                 const Grant& grant);

extern template void fill_blocks(State*, const Distribution&, double*, size_t, size_t,
                                 const Grant&);
extern template void fill_blocks(State*, const Distribution&, float*, size_t, size_t, const Grant&);

}  // namespace heddle::random
