// Whether the system still gives threads: limits of a user or a container are met without notice,
// and libraries that start threads of their own may end the program then.
#pragma once

namespace heddle {

// How many of `wanted` threads can be had at the same time now, by starting them.
int threads_to_be_had(int wanted);

}  // namespace heddle
