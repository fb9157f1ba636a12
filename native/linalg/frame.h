// The frame of linear-algebra calls; see executor/frame.h.
#pragma once

#include "executor/frame.h"

namespace heddle::linalg {

using heddle::Frame;
using heddle::kFrameLength;
using heddle::Stack;
using heddle::View;
using heddle::Workspace;

}  // namespace heddle::linalg
