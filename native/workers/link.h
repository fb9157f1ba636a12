// One side of the two pipes between a parent and a worker process, on the environment's event loop.
//
// node:net does the same with streams; loading those takes a worker longer than its first task, and
// each message passes several of their functions.
#pragma once

#include <napi.h>

namespace heddle::workers {

// The constructor of links, for JavaScript:
//
//   new Link(reading, writing, bytes, received)
//
// Takes over two descriptors, which it closes with itself, or when the environment ends.
// `received(count)` is called with what has been read into `bytes`, 0 at the end or after an error.
//
//   write(bytes): how many were written, fewer where the pipe is full and does not block;
//                 -1 if nobody reads any more
//   whenWritable(callback): once, when a full pipe has room again or is broken
//   ref(), unref(): whether it keeps the event loop alive; it does at first
//   close(): it calls nobody any more
Napi::Function link_class(Napi::Env env);

}  // namespace heddle::workers
