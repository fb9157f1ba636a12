// Vectors of lanes, and how matrices get into them and out: a part of lanes_impl.h.
// They are the compiler's own (GCC and Clang), of as many bytes as the instruction set has.

#if defined(__AVX512F__)
constexpr int64_t kBytes = 64;
constexpr int64_t kTileRows = 4;  // as many as leave registers for a tile's factors
#elif defined(__AVX__)
constexpr int64_t kBytes = 32;
constexpr int64_t kTileRows = 2;
#else
constexpr int64_t kBytes = 16;
constexpr int64_t kTileRows = 2;
#endif

template <typename T>
struct Simd;
template <>
struct Simd<double> {
  typedef double Vector __attribute__((vector_size(kBytes)));
  typedef int64_t Bits __attribute__((vector_size(kBytes)));
  using Index = int64_t;
  static constexpr double kEpsilon = 2.220446049250313e-16;
  static constexpr double kTiny = 2.2250738585072014e-308 * 4;
  static constexpr double kHuge = 1.7976931348623157e+308 / 4;
  // Sums of squares that are no smaller have all their digits, and squares of numbers larger than
  // kNegligible are; beside a number of kLeast that one is nothing. Sums of squares of numbers up
  // to kMost are finite.
  static constexpr double kLeastSquare = 1e-290;
  static constexpr double kNegligible = 1e-140;
  static constexpr double kLeast = 1e-120;
  static constexpr double kMost = 1e120;
};
template <>
struct Simd<float> {
  typedef float Vector __attribute__((vector_size(kBytes)));
  typedef int32_t Bits __attribute__((vector_size(kBytes)));
  using Index = int32_t;
  static constexpr float kEpsilon = 1.1920929e-07F;
  static constexpr float kTiny = 1.17549435e-38F * 4;
  static constexpr float kHuge = 3.40282347e+38F / 4;
  static constexpr float kLeastSquare = 1e-35F;
  static constexpr float kNegligible = 1e-17F;
  static constexpr float kLeast = 1e-10F;
  static constexpr float kMost = 1e17F;
};
template <typename T>
using Vector = typename Simd<T>::Vector;
template <typename T>
using Bits = typename Simd<T>::Bits;
template <typename T>
using Index = typename Simd<T>::Index;
template <typename T>
constexpr int64_t kLanes = kBytes / static_cast<int64_t>(sizeof(T));

// A number of things that is known when the code is compiled.
template <int64_t N>
struct Count {
  static constexpr int64_t kCount = N;
};

template <typename T>
inline Vector<T>* vectors(T* memory) {
  return reinterpret_cast<Vector<T>*>(memory);
}

template <typename T>
inline Vector<T> absolute(const Vector<T>& x) {
  return x < 0 ? -x : x;
}

// (GCC 12 warns of an uninitialized value in the AVX-512 roots without a mask.)
// The square roots, and the lanes whose bits are set (all of them or none).
#if defined(__AVX512F__)
inline Vector<double> root(const Vector<double>& x) { return _mm512_maskz_sqrt_pd(0xff, x); }
inline Vector<float> root(const Vector<float>& x) { return _mm512_maskz_sqrt_ps(0xffff, x); }
inline Vector<double> first_reciprocal_root(const Vector<double>& x) {
  return _mm512_maskz_rsqrt14_pd(0xff, x);
}
inline Vector<float> first_reciprocal_root(const Vector<float>& x) {
  return _mm512_maskz_rsqrt14_ps(0xffff, x);
}
inline LaneMask mask_of(const Bits<double>& bits) {
  return _mm512_movepi64_mask(reinterpret_cast<__m512i>(bits));
}
inline LaneMask mask_of(const Bits<float>& bits) {
  return _mm512_movepi32_mask(reinterpret_cast<__m512i>(bits));
}
#elif defined(__AVX__)
inline Vector<double> root(const Vector<double>& x) { return _mm256_sqrt_pd(x); }
inline Vector<float> root(const Vector<float>& x) { return _mm256_sqrt_ps(x); }
inline LaneMask mask_of(const Bits<double>& bits) {
  return static_cast<LaneMask>(_mm256_movemask_pd(reinterpret_cast<__m256d>(bits)));
}
inline LaneMask mask_of(const Bits<float>& bits) {
  return static_cast<LaneMask>(_mm256_movemask_ps(reinterpret_cast<__m256>(bits)));
}
#elif defined(__SSE2__)
inline Vector<double> root(const Vector<double>& x) { return _mm_sqrt_pd(x); }
inline Vector<float> root(const Vector<float>& x) { return _mm_sqrt_ps(x); }
inline LaneMask mask_of(const Bits<double>& bits) {
  return static_cast<LaneMask>(_mm_movemask_pd(reinterpret_cast<__m128d>(bits)));
}
inline LaneMask mask_of(const Bits<float>& bits) {
  return static_cast<LaneMask>(_mm_movemask_ps(reinterpret_cast<__m128>(bits)));
}
#else
template <typename V>
inline V root(const V& x) {
  V result = x;
  for (std::size_t lane = 0; lane < sizeof(V) / sizeof(x[0]); ++lane) {
    if constexpr (sizeof(x[0]) == 8) {
      result[lane] = __builtin_sqrt(x[lane]);
    } else {
      result[lane] = __builtin_sqrtf(x[lane]);
    }
  }
  return result;
}
template <typename B>
inline LaneMask mask_of(const B& bits) {
  LaneMask mask = 0;
  for (std::size_t lane = 0; lane < sizeof(B) / sizeof(bits[0]); ++lane) {
    mask |= static_cast<LaneMask>(bits[lane] != 0) << lane;
  }
  return mask;
}
#endif

// One over the square root, of normal numbers, to two units in the last place. A root and a
// division, one after the other, would be half of what a sequence of rotations takes.
template <typename T>
inline Vector<T> reciprocal_root(const Vector<T>& x) {
#if defined(__AVX512F__)
  // Newton's iteration, each of which doubles the 14 bits that are right.
  const Vector<T> half = x * static_cast<T>(0.5);
  Vector<T> y = first_reciprocal_root(x);
  y += y * (static_cast<T>(0.5) - half * y * y);
  if constexpr (sizeof(T) == 8) y += y * (static_cast<T>(0.5) - half * y * y);
  return y;
#else
  return root(x) * (1 / x);  // side by side
#endif
}

// The square root of a number by one over it.
template <typename T>
inline Vector<T> root_by(const Vector<T>& x, const Vector<T>& reciprocal) {
#if defined(__AVX512F__)
  const Vector<T> y = x * reciprocal;
  return y + (x - y * y) * (reciprocal * static_cast<T>(0.5));
#else
  (void)reciprocal;
  return root(x);
#endif
}

// The same of a comparison, whose type is another one to each compiler.
template <typename T>
inline LaneMask mask_where(const Bits<T>& bits) {
  return mask_of(bits);
}

// A sum of x * 0 is 0 unless some x is not finite.
template <typename T>
inline LaneMask not_finite(const Vector<T>& sum) {
  return mask_where<T>(!(sum == 0));
}

// As many rows of a matrix as it has columns, transposed: each round puts the elements of the first
// half between those of the second.
template <typename T>
inline void transpose(Vector<T> (&rows)[kLanes<T>]) {
  constexpr int64_t kHalf = kLanes<T> / 2;
#if defined(__GNUC__) && !defined(__clang__)
  Bits<T> low = {};
  for (int64_t lane = 0; lane < kLanes<T>; ++lane) {
    low[lane] = static_cast<Index<T>>(lane / 2 + lane % 2 * kLanes<T>);
  }
  const Bits<T> high = low + static_cast<Index<T>>(kHalf);
  for (int64_t round = 1; round < kLanes<T>; round *= 2) {
    Vector<T> next[kLanes<T>];
    for (int64_t i = 0; i < kHalf; ++i) {
      next[2 * i] = __builtin_shuffle(rows[i], rows[i + kHalf], low);
      next[2 * i + 1] = __builtin_shuffle(rows[i], rows[i + kHalf], high);
    }
    for (int64_t i = 0; i < kLanes<T>; ++i) rows[i] = next[i];
  }
#else
  for (int64_t i = 0; i < kLanes<T>; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      const T x = rows[i][j];
      rows[i][j] = rows[j][i];
      rows[j][i] = x;
    }
  }
#endif
}

// The elements of a strided matrix in the order of its memory, and where in the group each one's
// vector is.
struct Order {
  Order(int64_t row_stride, int64_t column_stride, int64_t rows, int64_t columns, int64_t leading) {
    const bool by_column = row_stride == 1 && column_stride != 1;
    inner = by_column ? rows : columns;
    runs = by_column ? columns : rows;
    inner_stride = by_column ? row_stride : column_stride;
    run_stride = by_column ? column_stride : row_stride;
    inner_step = by_column ? leading : 1;
    // From the end of one line to the start of the next.
    wrap = (by_column ? 1 : leading) - inner * inner_step;
    length = inner;
    if (inner_stride == 1 && run_stride == inner) {  // all in one
      length *= runs;
      runs = 1;
    }
  }

  // The vector for this element; goes on to the next one.
  int64_t next() {
    const int64_t now = at;
    at += inner_step;
    if (++in_line == inner) {
      in_line = 0;
      at += wrap;
    }
    return now;
  }

  int64_t runs;    // stretches with one stride
  int64_t length;  // of each
  int64_t run_stride;
  int64_t inner_stride;
  int64_t inner;
  int64_t inner_step;
  int64_t wrap;
  int64_t at = 0;
  int64_t in_line = 0;
};

// Elements in memory that need not be aligned as vectors are.
template <typename T>
struct Loose {
  typedef T Type __attribute__((vector_size(kBytes), aligned(sizeof(T))));
};

template <typename T>
LaneMask load(const T* const* from, int64_t row_stride, int64_t column_stride, int64_t rows,
              int64_t columns, T* to, int64_t leading) {
  using Memory = typename Loose<T>::Type;
  Order order(row_stride, column_stride, rows, columns, leading);
  Vector<T>* const group = vectors(to);
  Vector<T> sum = {};
  for (int64_t run = 0; run < order.runs; ++run) {
    const int64_t start = run * order.run_stride;
    const int64_t blocks = order.inner_stride == 1 ? order.length / kLanes<T> * kLanes<T> : 0;
    for (int64_t k = 0; k < blocks; k += kLanes<T>) {
      Vector<T> block[kLanes<T>];
      for (int64_t lane = 0; lane < kLanes<T>; ++lane) {
        block[lane] = *reinterpret_cast<const Memory*>(from[lane] + start + k);
      }
      transpose<T>(block);
      for (int64_t i = 0; i < kLanes<T>; ++i) {
        sum += block[i] * 0;
        group[order.next()] = block[i];
      }
    }
    for (int64_t k = blocks; k < order.length; ++k) {
      Vector<T> value;
      for (int64_t lane = 0; lane < kLanes<T>; ++lane) {
        value[lane] = from[lane][start + k * order.inner_stride];
      }
      sum += value * 0;
      group[order.next()] = value;
    }
  }
  return not_finite<T>(sum);
}

template <typename T>
LaneMask store(const T* from, int64_t leading, int64_t rows, int64_t columns, T* const* to,
               int64_t row_stride, int64_t column_stride, int64_t count) {
  using Memory = typename Loose<T>::Type;
  // A new result's lines are in no cache, and there are too many matrices at once for the processor
  // to see what comes next.
  constexpr int64_t kAhead = 4 * kLanes<T>;
  Order order(row_stride, column_stride, rows, columns, leading);
  const Vector<T>* const group = vectors(const_cast<T*>(from));
  Vector<T> sum = {};
  for (int64_t run = 0; run < order.runs; ++run) {
    const int64_t start = run * order.run_stride;
    const int64_t blocks = order.inner_stride == 1 ? order.length / kLanes<T> * kLanes<T> : 0;
    for (int64_t k = 0; k < blocks; k += kLanes<T>) {
      Vector<T> block[kLanes<T>];
      for (int64_t i = 0; i < kLanes<T>; ++i) {
        block[i] = group[order.next()];
        sum += block[i] * 0;
      }
      transpose<T>(block);
      for (int64_t lane = 0; lane < kLanes<T>; ++lane) {
        if (lane >= count) break;
        T* const line = to[lane] + start + k;
        __builtin_prefetch(line + kAhead, 1);
        *reinterpret_cast<Memory*>(line) = block[lane];
      }
    }
    for (int64_t k = blocks; k < order.length; ++k) {
      const int64_t at = order.next();
      sum += group[at] * 0;
      for (int64_t lane = 0; lane < count; ++lane) {
        to[lane][start + k * order.inner_stride] = from[at * kLanes<T> + lane];
      }
    }
  }
  return not_finite<T>(sum);
}
