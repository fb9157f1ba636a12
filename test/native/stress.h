// A trial of ProcessRuntime, for the tests and for ThreadSanitizer.
#pragma once

#include <string>

namespace heddle {

// Threads that open and close leases and overrides on one count in a random order. Returns what
// went wrong: while an override is active the count must be the smallest of the active ones (seen
// by its holder: at most its own), and at the end it must be what it was. Empty if all held.
std::string stress_process_runtime(int threads, int rounds);

}  // namespace heddle
