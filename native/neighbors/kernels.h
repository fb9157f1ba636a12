// The inner loops of the neighbour search, compiled once for each instruction set.
//
// Owns nothing: a table of functions, chosen at the first use by what the processor has. The addon
// is compiled for the oldest processor that it supports, so files with wider vectors are compiled
// with flags of their own and include no library header whose inline functions could leak out.
#pragma once

#include <cstdint>

namespace heddle::neighbors {

// What is summed over the columns of two rows. A ranking value: smaller is nearer.
enum class Family {
  kSquares,      // Σ(x-y)²
  kProduct,      // -Σxy
  kAbsolute,     // Σ|x-y|
  kMaximum,      // max|x-y|
  kWholePowers,  // Σ|x-y|^p for a whole p
  kHalfPowers,   // … for a p that is a whole number and a half
  kPowers,       // … for any p
  kRoughPowers,  // the same to about nine digits, in panels: see bound_slack()
  kDifferences,  // the number of columns that differ
  kSets,         // of the columns that are not zero in both, the part that is zero in one
  kHaversine,  // the squared chord between two points of a sphere: latitude, longitude, its cosine
};
constexpr int kFamilies = 11;

// Two counts of up to this many columns fit into one sum (kSets).
constexpr int64_t kMaxSetColumns = int64_t{1} << 26;

// Columns are summed in this many interleaved lanes, whatever the vectors of the processor are, so
// that a pair of rows has one ranking value however it is computed.
constexpr int64_t kLanes = 8;
// Rows of Y in a panel.
constexpr int64_t kPanel = 8;

constexpr int64_t padded(int64_t length) { return (length + kLanes - 1) / kLanes * kLanes; }

struct Kernels {
  const char* name;

  // The ranking value of two contiguous rows, in float64. `p` is the power, where there is one.
  double (*pair64[kFamilies])(const double* x, const double* y, int64_t length, double p);
  double (*pair32[kFamilies])(const float* x, const float* y, int64_t length, double p);

  // The same of one row and `rows` rows that lie `y_stride` elements apart.
  void (*column64[kFamilies])(const double* x, const double* y, int64_t y_stride, int64_t rows,
                              int64_t length, double p, double* out);
  void (*column32[kFamilies])(const float* x, const float* y, int64_t y_stride, int64_t rows,
                              int64_t length, double p, double* out);

  // The same values, to the last bit, of `rows` rows (zero-padded to `length`, a multiple of
  // kLanes) and the kPanel rows of a panel: out[r * out_stride + j].
  void (*panel[kFamilies])(const double* x, int64_t x_stride, int64_t rows, const double* panel,
                           int64_t length, double p, double* out, int64_t out_stride);

  // out[i] = row[i] * scale - centre[i] (no centre: null); returns Σ out².
  double (*convert_dd)(const double* row, int64_t length, const double* centre, double scale,
                       double* out);
  double (*convert_ds)(const double* row, int64_t length, const double* centre, double scale,
                       float* out);
  double (*convert_sd)(const float* row, int64_t length, const double* centre, double scale,
                       double* out);
  double (*convert_ss)(const float* row, int64_t length, const double* centre, double scale,
                       float* out);

  // Writes to `hits` each i below `length` with values[i] + bias[i] <= limit, in order; returns
  // how many. A sum that is NaN is a hit.
  int64_t (*scan32)(const float* values, const float* bias, int64_t length, float limit,
                    int32_t* hits);
  int64_t (*scan64)(const double* values, const double* bias, int64_t length, double limit,
                    int32_t* hits);
};

// What the kernels take from the C library, so that no inline function of it is compiled with them.
double power_of(double base, double exponent);
double root_of(double value);
double haversine_of(const double* x, const double* y);

// The table for this processor.
const Kernels& kernels();
// Takes another one, for tests: "baseline", "avx2" or "avx512". False where it can't run here.
bool use_kernels(const char* name);

const Kernels* baseline_kernels();
const Kernels* avx2_kernels();    // null where it was not compiled
const Kernels* avx512_kernels();  // null where it was not compiled

}  // namespace heddle::neighbors
