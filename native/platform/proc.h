// What /proc tells of processes by their ids.
#pragma once

namespace heddle::platform {

// Whether /proc/PID is the process that this one knows by that id: /proc is mounted, and is that of
// this process's tree of ids (a new one may still see the /proc of the tree around it, where the
// same ids are other processes'). Doesn't change while a program runs. False on systems that have
// none.
bool has_own_proc();

}  // namespace heddle::platform
