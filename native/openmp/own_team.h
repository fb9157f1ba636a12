// Teams on threads of the addon's own, for where no OpenMP runtime can be opened.
//
// Owns those threads: they are started as teams need them, kept for the next teams, and wait
// without using a core. They live as long as the process.
#pragma once

namespace heddle::openmp {

// The same three functions as the runtime library's (native/openmp/runtime/team.cpp).

// Runs `body(rank, size, context)` once on each thread of a team, the caller among them as rank 0,
// and returns its size: `threads`, or fewer where the system gives no more, and one inside another
// team.
int run_own_team(int threads, void (*body)(int, int, void*), void* context);

// The size of a team of which no size is asked: OMP_NUM_THREADS, or all processors.
int own_default_team();

// The same inside a team of `outer` threads: teams do not nest.
int own_nested_team(int outer);

}  // namespace heddle::openmp
