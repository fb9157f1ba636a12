// The kernels for one bit generator, compiled for it so that its step is inlined in every loop.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "random/dirichlet.h"
#include "random/elementary.h"
#include "random/fills.h"
#include "random/integer_fills.h"
#include "random/kernels.h"
#include "random/orders.h"
#include "random/sources.h"

namespace heddle::random {

template <typename G>
class KernelsOf final : public Kernels {
 public:
  void seed(State& state, const uint64_t* words) const override {
    if constexpr (G::kNarrow) {
      static_cast<void>(words);
      throw std::logic_error("this bit generator is seeded by writing its state");
    } else {
      static_cast<void>(state);
      G generator;
      generator.seed(words);
      store_anew(state, generator);
    }
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

  void jump(State& state, uint64_t times) const override {
    if constexpr (G::kJumps) {
      G generator = settled<G>(state);
      for (; times != 0; --times) generator.jump();
      store_anew(state, generator);
    } else {
      static_cast<void>(state);
      static_cast<void>(times);
      throw std::logic_error("this bit generator jumps by advancing");
    }
  }

  void skip(State& state, uint64_t outputs) const override {
    G generator = settled<G>(state);
    generator.skip(outputs);
    generator.store(head_of<G>(state));
  }

  void refill(State& state, const Block& block) const override { refill_block<G>(state, block); }

  double draw(State& state, const Block& block, const Distribution& of) const override {
    BlockSource<G> source(state, block);
    double result = 0;
    with_any<BlockSource<G>>(of, [&](auto&& one) { result = static_cast<double>(one(source)); });
    return result;
  }

  void fill(State& state, const Distribution& of, double* out, size_t count) const override {
    if (count == 0) return;
    switch (of.id) {
      case DistributionId::kRandom:
        fill_random(state, count, [out](size_t i, double value) { out[i] = value; });
        return;
      case DistributionId::kUniform: {
        const double low = of.a;
        const double range = of.b;
        fill_random(state, count, [=](size_t i, double value) { out[i] = low + range * value; });
        return;
      }
      case DistributionId::kStandardNormal: {
        WordSource<G> source(state, count);
        fill_normal<Double>(source, count, [out](size_t i, double value) { out[i] = value; });
        return;
      }
      case DistributionId::kNormal: {
        WordSource<G> source(state, count);
        const double mean = of.a;
        const double scale = of.b;
        fill_normal<Double>(source, count,
                            [=](size_t i, double value) { out[i] = mean + scale * value; });
        return;
      }
      case DistributionId::kStandardExponential: {
        WordSource<G> source(state, count);
        fill_exponential<Double>(source, count, [out](size_t i, double value) { out[i] = value; });
        return;
      }
      case DistributionId::kExponential: {
        WordSource<G> source(state, count);
        const double scale = of.a;
        fill_exponential<Double>(source, count,
                                 [=](size_t i, double value) { out[i] = scale * value; });
        return;
      }
      // What is made of one number of a ziggurat is made in its loop.
      case DistributionId::kLognormal: {
        WordSource<G> source(state, count);
        const double mean = of.a;
        const double scale = of.b;
        return fill_normal<Double>(source, count, [=](size_t i, double value) {
          out[i] = elementary::exp(mean + scale * value);
        });
      }
      case DistributionId::kRayleigh:
        return fill_of_exponential(state, out, count,
                                   [a = of.a](double value) { return rayleigh(value, a); });
      case DistributionId::kPareto:
        return fill_of_exponential(state, out, count,
                                   [a = of.a](double value) { return pareto(value, a); });
      case DistributionId::kPower:
        return fill_of_exponential(state, out, count,
                                   [a = of.a](double value) { return power(value, a); });
      case DistributionId::kTriangular: {
        const Triangle triangle(of.a, of.b, of.c);
        return fill_random(state, count, [=](size_t i, double value) { out[i] = triangle(value); });
      }
      default:
        fill_each<G>(state, of, out, count);
    }
  }

  void fill(State& state, const Distribution& of, float* out, size_t count) const override {
    if (count == 0) return;
    switch (of.id) {
      case DistributionId::kRandom:
        fill_random_floats(state, out, count);
        return;
      case DistributionId::kStandardNormal: {
        HalfSource<G> source(state, count);
        fill_normal<Float>(source, count, [out](size_t i, float value) { out[i] = value; });
        return;
      }
      case DistributionId::kStandardExponential: {
        HalfSource<G> source(state, count);
        fill_exponential<Float>(source, count, [out](size_t i, float value) { out[i] = value; });
        return;
      }
      case DistributionId::kInverseExponential: {
        HalfSource<G> source(state, count);
        for (size_t i = 0; i < count; ++i) out[i] = inverse_exponential<Float>(source);
        return;
      }
      case DistributionId::kStandardGamma: {
        HalfSource<G> source(state, 2 * count);
        const Gamma<Float> gamma(static_cast<float>(of.a));
        for (size_t i = 0; i < count; ++i) out[i] = gamma(source);
        return;
      }
      default:
        throw std::logic_error("this distribution has no float32 numbers");
    }
  }

  void fill(State& state, const Distribution& of, int64_t* out, size_t count) const override {
    if (count != 0) fill_each<G>(state, of, out, count);
  }

  void fill(State& state, const Varying& of, double* out, size_t count) const override {
    if (count == 0) return;
    switch (of.id) {
      case DistributionId::kUniform:
        return fill_random(state, count, [=](size_t i, double value) {
          const Distribution one = of.at(i);
          out[i] = one.a + one.b * value;
        });
      case DistributionId::kNormal: {
        WordSource<G> source(state, count);
        return fill_normal<Double>(source, count, [=](size_t i, double value) {
          const Distribution one = of.at(i);
          out[i] = one.a + one.b * value;
        });
      }
      case DistributionId::kExponential: {
        WordSource<G> source(state, count);
        return fill_exponential<Double>(
            source, count, [=](size_t i, double value) { out[i] = of.at(i).a * value; });
      }
      default:
        fill_varying<G>(state, of, out, count);
    }
  }
  void fill(State& state, const Varying& of, int64_t* out, size_t count) const override {
    if (count != 0) fill_varying<G>(state, of, out, count);
  }
  void fill(State& state, const Varying& of, float* out, size_t count) const override {
    if (of.id != DistributionId::kStandardGamma) {
      throw std::logic_error("this distribution has no float32 numbers of parameters");
    }
    HalfSource<G> source(state, 2 * count);
    for (size_t i = 0; i < count; ++i) {
      out[i] = standard_gamma<Float>(source, static_cast<float>(of.at(i).a));
    }
  }

  void fill(State& state, const Rows& of, double* out) const override {
    fill_rows<G>(state, of, out);
  }
  void fill(State& state, const Shares& of, double* out) const override {
    WordSource<G> source(state, of.rows * of.kinds);
    dirichlet(source, of, out);
  }
  void fill(State& state, const Rows& of, int64_t* out) const override {
    fill_rows<G>(state, of, out);
  }

  void fill_raw(State& state, uint64_t* out, size_t count) const override {
    G generator = settled<G>(state);
    if constexpr (G::kNarrow) {
      generator.bulk32(count, [out](size_t i, uint32_t bits) { out[i] = bits; });
    } else {
      generator.bulk(count, [out](size_t i, uint64_t bits) { out[i] = bits; });
    }
    generator.store(head_of<G>(state));
  }

  void fill_integers(State& state, const Range& range, Element element, void* out,
                     size_t count) const override {
    with_element(element, out, [&](auto* data) { integers<G>(state, range, data, count); });
  }
  void fill_integers(State& state, Draw draw, const uint64_t* lows, const uint64_t* ranges,
                     Element element, void* out, size_t count) const override {
    with_element(element, out,
                 [&](auto* data) { varying_integers<G>(state, draw, lows, ranges, data, count); });
  }

  void shuffle(State& state, unsigned char* data, size_t count, size_t size,
               size_t stride) const override {
    if (count < 2) return;
    HalfSource<G> source(state, count + count / 2);
    swap_elements(source, data, count, size, stride);
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
    // Ranges of 32 bits and of 64 may meet in one call.
    MixedSource<G> source(state);
    if (population > 10000 && count > population / (shuffled ? 50 : 20)) {
      sample_tail(source, out, population, count);
    } else {
      sample_floyd(source, out, population, count, shuffled);
    }
  }

 private:
  static void store_anew(State& state, const G& generator) {
    generator.store(head_of<G>(state));
    state.has_half = 0;
    state.half = 0;
    state.left = 0;
    state.size = 0;
  }

  template <typename Make>
  static void fill_of_exponential(State& state, double* out, size_t count, Make&& make) {
    WordSource<G> source(state, count);
    fill_exponential<Double>(source, count, [&](size_t i, double value) { out[i] = make(value); });
  }

  template <typename Put>
  static void fill_random(State& state, size_t count, Put&& put) {
    G generator = settled<G>(state);
    generator.bulk(count, [&](size_t i, uint64_t bits) { put(i, G::to_double(bits)); });
    generator.store(head_of<G>(state));
  }

  static void fill_random_floats(State& state, float* out, size_t count) {
    G generator = settled<G>(state);
    if constexpr (G::kNarrow) {
      generator.bulk32(count, [out](size_t i, uint32_t bits) { out[i] = to_float(bits); });
      generator.store(head_of<G>(state));
    } else {
      fill_halves(state, generator, out, count);
    }
  }

  static void fill_halves(State& state, G& generator, float* out, size_t count) {
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
    generator.store(head_of<G>(state));
  }
};

}  // namespace heddle::random
