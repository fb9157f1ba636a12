// The part of libuv that is used here.
//
// Node exports libuv for addons (napi_get_uv_event_loop is there for it), but its header comes with
// Node's own headers only, which are not needed for the rest. libuv keeps its binary interface
// through 1.x, and the handles here are opaque: libuv tells their size.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct uv_loop_s;
struct uv_handle_s;
struct uv_poll_s;

// https://docs.libuv.org/en/v1.x/handle.html, uv_handle_type
constexpr int kUvPoll = 8;
// https://docs.libuv.org/en/v1.x/poll.html, uv_poll_event
constexpr int kUvReadable = 1;
constexpr int kUvWritable = 2;

uint64_t uv_hrtime();
size_t uv_handle_size(int type);
void* uv_handle_get_data(const uv_handle_s* handle);
void uv_handle_set_data(uv_handle_s* handle, void* data);
void uv_ref(uv_handle_s* handle);
void uv_unref(uv_handle_s* handle);
void uv_close(uv_handle_s* handle, void (*closed)(uv_handle_s* handle));
int uv_poll_init(uv_loop_s* loop, uv_poll_s* handle, int fd);
int uv_poll_start(uv_poll_s* handle, int events,
                  void (*ready)(uv_poll_s* handle, int status, int events));
int uv_poll_stop(uv_poll_s* handle);
}
