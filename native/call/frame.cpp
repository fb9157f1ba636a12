#include "call/frame.h"

namespace heddle {

namespace {

constexpr double kMaxElements = 281474976710656.0;  // 2^48

}  // namespace

// The first and last element that strides reach, and how many there are. In double: sizes are
// below 2^53, and what is rounded is far outside any buffer.
class Frame::Extent {
 public:
  explicit Extent(int64_t offset) : first_(static_cast<double>(offset)), last_(first_) {}

  void add(int64_t length, int64_t stride) {
    const double span = (static_cast<double>(length) - 1) * static_cast<double>(stride);
    (span < 0 ? first_ : last_) += span;
    size_ *= static_cast<double>(length);
    empty_ = empty_ || length == 0;
  }

  double first() const { return first_; }
  double last() const { return last_; }
  double size() const { return size_; }
  bool empty() const { return empty_; }

 private:
  double first_;
  double last_;
  double size_ = 1;
  bool empty_ = false;
};

Frame::Frame(const Napi::CallbackInfo& info)
    : info_(info), numbers_(static_cast<const double*>(info.Data())) {
  const double mode = next();
  mode_.blocking = mode < 0;
  mode_.id = mode > 0 ? mode : 0;
  threads_ = static_cast<int>(next());
  const double progress = next();
  if (progress > 0) progress_ = static_cast<size_t>(progress);
}

int64_t Frame::count() {
  const double value = next();
  if (!(value >= 0)) throw range_error(env(), "heddle: a size is below 0");
  return whole(value);
}

bool Frame::is_double() {
  first_known_ = look_up(0, first_);
  return first_known_ && first_.type == napi_float64_array;
}

template <typename T>
View<T> Frame::matrix(size_t argument) {
  size_t length = 0;
  T* const data = data_of<T>(argument, length);
  int64_t offset = 0;
  View<T> view = read_view<T>(offset);
  Extent extent(offset);
  extent.add(view.rows, view.row_stride);
  extent.add(view.columns, view.column_stride);
  require_inside(extent, length);
  if (!extent.empty()) view.data = data + offset;
  return view;
}

template <typename T>
Stack<T> Frame::stack(size_t argument) {
  size_t length = 0;
  T* const data = data_of<T>(argument, length);
  int64_t offset = 0;
  Stack<T> stack;
  stack.first = read_view<T>(offset);
  Extent extent(offset);
  extent.add(stack.first.rows, stack.first.row_stride);
  extent.add(stack.first.columns, stack.first.column_stride);
  stack.axis_count = static_cast<size_t>(count());
  if (stack.axis_count > kMaxStackAxes || at_ + 2 * stack.axis_count > kFrameLength) {
    throw range_error(env(), "heddle: a stack has too many axes");
  }
  for (size_t axis = 0; axis < stack.axis_count; ++axis) {
    const int64_t steps = count();
    stack.axes[axis] = {steps, stride()};
    extent.add(steps, stack.axes[axis].stride);
  }
  require_inside(extent, length);
  if (!extent.empty()) stack.first.data = data + offset;
  return stack;
}

Frame::Array Frame::array(size_t argument) const {
  Array found;
  if (!look_up(argument, found)) throw type_error(env(), "heddle: a buffer is missing");
  return found;
}

void Frame::refuse_overlap() const {
  throw range_error(env(),
                    "'out' must be an array that shares no element with the operands, but "
                    "one whose memory is also an operand's was given");
}

Napi::Value Frame::keep() const {
  if (mode_.blocking) return env().Undefined();
  Napi::Array all = Napi::Array::New(env(), info_.Length());
  for (uint32_t index = 0; index < info_.Length(); ++index) all.Set(index, info_[index]);
  return all;
}

void Frame::require_inside(const Extent& extent, size_t length) const {
  if (extent.empty()) return;
  if (!(extent.first() >= 0 && extent.last() < static_cast<double>(length))) {
    throw range_error(env(), "heddle: a matrix reaches outside its buffer");
  }
  if (!(extent.size() <= kMaxElements)) {
    throw range_error(env(), "heddle: a matrix has too many elements");
  }
}

int64_t Frame::whole(double value) const {
  constexpr double kMaxSafe = 9007199254740991.0;
  if (value >= -kMaxSafe && value <= kMaxSafe) {
    const auto number = static_cast<int64_t>(value);
    if (static_cast<double>(number) == value) return number;
  }
  throw range_error(env(), "heddle: a size or stride is not a whole number");
}

template <typename T>
View<T> Frame::read_view(int64_t& offset) {
  View<T> view;
  view.rows = count();
  view.columns = count();
  offset = count();
  view.row_stride = stride();
  view.column_stride = stride();
  return view;
}

template <typename T>
T* Frame::data_of(size_t argument, size_t& length) const {
  Array found;
  if (argument == 0 && first_known_) {
    found = first_;
  } else if (!look_up(argument, found)) {
    throw type_error(env(), "heddle: a buffer is missing");
  }
  if (found.type != kind_of<T>()) {
    throw type_error(env(), "heddle: a buffer is of another element type");
  }
  length = found.length;
  return static_cast<T*>(found.data);
}

bool Frame::look_up(size_t argument, Array& array) const {
  // napi_ here: node-addon-api's TypedArrayOf asks three times for what this tells at once.
  return napi_get_typedarray_info(env(), info_[argument], &array.type, &array.length, &array.data,
                                  nullptr, nullptr) == napi_ok;
}

template View<float> Frame::matrix(size_t);
template View<double> Frame::matrix(size_t);
template Stack<float> Frame::stack(size_t);
template Stack<double> Frame::stack(size_t);
template Stack<int32_t> Frame::stack(size_t);

}  // namespace heddle
