// The kernels for one bit generator, compiled for it so that its step is inlined in every loop.
#pragma once

#include <cmath>
#include <cstring>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "random/continuous.h"
#include "random/discrete.h"
#include "random/kernels.h"
#include "random/sources.h"

namespace heddle::random {

// ---- Loops over a ziggurat ----------------------------------------------------------------------

// Takes draws while they are under the density at once, and settles those that are not one by one.
template <template <typename> class DrawOf, typename P, typename Source, typename Settle,
          typename Put>
void fill_ziggurat(Source& source, size_t count, Settle&& settle, Put&& put) {
  size_t done = 0;
  while (done < count) {
    size_t ready = 0;
    const typename P::Bits* bits = source.peek(&ready);
    const size_t limit = ready < count - done ? ready : count - done;
    size_t i = 0;
    for (; i < limit; ++i) {
      const DrawOf<P> draw(bits[i]);
      if (!draw.taken) break;
      put(done + i, draw.value);
    }
    done += i;
    if (i == limit) {
      source.take(i);
      continue;
    }
    const DrawOf<P> draw(bits[i]);
    source.take(i + 1);
    typename P::Real value;
    if (settle(source, draw, &value)) put(done++, value);
  }
}

template <typename P, typename Source, typename Put>
void fill_normal(Source& source, size_t count, Put&& put) {
  fill_ziggurat<NormalDraw, P>(
      source, count,
      [](auto& from, const auto& draw, auto* value) { return settle_normal<P>(from, draw, value); },
      std::forward<Put>(put));
}

template <typename P, typename Source, typename Put>
void fill_exponential(Source& source, size_t count, Put&& put) {
  fill_ziggurat<ExponentialDraw, P>(
      source, count,
      [](auto& from, const auto& draw, auto* value) {
        return settle_exponential<P>(from, draw, value);
      },
      std::forward<Put>(put));
}

template <typename G>
class KernelsOf final : public Kernels {
 public:
  void seed(State& state, const uint64_t* words) const override {
    G generator;
    generator.seed(words);
    store_anew(state, generator);
  }

  void settle(State& state) const override { settled<G>(state); }

  bool advances() const override { return G::kAdvances; }

  void advance(State& state, const uint64_t* delta) const override {
    if constexpr (G::kAdvances) {
      G generator = settled<G>(state);
      generator.advance(delta);
      store_anew(state, generator);
    } else {
      static_cast<void>(state);
      static_cast<void>(delta);
      throw std::logic_error("this bit generator can't be advanced");
    }
  }

  void skip(State& state, uint64_t outputs) const override {
    G generator = settled<G>(state);
    generator.skip(outputs);
    generator.store(state.head);
  }

  void refill(State& state, const Block& block) const override { refill_block<G>(state, block); }

  double draw(State& state, const Block& block, const Law& law) const override {
    BlockSource<G> source(state, block);
    double result = 0;
    each(source, law, [&](auto&& one) { result = static_cast<double>(one(source)); });
    return result;
  }

  void fill(State& state, const Law& law, double* out, size_t count) const override {
    if (count == 0) return;
    switch (law.distribution) {
      case Distribution::kRandom:
        fill_random(state, count, [out](size_t i, double value) { out[i] = value; });
        return;
      case Distribution::kUniform: {
        const double low = law.a;
        const double range = law.b;
        fill_random(state, count, [=](size_t i, double value) { out[i] = low + range * value; });
        return;
      }
      case Distribution::kStandardNormal: {
        WordSource<G> source(state, count);
        fill_normal<Double>(source, count, [out](size_t i, double value) { out[i] = value; });
        return;
      }
      case Distribution::kNormal: {
        WordSource<G> source(state, count);
        const double mean = law.a;
        const double scale = law.b;
        fill_normal<Double>(source, count,
                            [=](size_t i, double value) { out[i] = mean + scale * value; });
        return;
      }
      case Distribution::kStandardExponential: {
        WordSource<G> source(state, count);
        fill_exponential<Double>(source, count, [out](size_t i, double value) { out[i] = value; });
        return;
      }
      case Distribution::kExponential: {
        WordSource<G> source(state, count);
        const double scale = law.a;
        fill_exponential<Double>(source, count,
                                 [=](size_t i, double value) { out[i] = scale * value; });
        return;
      }
      default:
        fill_each(state, law, out, count);
    }
  }

  void fill(State& state, const Law& law, float* out, size_t count) const override {
    if (count == 0) return;
    switch (law.distribution) {
      case Distribution::kRandom:
        fill_random_floats(state, out, count);
        return;
      case Distribution::kStandardNormal: {
        HalfSource<G> source(state, count);
        fill_normal<Float>(source, count, [out](size_t i, float value) { out[i] = value; });
        return;
      }
      case Distribution::kStandardExponential: {
        HalfSource<G> source(state, count);
        fill_exponential<Float>(source, count, [out](size_t i, float value) { out[i] = value; });
        return;
      }
      case Distribution::kInverseExponential: {
        HalfSource<G> source(state, count);
        for (size_t i = 0; i < count; ++i) out[i] = inverse_exponential<Float>(source);
        return;
      }
      case Distribution::kStandardGamma: {
        HalfSource<G> source(state, 2 * count);
        const auto shape = static_cast<float>(law.a);
        for (size_t i = 0; i < count; ++i) out[i] = standard_gamma<Float>(source, shape);
        return;
      }
      default:
        throw std::logic_error("this distribution has no float32 numbers");
    }
  }

  void fill(State& state, const Law& law, int64_t* out, size_t count) const override {
    if (law.distribution != Distribution::kPoisson && law.distribution != Distribution::kBinomial &&
        law.distribution != Distribution::kGeometric) {
      throw std::logic_error("this distribution has no integers");
    }
    if (count != 0) fill_each(state, law, out, count);
  }

  void fill_raw(State& state, uint64_t* out, size_t count) const override {
    G generator = settled<G>(state);
    generator.bulk(count, [out](size_t i, uint64_t bits) { out[i] = bits; });
    generator.store(state.head);
  }

  void fill_integers(State& state, const Range& range, Element element, void* out,
                     size_t count) const override {
    switch (element) {
      case Element::kInt8:
        return integers(state, range, static_cast<int8_t*>(out), count);
      case Element::kUint8:
        return integers(state, range, static_cast<uint8_t*>(out), count);
      case Element::kInt16:
        return integers(state, range, static_cast<int16_t*>(out), count);
      case Element::kUint16:
        return integers(state, range, static_cast<uint16_t*>(out), count);
      case Element::kInt32:
        return integers(state, range, static_cast<int32_t*>(out), count);
      case Element::kUint32:
        return integers(state, range, static_cast<uint32_t*>(out), count);
      case Element::kFloat32:
        return integers(state, range, static_cast<float*>(out), count);
      case Element::kFloat64:
        return integers(state, range, static_cast<double*>(out), count);
      case Element::kBigInt64:
        return integers(state, range, static_cast<int64_t*>(out), count);
      case Element::kBigUint64:
        return integers(state, range, static_cast<uint64_t*>(out), count);
    }
  }

  void shuffle(State& state, unsigned char* data, size_t count, size_t size,
               size_t stride) const override {
    if (count < 2) return;
    HalfSource<G> source(state, count + count / 2);
    switch (size) {
      case 1:
        return swap_all<1>(source, data, count, stride);
      case 2:
        return swap_all<2>(source, data, count, stride);
      case 4:
        return swap_all<4>(source, data, count, stride);
      case 8:
        return swap_all<8>(source, data, count, stride);
      default: {
        std::vector<unsigned char> spare(size);
        for (size_t i = count - 1; i >= 1; --i) {
          const size_t j = masked32(source, static_cast<uint32_t>(i));
          if (i == j) continue;
          std::memcpy(spare.data(), data + i * stride, size);
          std::memcpy(data + i * stride, data + j * stride, size);
          std::memcpy(data + j * stride, spare.data(), size);
        }
      }
    }
  }

  void shuffle_partners(State& state, uint32_t* out, size_t count) const override {
    if (count < 2) return;
    HalfSource<G> source(state, count + count / 2);
    for (size_t i = count - 1; i >= 1; --i) {
      *out++ = masked32(source, static_cast<uint32_t>(i));
    }
  }

  void sample(State& state, double* out, uint64_t population, size_t count,
              bool shuffled) const override {
    if (count == 0) return;
    // Ranges of 32 bits and of 64 may meet in one call, so this reads as scalars do.
    std::vector<uint64_t> bits(kReadAhead);
    std::vector<double> doubles(kReadAhead);
    const Block block{bits.data(), doubles.data(), kReadAhead};
    settled<G>(state);
    BlockSource<G> source(state, block);
    if (population > 10000 && count > population / (shuffled ? 50 : 20)) {
      sample_tail(source, out, population, count);
    } else {
      sample_floyd(source, out, population, count, shuffled);
    }
    settled<G>(state);
  }

 private:
  static void store_anew(State& state, const G& generator) {
    generator.store(state.head);
    state.has_half = 0;
    state.half = 0;
    state.left = 0;
    state.size = 0;
  }

  // Hands `use` a function of a source for the law; its parameters are worked out once.
  template <typename Source, typename Use>
  static void each(Source& source, const Law& law, Use&& use) {
    static_cast<void>(source);
    const double a = law.a;
    const double b = law.b;
    switch (law.distribution) {
      case Distribution::kRandom:
        return use([](auto& from) { return from.next_double(); });
      case Distribution::kUniform:
        return use([=](auto& from) { return a + b * from.next_double(); });
      case Distribution::kStandardNormal:
        return use([](auto& from) { return standard_normal<Double>(from); });
      case Distribution::kNormal:
        return use([=](auto& from) { return a + b * standard_normal<Double>(from); });
      case Distribution::kStandardExponential:
        return use([](auto& from) { return standard_exponential<Double>(from); });
      case Distribution::kExponential:
        return use([=](auto& from) { return a * standard_exponential<Double>(from); });
      case Distribution::kInverseExponential:
        return use([](auto& from) { return inverse_exponential<Double>(from); });
      case Distribution::kStandardGamma:
        return use([=](auto& from) { return standard_gamma<Double>(from, a); });
      case Distribution::kGamma:
        return use([=](auto& from) { return b * standard_gamma<Double>(from, a); });
      case Distribution::kBeta:
        return use([=](auto& from) { return beta(from, a, b); });
      case Distribution::kChisquare:
        return use([=](auto& from) { return 2.0 * standard_gamma<Double>(from, a / 2.0); });
      case Distribution::kPoisson: {
        const Poisson poisson(a);
        return use([&](auto& from) { return poisson(from); });
      }
      case Distribution::kBinomial: {
        const Binomial binomial(static_cast<int64_t>(a), b);
        return use([&](auto& from) { return binomial(from); });
      }
      case Distribution::kLognormal:
        return use([=](auto& from) { return std::exp(a + b * standard_normal<Double>(from)); });
      case Distribution::kLaplace:
        return use([=](auto& from) { return laplace(from, a, b); });
      case Distribution::kStudent:
        return use([=](auto& from) { return student(from, a); });
      case Distribution::kGeometric:
        return use([=](auto& from) { return geometric(from, a); });
    }
    throw std::logic_error("there is no such distribution");
  }

  template <typename Out>
  static void fill_each(State& state, const Law& law, Out* out, size_t count) {
    WordSource<G> source(state, 2 * count);
    each(source, law, [&](auto&& one) {
      for (size_t i = 0; i < count; ++i) out[i] = static_cast<Out>(one(source));
    });
  }

  template <typename Put>
  static void fill_random(State& state, size_t count, Put&& put) {
    G generator = settled<G>(state);
    generator.bulk(count, [&](size_t i, uint64_t bits) { put(i, to_double(bits)); });
    generator.store(state.head);
  }

  static void fill_random_floats(State& state, float* out, size_t count) {
    G generator = settled<G>(state);
    if (state.has_half != 0) {
      *out++ = to_float(state.half);
      state.has_half = 0;
      --count;
    }
    // The last output is taken apart: its high half stays in the state.
    const size_t pairs = count == 0 ? 0 : (count - 1) / 2;
    generator.bulk(pairs, [out](size_t i, uint64_t bits) {
      out[2 * i] = to_float(static_cast<uint32_t>(bits));
      out[2 * i + 1] = to_float(static_cast<uint32_t>(bits >> 32));
    });
    if (count != 0) {
      const uint64_t bits = generator.next();
      out[2 * pairs] = to_float(static_cast<uint32_t>(bits));
      state.half = static_cast<uint32_t>(bits >> 32);
      if (count % 2 == 0) {
        out[2 * pairs + 1] = to_float(state.half);
      } else {
        state.has_half = 1;
      }
    }
    generator.store(state.head);
  }

  // The value `offset` above the low end, which may be negative: only its bits count.
  template <typename Out>
  static Out value_of(uint64_t low, uint64_t offset) {
    if constexpr (std::is_floating_point_v<Out>) {
      return static_cast<Out>(static_cast<int64_t>(low + offset));
    } else {
      return static_cast<Out>(low + offset);
    }
  }

  template <typename Out>
  static void integers(State& state, const Range& range, Out* out, size_t count) {
    const uint64_t low = range.low;
    if (count == 0) return;
    if (range.range == 0) {
      for (size_t i = 0; i < count; ++i) out[i] = value_of<Out>(low, 0);
      return;
    }
    if (range.draw == Draw::k64 && range.range > 0xFFFFFFFFULL) {
      const bool all = range.range == 0xFFFFFFFFFFFFFFFFULL;
      WordSource<G> source(state, count);
      for (size_t i = 0; i < count; ++i) {
        out[i] = value_of<Out>(low, all ? source.next64() : bounded64(source, range.range));
      }
      return;
    }
    HalfSource<G> source(state, count);
    switch (range.draw) {
      case Draw::k64:
      case Draw::k32: {
        const auto top = static_cast<uint32_t>(range.range);
        if (top == 0xFFFFFFFFU) {
          for (size_t i = 0; i < count; ++i) out[i] = value_of<Out>(low, source.next32());
        } else {
          fill_bounded32(source, low, top, out, count);
        }
        return;
      }
      case Draw::k16: {
        SmallDraws<uint16_t, HalfSource<G>> draws(source);
        const auto top = static_cast<uint16_t>(range.range);
        for (size_t i = 0; i < count; ++i) out[i] = value_of<Out>(low, draws.bounded(top));
        return;
      }
      case Draw::k8: {
        SmallDraws<uint8_t, HalfSource<G>> draws(source);
        const auto top = static_cast<uint8_t>(range.range);
        for (size_t i = 0; i < count; ++i) out[i] = value_of<Out>(low, draws.bounded(top));
        return;
      }
      case Draw::kBit: {
        BitDraws<HalfSource<G>> draws(source);
        for (size_t i = 0; i < count; ++i) out[i] = value_of<Out>(low, draws.next() ? 1 : 0);
        return;
      }
    }
  }

  // Lemire's method over the draws that are ready; the few that need a second look end a run.
  template <typename Out>
  static void fill_bounded32(HalfSource<G>& source, uint64_t low, uint32_t range, Out* out,
                             size_t count) {
    const uint32_t size = range + 1;
    size_t done = 0;
    while (done < count) {
      size_t ready = 0;
      const uint32_t* bits = source.peek(&ready);
      const size_t limit = ready < count - done ? ready : count - done;
      size_t i = 0;
      for (; i < limit; ++i) {
        const uint64_t product = static_cast<uint64_t>(bits[i]) * size;
        if (static_cast<uint32_t>(product) < size) break;
        out[done + i] = value_of<Out>(low, product >> 32);
      }
      source.take(i);
      done += i;
      if (i != limit) out[done++] = value_of<Out>(low, bounded32(source, range));
    }
  }

  template <size_t Size, typename Source>
  static void swap_all(Source& source, unsigned char* data, size_t count, size_t stride) {
    unsigned char spare[Size];
    unsigned char other[Size];
    for (size_t i = count - 1; i >= 1; --i) {
      const size_t j = masked32(source, static_cast<uint32_t>(i));
      std::memcpy(spare, data + i * stride, Size);
      std::memcpy(other, data + j * stride, Size);
      std::memcpy(data + i * stride, other, Size);
      std::memcpy(data + j * stride, spare, Size);
    }
  }

  template <typename Source>
  static uint64_t below(Source& source, uint64_t range) {
    if (range == 0) return 0;
    if (range < 0xFFFFFFFFULL) return bounded32(source, static_cast<uint32_t>(range));
    if (range == 0xFFFFFFFFULL) return source.next32();
    return bounded64(source, range);
  }

  // Shuffles the end of all numbers into place, and takes it.
  template <typename Source>
  static void sample_tail(Source& source, double* out, uint64_t population, size_t count) {
    std::vector<uint32_t> narrow;
    std::vector<uint64_t> wide;
    const auto run = [&](auto& numbers) {
      using Number = typename std::decay_t<decltype(numbers)>::value_type;
      numbers.resize(population);
      for (size_t i = 0; i < population; ++i) numbers[i] = static_cast<Number>(i);
      const uint64_t first = population - count;
      for (uint64_t i = population - 1; i >= (first > 1 ? first : 1); --i) {
        std::swap(numbers[i], numbers[below(source, i)]);
      }
      for (size_t i = 0; i < count; ++i) out[i] = static_cast<double>(numbers[first + i]);
    };
    if (population <= 0xFFFFFFFFULL) {
      run(narrow);
    } else {
      run(wide);
    }
  }

  // Floyd's algorithm: each step takes a new number, or the largest so far if it was taken.
  template <typename Source>
  static void sample_floyd(Source& source, double* out, uint64_t population, size_t count,
                           bool shuffled) {
    uint64_t mask = 1;
    while (mask < count + count / 4) mask = 2 * mask + 1;
    constexpr uint64_t kEmpty = ~uint64_t{0};
    std::vector<uint64_t> taken(mask + 1, kEmpty);
    const auto add = [&](uint64_t number) {
      uint64_t place = (number * 0x9E3779B97F4A7C15ULL >> 20) & mask;
      while (taken[place] != kEmpty && taken[place] != number) place = (place + 1) & mask;
      if (taken[place] == number) return false;
      taken[place] = number;
      return true;
    };
    size_t i = 0;
    for (uint64_t top = population - count; top < population; ++top, ++i) {
      uint64_t number = below(source, top);
      if (!add(number)) {
        number = top;
        add(number);
      }
      out[i] = static_cast<double>(number);
    }
    if (!shuffled) return;
    for (size_t last = count - 1; last >= 1; --last) {
      std::swap(out[last], out[below(source, last)]);
    }
  }
};

}  // namespace heddle::random
