// The kernels' code; included by one file for each instruction set, inside an unnamed namespace.
//
// Vectors are the compiler's own (GCC and Clang), of as many bytes as the instruction set has;
// other compilers get loops over small arrays. Sums run in kLanes lanes and are reduced in one
// order, so that every way of computing a pair's value gives the same bits.

#if defined(__AVX512F__)
constexpr int64_t kWidth = 8;  // doubles in a vector
#elif defined(__AVX__)
constexpr int64_t kWidth = 4;
#else
constexpr int64_t kWidth = 2;
#endif
constexpr int64_t kParts = kLanes / kWidth;

#if defined(__GNUC__)
typedef double Vector __attribute__((vector_size(kWidth * sizeof(double))));
typedef double Loose __attribute__((vector_size(kWidth * sizeof(double)), aligned(8)));
typedef int64_t Bits __attribute__((vector_size(kWidth * sizeof(double))));
typedef float Half __attribute__((vector_size(kWidth * sizeof(float)), aligned(4)));

inline Vector load(const double* from) { return *reinterpret_cast<const Loose*>(from); }
inline Vector load(const float* from) {
  return __builtin_convertvector(*reinterpret_cast<const Half*>(from), Vector);
}
inline void store(double* to, const Vector& value) { *reinterpret_cast<Loose*>(to) = value; }
inline void store(float* to, const Vector& value) {
  *reinterpret_cast<Half*>(to) = __builtin_convertvector(value, Half);
}
inline Vector absolute(const Vector& value) {
  const Bits mask = Bits{} + INT64_MAX;
  return reinterpret_cast<Vector>(reinterpret_cast<Bits>(value) & mask);
}
inline Vector maximum(const Vector& a, const Vector& b) { return a > b ? a : b; }
// What the bits select of a number.
inline Vector where(const Bits& mask, double value) {
  const Vector all = Vector{} + value;
  return reinterpret_cast<Vector>(reinterpret_cast<Bits>(all) & mask);
}
inline Vector differing(const Vector& a, const Vector& b) { return where(a != b, 1); }
inline Vector set_counts(const Vector& a, const Vector& b, double either) {
  const Bits in_a = a != Vector{};
  const Bits in_b = b != Vector{};
  return where(in_a | in_b, either) + where(in_a & in_b, 1);
}
template <typename F>
inline Vector each(const Vector& a, F f) {
  Vector out = a;
  for (int64_t i = 0; i < kWidth; ++i) out[i] = f(a[i]);
  return out;
}
#include "neighbors/kernels_powers.h"
#else
struct Vector {
  double v[kWidth];
  double& operator[](int64_t i) { return v[i]; }
  double operator[](int64_t i) const { return v[i]; }
};
template <typename F>
inline Vector apply(const Vector& a, const Vector& b, F f) {
  Vector out;
  for (int64_t i = 0; i < kWidth; ++i) out.v[i] = f(a.v[i], b.v[i]);
  return out;
}
inline Vector operator+(const Vector& a, const Vector& b) {
  return apply(a, b, [](double x, double y) { return x + y; });
}
inline Vector operator-(const Vector& a, const Vector& b) {
  return apply(a, b, [](double x, double y) { return x - y; });
}
inline Vector operator*(const Vector& a, const Vector& b) {
  return apply(a, b, [](double x, double y) { return x * y; });
}
inline Vector operator-(const Vector& a, double b) {
  return apply(a, a, [b](double x, double) { return x - b; });
}
inline Vector operator*(const Vector& a, double b) {
  return apply(a, a, [b](double x, double) { return x * b; });
}
inline Vector operator-(double a, const Vector& b) {
  return apply(b, b, [a](double x, double) { return a - x; });
}
template <typename T>
inline Vector load(const T* from) {
  Vector out;
  for (int64_t i = 0; i < kWidth; ++i) out.v[i] = static_cast<double>(from[i]);
  return out;
}
template <typename T>
inline void store(T* to, const Vector& value) {
  for (int64_t i = 0; i < kWidth; ++i) to[i] = static_cast<T>(value.v[i]);
}
inline Vector absolute(const Vector& value) {
  return apply(value, value, [](double x, double) { return x < 0 ? -x : x; });
}
inline Vector maximum(const Vector& a, const Vector& b) {
  return apply(a, b, [](double x, double y) { return x > y ? x : y; });
}
inline Vector differing(const Vector& a, const Vector& b) {
  return apply(a, b, [](double x, double y) { return x != y ? 1.0 : 0.0; });
}
inline Vector set_counts(const Vector& a, const Vector& b, double either) {
  return apply(a, b, [either](double x, double y) {
    return (x != 0 || y != 0 ? either : 0.0) + (x != 0 && y != 0 ? 1.0 : 0.0);
  });
}
template <typename F>
inline Vector each(const Vector& a, F f) {
  return apply(a, a, [f](double x, double) { return f(x); });
}
inline Vector rough_power(const Vector& base, double p) {
  return each(base, [p](double value) { return power_of(value, p); });
}
#endif

inline double absolute(double value) { return value < 0 ? -value : value; }
inline double maximum(double a, double b) { return a > b ? a : b; }
inline double differing(double a, double b) { return a != b ? 1 : 0; }
inline double set_counts(double a, double b, double either) {
  return (a != 0 || b != 0 ? either : 0.0) + (a != 0 && b != 0 ? 1.0 : 0.0);
}
template <typename F>
inline double each(double a, F f) {
  return f(a);
}
inline double rough_power(double base, double p) { return power_of(base, p); }

// How a family raises to its power: the whole number, and its highest bit but one.
struct Exponent {
  double p;
  uint32_t whole;
  uint32_t second;
};

template <Family F>
inline Exponent exponent_of(double p) {
  Exponent exponent{p, 1, 0};
  if constexpr (F == Family::kWholePowers || F == Family::kHalfPowers) {
    exponent.whole = static_cast<uint32_t>(F == Family::kHalfPowers ? 2 * p : p);
    uint32_t top = 1;
    while (top <= exponent.whole / 2) top *= 2;
    exponent.second = top / 2;
  }
  return exponent;
}

// By squaring, so that a power costs a few products; V is Vector or double.
template <typename V>
inline V whole_power(const V& base, const Exponent& exponent) {
  V power = base;
  for (uint32_t bit = exponent.second; bit != 0; bit /= 2) {
    power = power * power;
    if ((exponent.whole & bit) != 0) power = power * base;
  }
  return power;
}

template <Family F, typename V>
inline V power(const V& base, const Exponent& exponent) {
  if constexpr (F == Family::kWholePowers) {
    return whole_power(base, exponent);
  } else if constexpr (F == Family::kHalfPowers) {
#if defined(__GNUC__)
    return whole_power(each(base, [](double value) { return __builtin_sqrt(value); }), exponent);
#else
    return whole_power(each(base, [](double value) { return root_of(value); }), exponent);
#endif
  } else if constexpr (F == Family::kRoughPowers) {
    return rough_power(base, exponent.p);
  } else {
    return each(base, [&](double value) { return power_of(value, exponent.p); });
  }
}

// One column more in a sum; V is Vector or double.
template <Family F, typename V>
inline V step(const V& sum, const V& x, const V& y, const Exponent& exponent) {
  if constexpr (F == Family::kSquares) {
    const V difference = x - y;
    return sum + difference * difference;
  } else if constexpr (F == Family::kProduct) {
    return sum - x * y;
  } else if constexpr (F == Family::kAbsolute) {
    return sum + absolute(x - y);
  } else if constexpr (F == Family::kMaximum) {
    return maximum(sum, absolute(x - y));
  } else if constexpr (F == Family::kDifferences) {
    return sum + differing(x, y);
  } else if constexpr (F == Family::kSets) {
    return sum + set_counts(x, y, static_cast<double>(kMaxSetColumns));
  } else {
    return sum + power<F>(absolute(x - y), exponent);
  }
}

// The ranking value of a sum over all columns.
template <Family F, typename V>
inline V conclude(const V& sum) {
  if constexpr (F == Family::kSets) {
    return each(sum, [](double counts) {
      const int64_t whole = static_cast<int64_t>(counts) / kMaxSetColumns;
      const auto either = static_cast<double>(whole);
      const double both = counts - either * static_cast<double>(kMaxSetColumns);
      return either == 0 ? 0 : (either - both) / either;
    });
  } else {
    return sum;
  }
}

template <Family F, typename V>
inline V merge(const V& a, const V& b) {
  if constexpr (F == Family::kMaximum) {
    return maximum(a, b);
  } else {
    return a + b;
  }
}

// The sum of all lanes, always in this order.
template <Family F, typename V>
inline V reduce(const V* lane) {
  return conclude<F>(merge<F>(merge<F>(merge<F>(lane[0], lane[4]), merge<F>(lane[2], lane[6])),
                              merge<F>(merge<F>(lane[1], lane[5]), merge<F>(lane[3], lane[7]))));
}

template <Family F, typename T>
inline double pair(const T* x, const T* y, int64_t length, double p) {
  if constexpr (F == Family::kHaversine) {
    const double from[3] = {x[0], x[1], x[2]};
    const double to[3] = {y[0], y[1], y[2]};
    return haversine_of(from, to);
  }
  const Exponent exponent = exponent_of<F>(p);
  Vector sum[kParts] = {};
  int64_t i = 0;
  for (; i + kLanes <= length; i += kLanes) {
    for (int64_t part = 0; part < kParts; ++part) {
      const int64_t at = i + part * kWidth;
      sum[part] = step<F>(sum[part], load(x + at), load(y + at), exponent);
    }
  }
  double lane[kLanes];
  for (int64_t part = 0; part < kParts; ++part) store(lane + part * kWidth, sum[part]);
  for (int64_t l = 0; i + l < length; ++l) {
    lane[l] =
        step<F>(lane[l], static_cast<double>(x[i + l]), static_cast<double>(y[i + l]), exponent);
  }
  return reduce<F>(lane);
}

template <Family F, typename T>
void column(const T* x, const T* y, int64_t y_stride, int64_t rows, int64_t length, double p,
            double* out) {
  for (int64_t r = 0; r < rows; ++r) out[r] = pair<F, T>(x, y + r * y_stride, length, p);
}

// Rows of x that share what is loaded of the panel: as many as the registers hold.
constexpr int64_t kTogether = kWidth == 8 ? 2 : 1;

template <Family F, int64_t R>
void panel_rows(const double* x, int64_t x_stride, const double* panel, int64_t length,
                const Exponent& exponent, double* out, int64_t out_stride) {
  for (int64_t part = 0; part < kPanel / kWidth; ++part) {
    Vector lane[R][kLanes] = {};
    const double* y = panel + part * kWidth;
    for (int64_t i = 0; i < length; i += kLanes) {
      for (int64_t l = 0; l < kLanes; ++l) {
        const Vector column = load(y + (i + l) * kPanel);
        for (int64_t r = 0; r < R; ++r) {
          const double value = x[r * x_stride + i + l];
          if constexpr (F == Family::kSquares) {
            // (y - x)² is (x - y)² to the last bit, and the scalar is broadcast once.
            const Vector difference = column - value;
            lane[r][l] = lane[r][l] + difference * difference;
          } else if constexpr (F == Family::kProduct) {
            lane[r][l] = lane[r][l] - column * value;
          } else if constexpr (F == Family::kAbsolute || F == Family::kMaximum) {
            lane[r][l] = merge<F>(lane[r][l], absolute(column - value));
          } else {
            lane[r][l] = step<F>(lane[r][l], column, Vector{} + value, exponent);
          }
        }
      }
    }
    for (int64_t r = 0; r < R; ++r) {
      store(out + r * out_stride + part * kWidth, reduce<F>(lane[r]));
    }
  }
}

template <Family F>
void panel(const double* x, int64_t x_stride, int64_t rows, const double* from, int64_t length,
           double p, double* out, int64_t out_stride) {
  const Exponent exponent = exponent_of<F>(p);
  int64_t r = 0;
  for (; r + kTogether <= rows; r += kTogether) {
    panel_rows<F, kTogether>(x + r * x_stride, x_stride, from, length, exponent,
                             out + r * out_stride, out_stride);
  }
  for (; r < rows; ++r) {
    panel_rows<F, 1>(x + r * x_stride, x_stride, from, length, exponent, out + r * out_stride,
                     out_stride);
  }
}

// Points of a sphere have three columns, of which each pair needs all at once.
template <>
void panel<Family::kHaversine>(const double* x, int64_t x_stride, int64_t rows, const double* from,
                               int64_t, double, double* out, int64_t out_stride) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t j = 0; j < kPanel; ++j) {
      const double to[3] = {from[j], from[kPanel + j], from[2 * kPanel + j]};
      out[r * out_stride + j] = haversine_of(x + r * x_stride, to);
    }
  }
}

template <bool kCentred, typename From, typename To>
double convert_as(const From* row, int64_t length, const double* centre, double scale, To* out) {
  Vector sum[2] = {};
  int64_t i = 0;
  for (; i + 2 * kWidth <= length; i += 2 * kWidth) {
    for (int64_t p = 0; p < 2; ++p) {
      const int64_t at = i + p * kWidth;
      Vector value = load(row + at) * scale;
      if constexpr (kCentred) value = value - load(centre + at);
      store(out + at, value);
      const Vector kept = load(out + at);
      sum[p] = sum[p] + kept * kept;
    }
  }
  double total = 0;
  for (int64_t w = 0; w < kWidth; ++w) total += sum[0][w] + sum[1][w];
  for (; i < length; ++i) {
    double value = static_cast<double>(row[i]) * scale;
    if constexpr (kCentred) value -= centre[i];
    out[i] = static_cast<To>(value);
    total += static_cast<double>(out[i]) * static_cast<double>(out[i]);
  }
  return total;
}

template <typename From, typename To>
double convert(const From* row, int64_t length, const double* centre, double scale, To* out) {
  return centre != nullptr ? convert_as<true>(row, length, centre, scale, out)
                           : convert_as<false>(row, length, centre, scale, out);
}

// ---- Scans: which sums are at most the limit ---------------------------------------------------

template <typename T>
struct Group;  // how many values one comparison covers, and its result as bits

#if defined(__AVX512F__)
template <>
struct Group<float> {
  static constexpr int kSize = 16;
  static uint32_t hits(const float* values, const float* bias, float limit) {
    const __m512 sum = _mm512_add_ps(_mm512_loadu_ps(values), _mm512_loadu_ps(bias));
    return _mm512_cmp_ps_mask(sum, _mm512_set1_ps(limit), _CMP_NGT_UQ);
  }
};
template <>
struct Group<double> {
  static constexpr int kSize = 8;
  static uint32_t hits(const double* values, const double* bias, double limit) {
    const __m512d sum = _mm512_add_pd(_mm512_loadu_pd(values), _mm512_loadu_pd(bias));
    return _mm512_cmp_pd_mask(sum, _mm512_set1_pd(limit), _CMP_NGT_UQ);
  }
};
#elif defined(__AVX__)
template <>
struct Group<float> {
  static constexpr int kSize = 8;
  static uint32_t hits(const float* values, const float* bias, float limit) {
    const __m256 sum = _mm256_add_ps(_mm256_loadu_ps(values), _mm256_loadu_ps(bias));
    return static_cast<uint32_t>(
        _mm256_movemask_ps(_mm256_cmp_ps(sum, _mm256_set1_ps(limit), _CMP_NGT_UQ)));
  }
};
template <>
struct Group<double> {
  static constexpr int kSize = 4;
  static uint32_t hits(const double* values, const double* bias, double limit) {
    const __m256d sum = _mm256_add_pd(_mm256_loadu_pd(values), _mm256_loadu_pd(bias));
    return static_cast<uint32_t>(
        _mm256_movemask_pd(_mm256_cmp_pd(sum, _mm256_set1_pd(limit), _CMP_NGT_UQ)));
  }
};
#elif defined(__SSE2__)
template <>
struct Group<float> {
  static constexpr int kSize = 4;
  static uint32_t hits(const float* values, const float* bias, float limit) {
    const __m128 sum = _mm_add_ps(_mm_loadu_ps(values), _mm_loadu_ps(bias));
    return static_cast<uint32_t>(_mm_movemask_ps(_mm_cmpngt_ps(sum, _mm_set1_ps(limit))));
  }
};
template <>
struct Group<double> {
  static constexpr int kSize = 2;
  static uint32_t hits(const double* values, const double* bias, double limit) {
    const __m128d sum = _mm_add_pd(_mm_loadu_pd(values), _mm_loadu_pd(bias));
    return static_cast<uint32_t>(_mm_movemask_pd(_mm_cmpngt_pd(sum, _mm_set1_pd(limit))));
  }
};
#else
template <typename T>
struct Group {
  static constexpr int kSize = 8;
  static uint32_t hits(const T* values, const T* bias, T limit) {
    uint32_t bits = 0;
    for (int i = 0; i < kSize; ++i) bits |= uint32_t{!(values[i] + bias[i] > limit)} << i;
    return bits;
  }
};
#endif

inline int lowest(uint32_t bits) {
#if defined(__GNUC__)
  return __builtin_ctz(bits);
#else
  int at = 0;
  while ((bits & 1u) == 0) {
    bits >>= 1;
    ++at;
  }
  return at;
#endif
}

template <typename T>
int64_t scan(const T* values, const T* bias, int64_t length, T limit, int32_t* hits) {
  constexpr int kSize = Group<T>::kSize;
  int64_t found = 0;
  int64_t i = 0;
  for (; i + kSize <= length; i += kSize) {
    uint32_t bits = Group<T>::hits(values + i, bias + i, limit);
    while (bits != 0) {
      hits[found++] = static_cast<int32_t>(i + lowest(bits));
      bits &= bits - 1;
    }
  }
  for (; i < length; ++i) {
    if (!(values[i] + bias[i] > limit)) hits[found++] = static_cast<int32_t>(i);
  }
  return found;
}

#define HEDDLE_ALL_FAMILIES(kernel)                                                              \
  kernel(kSquares), kernel(kProduct), kernel(kAbsolute), kernel(kMaximum), kernel(kWholePowers), \
      kernel(kHalfPowers), kernel(kPowers), kernel(kRoughPowers), kernel(kDifferences),          \
      kernel(kSets), kernel(kHaversine)
#define HEDDLE_PAIR64(family) pair<Family::family, double>
#define HEDDLE_PAIR32(family) pair<Family::family, float>
#define HEDDLE_COLUMN64(family) column<Family::family, double>
#define HEDDLE_COLUMN32(family) column<Family::family, float>
#define HEDDLE_PANEL(family) panel<Family::family>

constexpr Kernels table(const char* name) {
  return {
      name,
      {HEDDLE_ALL_FAMILIES(HEDDLE_PAIR64)},
      {HEDDLE_ALL_FAMILIES(HEDDLE_PAIR32)},
      {HEDDLE_ALL_FAMILIES(HEDDLE_COLUMN64)},
      {HEDDLE_ALL_FAMILIES(HEDDLE_COLUMN32)},
      {HEDDLE_ALL_FAMILIES(HEDDLE_PANEL)},
      convert<double, double>,
      convert<double, float>,
      convert<float, double>,
      convert<float, float>,
      scan<float>,
      scan<double>,
  };
}

#undef HEDDLE_ALL_FAMILIES
#undef HEDDLE_PAIR64
#undef HEDDLE_PAIR32
#undef HEDDLE_COLUMN64
#undef HEDDLE_COLUMN32
#undef HEDDLE_PANEL
