// What the module does with a bit generator: one implementation for each kind, chosen by the state.
//
// The kernels know nothing of JavaScript. Each takes the state, and the state stands after the last
// draw used when it returns. kernels_of.h implements them for any generator; pcg64.cpp and so on
// each compile them for one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "random/state.h"

namespace heddle::random {

// src/random/native.ts has the same numbers.
enum class Distribution : uint32_t {
  kRandom = 0,
  kUniform = 1,              // low, range
  kStandardNormal = 2,       //
  kNormal = 3,               // mean, scale
  kStandardExponential = 4,  //
  kExponential = 5,          // scale
  kInverseExponential = 6,   //
  kStandardGamma = 7,        // shape
  kGamma = 8,                // shape, scale
  kBeta = 9,                 // a, b
  kChisquare = 10,           // degrees of freedom
  kPoisson = 11,             // mean
  kBinomial = 12,            // n, p
  kLognormal = 13,           // mean, scale of the logarithm
  kLaplace = 14,             // location, scale
  kStudent = 15,             // degrees of freedom
  kGeometric = 16,           // p
};

struct Law {
  Distribution distribution = Distribution::kRandom;
  double a = 0;
  double b = 0;
};

// Integers are drawn as one type and may be written as another.
enum class Draw : uint32_t { kBit = 0, k8 = 1, k16 = 2, k32 = 3, k64 = 4 };
enum class Element : uint32_t {
  kInt8,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kFloat32,
  kFloat64,
  kBigInt64,
  kBigUint64,
};

struct Range {
  Draw draw = Draw::k64;
  uint64_t low = 0;    // the smallest value, modulo 2^64
  uint64_t range = 0;  // the largest less the smallest
};

class Kernels {
 public:
  virtual ~Kernels() = default;

  virtual void seed(State& state, const uint64_t* words) const = 0;
  virtual void settle(State& state) const = 0;
  // Whether it can be moved to a far place; skip() and advance() of one that can't step or throw.
  virtual bool advances() const = 0;
  virtual void advance(State& state, const uint64_t* delta) const = 0;
  virtual void skip(State& state, uint64_t outputs) const = 0;

  virtual void refill(State& state, const Block& block) const = 0;
  // One number for a scalar, from the block.
  virtual double draw(State& state, const Block& block, const Law& law) const = 0;

  virtual void fill(State& state, const Law& law, double* out, size_t count) const = 0;
  virtual void fill(State& state, const Law& law, float* out, size_t count) const = 0;
  // Poisson and binomial numbers as integers.
  virtual void fill(State& state, const Law& law, int64_t* out, size_t count) const = 0;
  virtual void fill_raw(State& state, uint64_t* out, size_t count) const = 0;
  virtual void fill_integers(State& state, const Range& range, Element element, void* out,
                             size_t count) const = 0;

  // Swaps elements of `size` bytes that lie `stride` bytes apart, from the last one down.
  virtual void shuffle(State& state, unsigned char* data, size_t count, size_t size,
                       size_t stride) const = 0;
  // The partners that a shuffle of `count` swaps with, from the last element down to the second.
  virtual void shuffle_partners(State& state, uint32_t* out, size_t count) const = 0;
  // `count` different numbers below `population`, `shuffled` or in the order that they were found.
  virtual void sample(State& state, double* out, uint64_t population, size_t count,
                      bool shuffled) const = 0;
};

// The kernels of a kind; null where there is no such kind.
const Kernels* kernels(Kind kind);

const Kernels& pcg64_kernels();
const Kernels& pcg64dxsm_kernels();
const Kernels& philox_kernels();
const Kernels& sfc64_kernels();

}  // namespace heddle::random
