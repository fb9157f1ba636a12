#include "random/module.h"

#include <cmath>
#include <stdexcept>

#include "executor/promise.h"
#include "random/kernels.h"
#include "random/parallel.h"
#include "random/ziggurat_tables.h"

namespace heddle::random {

namespace {

// Numbers of a call, written by TypeScript before it: reading them here costs nothing.
constexpr size_t kFrameLength = 16;

struct Array {
  napi_typedarray_type type = napi_uint8_array;
  size_t length = 0;
  void* data = nullptr;
};

[[noreturn]] void fail(Napi::Env env, const char* what) {
  throw Napi::TypeError::New(env, std::string("heddle/random: ") + what);
}

Array array_of(const Napi::CallbackInfo& info, size_t index) {
  Array array;
  if (napi_get_typedarray_info(info.Env(), info[index], &array.type, &array.length, &array.data,
                               nullptr, nullptr) != napi_ok) {
    fail(info.Env(), "a typed array was expected");
  }
  return array;
}

// The states in an argument; at least one, each of a known kind.
State* states_of(const Napi::CallbackInfo& info, size_t index, size_t* count) {
  constexpr size_t kWords = sizeof(State) / sizeof(uint32_t);
  const Array array = array_of(info, index);
  if (array.type != napi_uint32_array || array.length % kWords != 0 || array.length == 0) {
    fail(info.Env(), "this is no generator's state");
  }
  auto* states = static_cast<State*>(array.data);
  *count = array.length / kWords;
  for (size_t i = 0; i < *count; ++i) {
    if (kernels(static_cast<Kind>(states[i].kind)) == nullptr) {
      fail(info.Env(), "there is no such kind of generator");
    }
  }
  return states;
}

State& state_of(const Napi::CallbackInfo& info) {
  size_t count = 0;
  return *states_of(info, 0, &count);
}

const Kernels& kernels_of(const State& state) { return *kernels(static_cast<Kind>(state.kind)); }

const double* frame_of(const Napi::CallbackInfo& info) {
  return static_cast<const double*>(info.Data());
}

Block block_of(const Napi::CallbackInfo& info, size_t index) {
  const Array array = array_of(info, index);
  if (array.type != napi_float64_array || array.length < 2) {
    fail(info.Env(), "this is no block of draws");
  }
  const size_t size = array.length / 2;
  auto* doubles = static_cast<double*>(array.data);
  return {static_cast<uint64_t*>(array.data), doubles + size, static_cast<uint32_t>(size)};
}

Law law_of(const double* frame) {
  Law law;
  law.distribution = static_cast<Distribution>(static_cast<uint32_t>(frame[0]));
  law.a = frame[1];
  law.b = frame[2];
  return law;
}

// Runs a kernel; what it throws reaches JavaScript as an Error.
template <typename Body>
void guarded(Napi::Env env, Body&& body) {
  try {
    body();
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, std::string("heddle/random: ") + error.what());
  }
}

// ---- State --------------------------------------------------------------------------------------

// seed(state, words: Uint32Array of 8)
void seed(const Napi::CallbackInfo& info) {
  State& state = state_of(info);
  const Array words = array_of(info, 1);
  if (words.type != napi_uint32_array || words.length < 8) fail(info.Env(), "8 words seed it");
  uint64_t wide[4];
  const auto* narrow = static_cast<const uint32_t*>(words.data);
  for (size_t i = 0; i < 4; ++i) {
    wide[i] = narrow[2 * i] | (static_cast<uint64_t>(narrow[2 * i + 1]) << 32);
  }
  kernels_of(state).seed(state, wide);
}

// settle(state): `head` is where the scalars have brought it, and the block is empty.
void settle(const Napi::CallbackInfo& info) {
  State& state = state_of(info);
  kernels_of(state).settle(state);
}

// advance(state, delta: Uint32Array of 8)
void advance(const Napi::CallbackInfo& info) {
  State& state = state_of(info);
  const Array words = array_of(info, 1);
  if (words.type != napi_uint32_array || words.length < 8) fail(info.Env(), "a delta has 8 words");
  uint64_t delta[4];
  const auto* narrow = static_cast<const uint32_t*>(words.data);
  for (size_t i = 0; i < 4; ++i) {
    delta[i] = narrow[2 * i] | (static_cast<uint64_t>(narrow[2 * i + 1]) << 32);
  }
  guarded(info.Env(), [&] { kernels_of(state).advance(state, delta); });
}

// ---- Scalars ------------------------------------------------------------------------------------

// refill(state, block)
void refill(const Napi::CallbackInfo& info) {
  State& state = state_of(info);
  kernels_of(state).refill(state, block_of(info, 1));
}

// draw(state, block); frame: distribution, a, b
Napi::Value draw(const Napi::CallbackInfo& info) {
  State& state = state_of(info);
  const Block block = block_of(info, 1);
  double result = 0;
  guarded(info.Env(),
          [&] { result = kernels_of(state).draw(state, block, law_of(frame_of(info))); });
  return Napi::Number::New(info.Env(), result);
}

// ---- Fills --------------------------------------------------------------------------------------

executor::Mode blocking() {
  executor::Mode mode;
  mode.blocking = true;
  return mode;
}

// In the executor's unit: a core takes about a nanosecond for a number.
constexpr double kWorkPerNumber = 10;

// fill(state, out); frame: distribution, a, b, threads
void fill(const Napi::CallbackInfo& info) {
  State& state = state_of(info);
  const Array out = array_of(info, 1);
  const double* frame = frame_of(info);
  const Law law = law_of(frame);
  const auto threads = static_cast<int>(frame[3]);
  const Kernels& kernel = kernels_of(state);
  const bool parts =
      threads > 1 && kernel.advances() &&
      (law.distribution == Distribution::kRandom || law.distribution == Distribution::kUniform);
  const auto run = [&](auto* data) {
    if (!parts) {
      guarded(info.Env(), [&] { kernel.fill(state, law, data, out.length); });
      return;
    }
    Demand demand;
    demand.work = kWorkPerNumber * static_cast<double>(out.length);
    demand.max_threads = threads;
    demand.parallelism = Parallelism::kTeam;
    executor::execute(info.Env(), blocking(), demand, info[1], [&](const Grant& grant) {
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
      return guarded(info.Env(),
                     [&] { kernel.fill(state, law, static_cast<int64_t*>(out.data), out.length); });
    default:
      fail(info.Env(), "an array of another kind was expected");
  }
}

// fillBlocks(states, out); frame: distribution, a, b, threads, block size
void fill_blocks_of(const Napi::CallbackInfo& info) {
  size_t states = 0;
  State* const first = states_of(info, 0, &states);
  const Array out = array_of(info, 1);
  const double* frame = frame_of(info);
  const Law law = law_of(frame);
  const auto block_size = static_cast<size_t>(frame[4]);
  if (block_size == 0 || (out.length + block_size - 1) / block_size > states) {
    fail(info.Env(), "each block needs a state");
  }
  Demand demand;
  demand.work = 3 * kWorkPerNumber * static_cast<double>(out.length);
  demand.max_threads = static_cast<int>(frame[3]);
  demand.parallelism = Parallelism::kTeam;
  const auto run = [&](auto* data) {
    executor::execute(info.Env(), blocking(), demand, info[1], [&](const Grant& grant) {
      fill_blocks(first, law, data, out.length, block_size, grant);
      return 0.0;
    });
  };
  if (out.type == napi_float64_array) return run(static_cast<double*>(out.data));
  if (out.type == napi_float32_array) return run(static_cast<float*>(out.data));
  fail(info.Env(), "an array of another kind was expected");
}

// fillRaw(state, out: BigUint64Array)
void fill_raw(const Napi::CallbackInfo& info) {
  State& state = state_of(info);
  const Array out = array_of(info, 1);
  if (out.type != napi_biguint64_array) fail(info.Env(), "a BigUint64Array was expected");
  kernels_of(state).fill_raw(state, static_cast<uint64_t*>(out.data), out.length);
}

// fillIntegers(state, out); frame: draw, low (low half, high half), range (low half, high half)
void fill_integers(const Napi::CallbackInfo& info) {
  State& state = state_of(info);
  const Array out = array_of(info, 1);
  const double* frame = frame_of(info);
  const auto whole = [&](size_t at) {
    return static_cast<uint64_t>(frame[at]) | (static_cast<uint64_t>(frame[at + 1]) << 32);
  };
  Range range;
  range.draw = static_cast<Draw>(static_cast<uint32_t>(frame[0]));
  range.low = whole(1);
  range.range = whole(3);
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
      fail(info.Env(), "an array of another kind was expected");
  }
  kernels_of(state).fill_integers(state, range, element, out.data, out.length);
}

// ---- Orders -------------------------------------------------------------------------------------

// shuffle(state, bytes: Uint8Array); frame: offset, count, size of an element, stride, all in bytes
void shuffle(const Napi::CallbackInfo& info) {
  State& state = state_of(info);
  const Array bytes = array_of(info, 1);
  const double* frame = frame_of(info);
  const auto offset = static_cast<size_t>(frame[0]);
  const auto count = static_cast<size_t>(frame[1]);
  const auto size = static_cast<size_t>(frame[2]);
  const auto stride = static_cast<size_t>(frame[3]);
  if (count == 0) return;
  if (bytes.type != napi_uint8_array || count > 0xFFFFFFFFULL ||
      offset + (count - 1) * stride + size > bytes.length) {
    fail(info.Env(), "the elements to shuffle lie outside the array");
  }
  auto* data = static_cast<unsigned char*>(bytes.data) + offset;
  guarded(info.Env(), [&] { kernels_of(state).shuffle(state, data, count, size, stride); });
}

// partners(state, out: Uint32Array of one less than what is shuffled)
void partners(const Napi::CallbackInfo& info) {
  State& state = state_of(info);
  const Array out = array_of(info, 1);
  if (out.type != napi_uint32_array) fail(info.Env(), "a Uint32Array was expected");
  if (out.length == 0) return;
  kernels_of(state).shuffle_partners(state, static_cast<uint32_t*>(out.data), out.length + 1);
}

// sample(state, out: Float64Array); frame: population, whether the order is shuffled
void sample(const Napi::CallbackInfo& info) {
  State& state = state_of(info);
  const Array out = array_of(info, 1);
  const double* frame = frame_of(info);
  if (out.type != napi_float64_array) fail(info.Env(), "a Float64Array was expected");
  const auto population = static_cast<uint64_t>(frame[0]);
  if (out.length > population) fail(info.Env(), "the sample is larger than the population");
  guarded(info.Env(), [&] {
    kernels_of(state).sample(state, static_cast<double*>(out.data), population, out.length,
                             frame[1] != 0);
  });
}

// ---- Tables -------------------------------------------------------------------------------------

// tables(): the limits and widths of the layers, as the fast paths for scalars use them
Napi::Value tables(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
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
  Napi::Object exports = Napi::Object::New(env);
  // The functions keep the frame's address; the exports keep the frame.
  auto frame = Napi::Float64Array::New(env, kFrameLength);
  exports.Set("frame", frame);
  const auto set = [&](const char* name, auto function) {
    exports.Set(name, Napi::Function::New(env, function, name, frame.Data()));
  };
  set("seed", seed);
  set("settle", settle);
  set("advance", advance);
  set("refill", refill);
  set("draw", draw);
  set("fill", fill);
  set("fillBlocks", fill_blocks_of);
  set("fillRaw", fill_raw);
  set("fillIntegers", fill_integers);
  set("shuffle", shuffle);
  set("partners", partners);
  set("sample", sample);
  set("tables", tables);
  return exports;
}

}  // namespace heddle::random
