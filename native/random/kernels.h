// What the module does with a bit generator: one implementation for each kind, chosen by the state.
//
// The kernels know nothing of JavaScript. Each takes the state, and the state stands after the last
// draw used when it returns. kernels_of.h implements them for any generator; pcg64.cpp and so on
// each compile them for one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "random/state.h"

namespace heddle::random {

// src/random/distributions/ has the same numbers; beside each are its parameters.
enum class DistributionId : uint32_t {
  kRandom = 0,
  kUniform = 1,               // low, range
  kStandardNormal = 2,        //
  kNormal = 3,                // mean, scale
  kStandardExponential = 4,   //
  kExponential = 5,           // scale
  kInverseExponential = 6,    //
  kStandardGamma = 7,         // shape
  kGamma = 8,                 // shape, scale
  kBeta = 9,                  // a, b
  kChisquare = 10,            // degrees of freedom
  kPoisson = 11,              // mean
  kBinomial = 12,             // n, p
  kLognormal = 13,            // mean, scale of the logarithm
  kLaplace = 14,              // location, scale
  kStudent = 15,              // degrees of freedom
  kGeometric = 16,            // p
  kLogistic = 17,             // location, scale
  kGumbel = 18,               // location, scale
  kRayleigh = 19,             // scale
  kFisher = 20,               // degrees of freedom: numerator, denominator
  kHypergeometric = 21,       // good, bad, sample
  kLogseries = 22,            // p
  kNegativeBinomial = 23,     // n, p
  kNoncentralChisquare = 24,  // degrees of freedom, noncentrality
  kNoncentralFisher = 25,     // degrees of freedom: numerator, denominator; noncentrality
  kPareto = 26,               // a
  kPower = 27,                // a
  kWeibull = 28,              // a
  kStandardCauchy = 29,       //
  kTriangular = 30,           // left, mode, right
  kVonMises = 31,             // mode, concentration
  kWald = 32,                 // mean, scale
  kZipf = 33,                 // a
};

struct Distribution {
  DistributionId id = DistributionId::kRandom;
  double a = 0;
  double b = 0;
  double c = 0;
};

// A distribution whose parameters are other ones for each number; a step of 0 is one for all.
struct Varying {
  DistributionId id = DistributionId::kRandom;
  std::array<const double*, 3> values{};
  std::array<size_t, 3> steps{};

  Distribution at(size_t i) const {
    return {id, values[0][i * steps[0]], values[1][i * steps[1]], values[2][i * steps[2]]};
  }
};

// Counts of several kinds, a row of them for each draw.
struct Rows {
  enum class Method { kMultinomial, kMarginals, kCount };
  Method method = Method::kMultinomial;
  size_t kinds = 0;
  size_t rows = 0;
  // Of the multinomial: trials of each row, and the chances, one row of them or as many as rows.
  const int64_t* trials = nullptr;
  const double* chances = nullptr;
  size_t chances_step = 0;
  // Of the others: how many there are of each kind, their sum, how many are drawn.
  const int64_t* colors = nullptr;
  int64_t total = 0;
  int64_t sample = 0;
};

// Vectors of the Dirichlet distribution.
struct Shares {
  const double* weights = nullptr;
  size_t kinds = 0;
  size_t rows = 0;
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
  // To the place after `times` times 2^128 outputs, where there is no advance().
  virtual void jump(State& state, uint64_t times) const = 0;

  // One number for a scalar, from the block.
  virtual double draw(State& state, const Block& block, const Distribution& of) const = 0;

  virtual void fill(State& state, const Distribution& of, double* out, size_t count) const = 0;
  virtual void fill(State& state, const Distribution& of, float* out, size_t count) const = 0;
  // Counts as integers.
  virtual void fill(State& state, const Distribution& of, int64_t* out, size_t count) const = 0;
  virtual void fill(State& state, const Varying& of, double* out, size_t count) const = 0;
  virtual void fill(State& state, const Varying& of, float* out, size_t count) const = 0;
  virtual void fill(State& state, const Varying& of, int64_t* out, size_t count) const = 0;
  // `out` is zero before.
  virtual void fill(State& state, const Rows& of, double* out) const = 0;
  virtual void fill(State& state, const Rows& of, int64_t* out) const = 0;
  virtual void fill(State& state, const Shares& of, double* out) const = 0;
  virtual void fill_raw(State& state, uint64_t* out, size_t count) const = 0;
  virtual void fill_integers(State& state, const Range& range, Element element, void* out,
                             size_t count) const = 0;
  // The same with a range for each.
  virtual void fill_integers(State& state, Draw draw, const uint64_t* lows, const uint64_t* ranges,
                             Element element, void* out, size_t count) const = 0;

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
const Kernels& mt19937_kernels();

}  // namespace heddle::random
