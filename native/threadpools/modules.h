// The libraries that are loaded into this process: what differs between systems about that.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace heddle::threadpools {

// A number that changes whenever a library is loaded. Costs next to nothing where the system
// counts (Linux, macOS); the check that there is nothing new to look at.
uint64_t modules_generation();

// The paths of all loaded libraries, as the loader knows them.
std::vector<std::string> loaded_modules();

}  // namespace heddle::threadpools
