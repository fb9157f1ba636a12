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
  throw type_error(frame.env(), std::string("heddle/random: ") + what);
}

// The states in an argument; at least one, all of one known kind.
State* states_of(Frame& frame, size_t index, size_t* count) {
  const Frame::Array array = frame.array(index);
  const size_t bytes = array.length * sizeof(uint32_t);
  auto* states = static_cast<State*>(array.data);
  if (array.type != napi_uint32_array || bytes < sizeof(State)) {
    fail(frame, "this is no generator's state");
  }
  const auto kind = static_cast<Kind>(states->kind);
  if (kernels(kind) == nullptr) fail(frame, "there is no such kind of generator");
  if (bytes % state_bytes(kind) != 0) fail(frame, "this is no generator's state");
  *count = bytes / state_bytes(kind);
  for (size_t i = 1; i < *count; ++i) {
    const auto* one = static_cast<const unsigned char*>(array.data) + i * state_bytes(kind);
    if (reinterpret_cast<const State*>(one)->kind != states->kind) {
      fail(frame, "these generators are of several kinds");
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

// Whether a table that parameters index can be left: the others lead to wrong numbers at most.
bool is_safe(const Distribution& of) {
  if (of.id != DistributionId::kHypergeometric) return true;
  constexpr double kLimit = 1e9;
  return of.a >= 0 && of.a < kLimit && of.b >= 0 && of.b < kLimit && of.c >= 0 &&
         of.c <= of.a + of.b;
}

DistributionId id_of(Frame& frame) {
  return static_cast<DistributionId>(static_cast<uint32_t>(frame.next()));
}

// The next four numbers of the frame: a distribution, its parameters.
Distribution distribution_of(Frame& frame) {
  Distribution of;
  of.id = id_of(frame);
  of.a = frame.next();
  of.b = frame.next();
  of.c = frame.next();
  if (!is_safe(of)) fail(frame, "these parameters were not checked");
  return of;
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

// jump(state); frame: how many times
void jump(Frame& frame) {
  State& state = state_of(frame);
  kernels_of(state).jump(state, static_cast<uint64_t>(frame.count()));
}

// ---- Scalars ------------------------------------------------------------------------------------

// refill(state, block)
void refill(Frame& frame) {
  State& state = state_of(frame);
  kernels_of(state).refill(state, block_of(frame, 1));
}

// draw(state, block); frame: distribution, parameters
Napi::Value draw(Frame& frame) {
  State& state = state_of(frame);
  const Block block = block_of(frame, 1);
  return Napi::Number::New(frame.env(),
                           kernels_of(state).draw(state, block, distribution_of(frame)));
}

// ---- Fills --------------------------------------------------------------------------------------

// In the executor's unit: a core takes about a nanosecond for a number.
constexpr double kWorkPerNumber = 10;

// fill(state, out); frame: distribution, parameters
void fill(Frame& frame) {
  State& state = state_of(frame);
  const Frame::Array out = frame.array(1);
  const Distribution of = distribution_of(frame);
  const Kernels& kernel = kernels_of(state);
  const bool parts = frame.threads() > 1 && kernel.advances() &&
                     (of.id == DistributionId::kRandom || of.id == DistributionId::kUniform);
  const auto run = [&](auto* data) {
    if (!parts) {
      kernel.fill(state, of, data, out.length);
      return;
    }
    Demand demand = frame.demand(kWorkPerNumber * static_cast<double>(out.length));
    demand.parallelism = Parallelism::kTeam;
    call::perform(frame, demand, [&](const Grant& grant) {
      fill_parts(state, of, data, out.length, grant.width);
      return 0.0;
    });
  };
  switch (out.type) {
    case napi_float64_array:
      return run(static_cast<double*>(out.data));
    case napi_float32_array:
      return run(static_cast<float*>(out.data));
    case napi_bigint64_array:
      return kernel.fill(state, of, static_cast<int64_t*>(out.data), out.length);
    default:
      fail(frame, "an array of another kind was expected");
  }
}

// fillVarying(state, out, a, b, c); frame: distribution. Parameters are arrays of one number or of
// as many as `out` has.
void fill_varying_of(Frame& frame) {
  State& state = state_of(frame);
  const Frame::Array out = frame.array(1);
  Varying of;
  of.id = id_of(frame);
  for (size_t i = 0; i < 3; ++i) {
    const Frame::Array values = frame.array(2 + i);
    if (values.type != napi_float64_array || (values.length != 1 && values.length != out.length)) {
      fail(frame, "parameters are one number or as many as there are results");
    }
    of.values[i] = static_cast<const double*>(values.data);
    of.steps[i] = values.length == 1 ? 0 : 1;
  }
  if (of.id == DistributionId::kHypergeometric) {
    for (size_t i = 0; i < out.length; ++i) {
      if (!is_safe(of.at(i))) fail(frame, "these parameters were not checked");
    }
  }
  const auto run = [&](auto* data) { kernels_of(state).fill(state, of, data, out.length); };
  if (out.type == napi_float64_array) return run(static_cast<double*>(out.data));
  if (out.type == napi_float32_array) return run(static_cast<float*>(out.data));
  if (out.type == napi_bigint64_array) return run(static_cast<int64_t*>(out.data));
  fail(frame, "an array of another kind was expected");
}

// fillRows(state, out, whole: BigInt64Array, chances: Float64Array); frame: method, kinds, sample.
// For the multinomial `whole` are the trials of each row, and the chances one row or one for each;
// for the others it is how many there are of each kind. `out` is zero before.
void fill_rows_of(Frame& frame) {
  State& state = state_of(frame);
  const Frame::Array out = frame.array(1);
  const Frame::Array whole = frame.array(2);
  const Frame::Array chances = frame.array(3);
  Rows of;
  of.method = static_cast<Rows::Method>(frame.count());
  of.kinds = static_cast<size_t>(frame.count());
  of.sample = frame.count();
  if (whole.type != napi_bigint64_array || chances.type != napi_float64_array || of.kinds == 0 ||
      out.length % of.kinds != 0) {
    fail(frame, "rows of counts were expected");
  }
  of.rows = out.length / of.kinds;
  const auto* numbers = static_cast<const int64_t*>(whole.data);
  if (of.method == Rows::Method::kMultinomial) {
    if (whole.length != of.rows ||
        (chances.length != of.kinds && chances.length != of.rows * of.kinds)) {
      fail(frame, "each row needs its trials and chances");
    }
    of.trials = numbers;
    of.chances = static_cast<const double*>(chances.data);
    of.chances_step = chances.length == of.kinds ? 0 : of.kinds;
  } else {
    if (whole.length != of.kinds) fail(frame, "each kind needs its number");
    of.colors = numbers;
    constexpr int64_t kLimit = int64_t{1} << 53;
    for (size_t i = 0; i < of.kinds; ++i) {
      if (numbers[i] < 0 || numbers[i] > kLimit || (of.total += numbers[i]) > kLimit) {
        fail(frame, "there are too many, or fewer than none");
      }
    }
    // The list that 'count' shuffles has 32 bits for each.
    const bool marginals = of.method == Rows::Method::kMarginals;
    const int64_t most = marginals ? 999'999'999 : int64_t{0xFFFFFFFF};
    if (of.sample > of.total || of.total > most) {
      fail(frame, "more are drawn than there are");
    }
  }
  const auto run = [&](auto* data) { kernels_of(state).fill(state, of, data); };
  if (out.type == napi_float64_array) return run(static_cast<double*>(out.data));
  if (out.type == napi_bigint64_array) return run(static_cast<int64_t*>(out.data));
  fail(frame, "an array of another kind was expected");
}

// fillShares(state, out: Float64Array, weights: Float64Array): rows of the Dirichlet distribution.
// `out` is zero before.
void fill_shares(Frame& frame) {
  State& state = state_of(frame);
  const Frame::Array out = frame.array(1);
  const Frame::Array weights = frame.array(2);
  if (out.type != napi_float64_array || weights.type != napi_float64_array || weights.length == 0 ||
      out.length % weights.length != 0) {
    fail(frame, "rows of shares were expected");
  }
  Shares of;
  of.weights = static_cast<const double*>(weights.data);
  of.kinds = weights.length;
  of.rows = out.length / weights.length;
  kernels_of(state).fill(state, of, static_cast<double*>(out.data));
}

// fillBlocks(states, out); frame: distribution, parameters, block size
void fill_blocks_of(Frame& frame) {
  size_t states = 0;
  State* const first = states_of(frame, 0, &states);
  const Frame::Array out = frame.array(1);
  const Distribution of = distribution_of(frame);
  const auto block_size = static_cast<size_t>(frame.count());
  if (block_size == 0 || (out.length + block_size - 1) / block_size > states) {
    fail(frame, "each block needs a state");
  }
  Demand demand = frame.demand(3 * kWorkPerNumber * static_cast<double>(out.length));
  demand.parallelism = Parallelism::kTeam;
  const auto run = [&](auto* data) {
    call::perform(frame, demand, [&](const Grant& grant) {
      fill_blocks(first, of, data, out.length, block_size, grant);
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

// What the elements of an array are.
Element element_of(const Frame& frame, const Frame::Array& array) {
  switch (array.type) {
    case napi_int8_array:
      return Element::kInt8;
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return Element::kUint8;
    case napi_int16_array:
      return Element::kInt16;
    case napi_uint16_array:
      return Element::kUint16;
    case napi_int32_array:
      return Element::kInt32;
    case napi_uint32_array:
      return Element::kUint32;
    case napi_float32_array:
      return Element::kFloat32;
    case napi_float64_array:
      return Element::kFloat64;
    case napi_bigint64_array:
      return Element::kBigInt64;
    case napi_biguint64_array:
      return Element::kBigUint64;
    default:
      fail(frame, "an array of another kind was expected");
  }
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
  kernels_of(state).fill_integers(state, range, element_of(frame, out), out.data, out.length);
}

// fillVaryingIntegers(state, out, lows: BigUint64Array, ranges: BigUint64Array); frame: draw
void fill_varying_integers(Frame& frame) {
  State& state = state_of(frame);
  const Frame::Array out = frame.array(1);
  const Frame::Array lows = frame.array(2);
  const Frame::Array ranges = frame.array(3);
  if (lows.type != napi_biguint64_array || ranges.type != napi_biguint64_array ||
      lows.length != out.length || ranges.length != out.length) {
    fail(frame, "each number needs its range");
  }
  const auto draw = static_cast<Draw>(static_cast<uint32_t>(frame.next()));
  kernels_of(state).fill_integers(state, draw, static_cast<const uint64_t*>(lows.data),
                                  static_cast<const uint64_t*>(ranges.data), element_of(frame, out),
                                  out.data, out.length);
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
  module.define<jump>("jump");
  module.define<refill>("refill");
  module.define<draw>("draw");
  module.define<fill>("fill");
  module.define<fill_varying_of>("fillVarying");
  module.define<fill_rows_of>("fillRows");
  module.define<fill_shares>("fillShares");
  module.define<fill_blocks_of>("fillBlocks");
  module.define<fill_raw>("fillRaw");
  module.define<fill_integers>("fillIntegers");
  module.define<fill_varying_integers>("fillVaryingIntegers");
  module.define<shuffle>("shuffle");
  module.define<partners>("partners");
  module.define<sample>("sample");
  module.define<tables>("tables");
  return module.exports();
}

}  // namespace heddle::random
