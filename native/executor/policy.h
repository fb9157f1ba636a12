// The numbers by which the executor chooses between wide and narrow.
#pragma once

namespace heddle::policy {

// Work that each further core must have to pay for waking it, in flops (about 0.2 ms).
constexpr double kWorkPerCore = 4e6;

// A synchronous operation smaller than this (tens of microseconds) takes no core from the budget:
// waiting for one would cost more, and the thread that calls computes anyway.
constexpr double kInlineWork = 2e5;

// What a wide call makes of each of its cores: a guess that leans towards side by side.
constexpr double kWideEfficiency = 0.85;

// How many callers that block go before a job that waits: a few, since each holds a thread up, but
// not all, since worker threads that call in a loop would keep the job waiting for ever.
constexpr int kBlockingTurns = 4;

}  // namespace heddle::policy
