// A server of descriptors: how others open the memory of a process whose /proc/…/fd they may not
// look into. That is so after setuid(), for a program with capabilities of its own (the kernel
// takes both for "not dumpable", see PR_SET_DUMPABLE in prctl(2)), and where no /proc is mounted.
//
// It is a thread with a socket in the abstract namespace (unix(7)) that passes the descriptor of a
// segment (SCM_RIGHTS) to whoever knows a secret, which only messages to workers have in them. Not
// started before the first locator that needs it.
#pragma once

#if defined(__linux__)

#include <cstdint>
#include <string>

#include "memory/file.h"

namespace heddle::memory {

// Whether others of the same user can't open this process's descriptors by /proc. It changes while
// a process runs, with its user.
bool needs_server();

// By what others get the descriptor of the segment with this inode; empty where there is no server,
// and none can be started.
std::string served_locator(uint64_t inode, Failure& failure);

// Whether served_locator() has made a locator.
bool is_served(const std::string& locator);

// Asks the server for the descriptor; -1 with `failure`: ESTALE where nobody serves it any more,
// another error, EAGAIN if need be, where it is not told or can not be received now.
int ask_server(const std::string& locator, Failure& failure);

}  // namespace heddle::memory

#endif
