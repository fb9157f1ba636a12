// Waiting on a word of shared memory, between threads and processes.
//
// On Linux the kernel's futexes; elsewhere a look every little while behind the same functions.
#pragma once

#include <atomic>
#include <cstdint>

namespace heddle::sync {

using Word = std::atomic<int32_t>;
static_assert(sizeof(Word) == 4 && Word::is_always_lock_free, "the word is the kernel's too");

enum class Waited { kWoken, kChanged, kTimedOut };

// Sleeps while `*word == expected`, at most `milliseconds` (negative: no limit). May wake for no
// reason: the caller looks at the word again.
Waited wait(Word* word, int32_t expected, double milliseconds);

// Wakes up to `count` sleepers of the word, in all processes; the word should have changed before.
int wake(Word* word, int32_t count);

// Whether a process lives: it exists, is no zombie, and started when it is said to have (0: any).
bool alive(int32_t pid, int32_t start);

// A number that tells this process from an earlier one of the same pid.
int32_t start_of_this_process();

}  // namespace heddle::sync
