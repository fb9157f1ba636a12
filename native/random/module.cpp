#include "random/module.h"

#include <array>
#include <string>

#include "call/entry.h"
#include "random/kernels.h"
#include "random/parallel.h"
#include "random/ziggurat_tables.h"

namespace heddle::random {

namespace {

[[noreturn]] void fail(const Frame& frame, const char* what) {
  throw call::type_error(frame.env(), std::string("heddle/random: ") + what);
}

// The states in an argument; at least one, each of a known kind.
State* states_of(Frame& frame, size_t index, size_t* count) {
  constexpr size_t kWords = sizeof(State) / sizeof(uint32_t);
  const Frame::Array array = frame.array(index);
  if (array.type != napi_uint32_array || array.length % kWords != 0 || array.length == 0) {
    fail(frame, "this is no generator's state");
  }
  auto* states = static_cast<State*>(array.data);
  *count = array.length / kWords;
  for (size_t i = 0; i < *count; ++i) {
    if (kernels(static_cast<Kind>(states[i].kind)) == nullptr) {
      fail(frame, "there is no such kind of generator");
    }
  }
  return states;
}

State& state_of(Frame& frame) {
  size_t count = 0;
  return *states_of(frame, 0, &count);
}

const Kernels& kernels_of(const State& state) { return *kernels(static_cast<Kind>(state.kind)); }

Block block_of(Frame& frame, size_t index) {
  const Frame::Array array = frame.array(index);
  if (array.type != napi_float64_array || array.length < 2) {
    fail(frame, "this is no block of draws");
  }
  const size_t size = array.length / 2;
  auto* doubles = static_cast<double*>(array.data);
  return {static_cast<uint64_t*>(array.data), doubles + size, static_cast<uint32_t>(size)};
}

// The next three numbers of the frame.
Law law_of(Frame& frame) {
  Law law;
  law.distribution = static_cast<Distribution>(static_cast<uint32_t>(frame.next()));
  law.a = frame.next();
  law.b = frame.next();
  return law;
}

// Four 64-bit words, each from two of a Uint32Array, the lower half first.
std::array<uint64_t, 4> wide_words(Frame& frame, size_t index) {
  const uint32_t* const narrow = frame.elements<uint32_t>(index, 8);
  std::array<uint64_t, 4> wide;
  for (size_t i = 0; i < wide.size(); ++i) {
    wide[i] = narrow[2 * i] | (static_cast<uint64_t>(narrow[2 * i + 1]) << 32);
  }
  return wide;
}

// ---- State --------------------------------------------------------------------------------------

// seed(state, words: Uint32Array of 8)
void seed(Frame& frame) {
  State& state = state_of(frame);
  kernels_of(state).seed(state, wide_words(frame, 1).data());
}

// settle(state): `head` is where the scalars have brought it, and the block is empty.
void settle(Frame& frame) {
  State& state = state_of(frame);
  kernels_of(state).settle(state);
}

// advance(state, delta: Uint32Array of 8)
void advance(Frame& frame) {
  State& state = state_of(frame);
  kernels_of(state).advance(state, wide_words(frame, 1).data());
}

// ---- Scalars ------------------------------------------------------------------------------------

// refill(state, block)
void refill(Frame& frame) {
  State& state = state_of(frame);
  kernels_of(state).refill(state, block_of(frame, 1));
}

// draw(state, block); frame: distribution, a, b
Napi::Value draw(Frame& frame) {
  State& state = state_of(frame);
  const Block block = block_of(frame, 1);
  return Napi::Number::New(frame.env(), kernels_of(state).draw(state, block, law_of(frame)));
}

// ---- Fills --------------------------------------------------------------------------------------

// In the executor's unit: a core takes about a nanosecond for a number.
constexpr double kWorkPerNumber = 10;

// fill(state, out); frame: distribution, a, b
void fill(Frame& frame) {
  State& state = state_of(frame);
  const Frame::Array out = frame.array(1);
  const Law law = law_of(frame);
  const Kernels& kernel = kernels_of(state);
  const bool parts =
      frame.threads() > 1 && kernel.advances() &&
      (law.distribution == Distribution::kRandom || law.distribution == Distribution::kUniform);
  const auto run = [&](auto* data) {
    if (!parts) {
      kernel.fill(state, law, data, out.length);
      return;
    }
    Demand demand = frame.demand(kWorkPerNumber * static_cast<double>(out.length));
    demand.parallelism = Parallelism::kTeam;
    call::perform(frame, demand, [&](const Grant& grant) {
      fill_parts(state, law, data, out.length, grant.width);
      return 0.0;
    });
  };
  switch (out.type) {
    case napi_float64_array:
      return run(static_cast<double*>(out.data));
    case napi_float32_array:
      return run(static_cast<float*>(out.data));
    case napi_bigint64_array:
      return kernel.fill(state, law, static_cast<int64_t*>(out.data), out.length);
    default:
      fail(frame, "an array of another kind was expected");
  }
}

// fillBlocks(states, out); frame: distribution, a, b, block size
void fill_blocks_of(Frame& frame) {
  size_t states = 0;
  State* const first = states_of(frame, 0, &states);
  const Frame::Array out = frame.array(1);
  const Law law = law_of(frame);
  const auto block_size = static_cast<size_t>(frame.count());
  if (block_size == 0 || (out.length + block_size - 1) / block_size > states) {
    fail(frame, "each block needs a state");
  }
  Demand demand = frame.demand(3 * kWorkPerNumber * static_cast<double>(out.length));
  demand.parallelism = Parallelism::kTeam;
  const auto run = [&](auto* data) {
    call::perform(frame, demand, [&](const Grant& grant) {
      fill_blocks(first, law, data, out.length, block_size, grant);
      return 0.0;
    });
  };
  if (out.type == napi_float64_array) return run(static_cast<double*>(out.data));
  if (out.type == napi_float32_array) return run(static_cast<float*>(out.data));
  fail(frame, "an array of another kind was expected");
}

// fillRaw(state, out: BigUint64Array)
void fill_raw(Frame& frame) {
  State& state = state_of(frame);
  const Frame::Array out = frame.array(1);
  if (out.type != napi_biguint64_array) fail(frame, "a BigUint64Array was expected");
  kernels_of(state).fill_raw(state, static_cast<uint64_t*>(out.data), out.length);
}

// fillIntegers(state, out); frame: draw, low (low half, high half), range (low half, high half)
void fill_integers(Frame& frame) {
  State& state = state_of(frame);
  const Frame::Array out = frame.array(1);
  const auto whole = [&] {
    const auto low = static_cast<uint64_t>(frame.next());
    return low | (static_cast<uint64_t>(frame.next()) << 32);
  };
  Range range;
  range.draw = static_cast<Draw>(static_cast<uint32_t>(frame.next()));
  range.low = whole();
  range.range = whole();
  Element element;
  switch (out.type) {
    case napi_int8_array:
      element = Element::kInt8;
      break;
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      element = Element::kUint8;
      break;
    case napi_int16_array:
      element = Element::kInt16;
      break;
    case napi_uint16_array:
      element = Element::kUint16;
      break;
    case napi_int32_array:
      element = Element::kInt32;
      break;
    case napi_uint32_array:
      element = Element::kUint32;
      break;
    case napi_float32_array:
      element = Element::kFloat32;
      break;
    case napi_float64_array:
      element = Element::kFloat64;
      break;
    case napi_bigint64_array:
      element = Element::kBigInt64;
      break;
    case napi_biguint64_array:
      element = Element::kBigUint64;
      break;
    default:
      fail(frame, "an array of another kind was expected");
  }
  kernels_of(state).fill_integers(state, range, element, out.data, out.length);
}

// ---- Orders -------------------------------------------------------------------------------------

// shuffle(state, bytes: Uint8Array); frame: offset, count, size of an element, stride, all in bytes
void shuffle(Frame& frame) {
  State& state = state_of(frame);
  const Frame::Array bytes = frame.array(1);
  const auto offset = static_cast<size_t>(frame.count());
  const auto count = static_cast<size_t>(frame.count());
  const auto size = static_cast<size_t>(frame.count());
  const auto stride = static_cast<size_t>(frame.count());
  if (count == 0) return;
  if (bytes.type != napi_uint8_array || count > 0xFFFFFFFFULL ||
      offset + (count - 1) * stride + size > bytes.length) {
    fail(frame, "the elements to shuffle lie outside the array");
  }
  auto* data = static_cast<unsigned char*>(bytes.data) + offset;
  kernels_of(state).shuffle(state, data, count, size, stride);
}

// partners(state, out: Uint32Array of one less than what is shuffled)
void partners(Frame& frame) {
  State& state = state_of(frame);
  const Frame::Array out = frame.array(1);
  if (out.type != napi_uint32_array) fail(frame, "a Uint32Array was expected");
  if (out.length == 0) return;
  kernels_of(state).shuffle_partners(state, static_cast<uint32_t*>(out.data), out.length + 1);
}

// sample(state, out: Float64Array); frame: population, whether the order is shuffled
void sample(Frame& frame) {
  State& state = state_of(frame);
  const Frame::Array out = frame.array(1);
  if (out.type != napi_float64_array) fail(frame, "a Float64Array was expected");
  const auto population = static_cast<uint64_t>(frame.count());
  if (out.length > population) fail(frame, "the sample is larger than the population");
  kernels_of(state).sample(state, static_cast<double*>(out.data), population, out.length,
                           frame.flag());
}

// ---- Tables -------------------------------------------------------------------------------------

// tables(): the limits and widths of the layers, as the fast paths for scalars use them
Napi::Value tables(Frame& frame) {
  const Napi::Env env = frame.env();
  Napi::Object result = Napi::Object::New(env);
  const auto set = [&](const char* name, auto&& value) {
    auto array = Napi::Float64Array::New(env, 256);
    for (size_t i = 0; i < 256; ++i) array[i] = value(i);
    result.Set(name, array);
  };
  set("normalLimit", [](size_t i) { return static_cast<double>(kNormalLayers[i].limit); });
  set("normalWidth", [](size_t i) { return kNormalLayers[i].width; });
  set("exponentialLimit",
      [](size_t i) { return static_cast<double>(kExponentialLayers[i].limit); });
  set("exponentialWidth", [](size_t i) { return kExponentialLayers[i].width; });
  return result;
}

}  // namespace

Napi::Object init(Napi::Env env) {
  call::Module module(env);
  module.define<seed>("seed");
  module.define<settle>("settle");
  module.define<advance>("advance");
  module.define<refill>("refill");
  module.define<draw>("draw");
  module.define<fill>("fill");
  module.define<fill_blocks_of>("fillBlocks");
  module.define<fill_raw>("fillRaw");
  module.define<fill_integers>("fillIntegers");
  module.define<shuffle>("shuffle");
  module.define<partners>("partners");
  module.define<sample>("sample");
  module.define<tables>("tables");
  return module.exports();
}

}  // namespace heddle::random
