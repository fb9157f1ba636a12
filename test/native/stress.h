// Trials of what several threads or processes change at once, for the tests and for ThreadSanitizer.
#pragma once

#include <string>

namespace heddle {

// Threads that open and close leases and overrides on one count in a random order. Returns what
// went wrong: while an override is active the count must be the smallest of the active ones (seen
// by its holder: at most its own), and at the end it must be what it was. Empty if all held.
std::string stress_process_runtime(int threads, int rounds);

// Workers of one core each that take cores of one account for a moment, while their parent says of
// them, and of others, that they have something to do or nothing, and lets some die. Returns what went
// wrong: all together must never have been granted more than `budget`, and nobody may wait for ever.
// Empty if all held. `lent` is how often one had more than its share.
std::string stress_cores(int workers, int rounds, int budget, double* lent);

}  // namespace heddle
