// What the systems differ in about a process and its threads; a file for each. That of musl also
// gives threads larger stacks when the addon is loaded.
#pragma once

namespace heddle::platform {

// Calls `finished` when the process exits, before the destructors of libraries that are loaded by
// now. While it gives false, what these take down is in use: the process then ends without them
// where its status can be kept, and else asks again until it gives true. Does nothing on systems
// that do not tear down libraries under running threads.
void before_exit(bool (*finished)());

}  // namespace heddle::platform
