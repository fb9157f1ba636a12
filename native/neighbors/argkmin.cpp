#include "neighbors/argkmin.h"

#include "neighbors/arguments.h"
#include "neighbors/nearest.h"

namespace heddle::neighbors {

namespace {

// Buffers: X, Y, scale, indices (Int32), distances (Float64, or undefined where none are wanted).
// Frame: X (n × d), Y (m × d), settings, k.
template <typename T>
struct ArgKmin {
  static Napi::Value call(Frame& frame) {
    const View<T> x = frame.matrix<T>(0);
    const View<T> y = frame.matrix<T>(1);
    Request request = read_request(frame, x, y, 2);
    Nearest wanted;
    wanted.k = frame.count();
    wanted.own = request.own;
    require_count(frame.env(), request, wanted.k, y.rows);
    request.expected = static_cast<double>(wanted.k);
    const int64_t length = checked_product(frame.env(), x.rows, wanted.k);
    wanted.rows = frame.elements<int32_t>(3, length);
    if (!frame.argument(4).IsUndefined()) wanted.distances = frame.elements<double>(4, length);
    wanted.progress = frame.progress();
    return perform(frame, x, y, [x, y, request, wanted](const Grant& grant) -> double {
      return with_rows<T>(request, [&](auto as) {
        using R = typename decltype(as)::Type;
        return search_nearest<R>(x, y, request, wanted, grant,
                                 [](int64_t, const double*, const int32_t*, int64_t) {});
      });
    });
  }
};

}  // namespace

void define_argkmin(call::Module& module) { define<ArgKmin>(module, "argKmin"); }

}  // namespace heddle::neighbors
