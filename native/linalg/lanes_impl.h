// The code of lanes.h; included by one file for each instruction set, inside an unnamed namespace.
// Vectors are the compiler's own (GCC and Clang), of as many bytes as the instruction set has.

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

// Columns that are eliminated before what is right of them is brought up to date.
constexpr int64_t kPanel = 4;

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
};
template <>
struct Simd<float> {
  typedef float Vector __attribute__((vector_size(kBytes)));
  typedef int32_t Bits __attribute__((vector_size(kBytes)));
  using Index = int32_t;
  static constexpr float kEpsilon = 1.1920929e-07F;
  static constexpr float kTiny = 1.17549435e-38F * 4;
  static constexpr float kHuge = 3.40282347e+38F / 4;
};
template <typename T>
using Vector = typename Simd<T>::Vector;
template <typename T>
using Bits = typename Simd<T>::Bits;
template <typename T>
using Index = typename Simd<T>::Index;
template <typename T>
constexpr int64_t kLanes = kBytes / static_cast<int64_t>(sizeof(T));

template <typename T>
inline Vector<T>* vectors(T* memory) {
  return reinterpret_cast<Vector<T>*>(memory);
}

template <typename T>
inline Vector<T> absolute(const Vector<T>& x) {
  return x < 0 ? -x : x;
}

template <typename T>
inline Vector<T> root(const Vector<T>& x) {
  Vector<T> result = x;
  for (int64_t lane = 0; lane < kLanes<T>; ++lane) {
    if constexpr (sizeof(T) == 8) {
      result[lane] = __builtin_sqrt(x[lane]);
    } else {
      result[lane] = __builtin_sqrtf(x[lane]);
    }
  }
  return result;
}

// The lanes whose bits are set.
template <typename T>
inline LaneMask mask_of(const Bits<T>& bits) {
  LaneMask mask = 0;
  for (int64_t lane = 0; lane < kLanes<T>; ++lane) {
    mask |= static_cast<LaneMask>(bits[lane] != 0) << lane;
  }
  return mask;
}

// A sum of x * 0 is 0 unless some x is not finite.
template <typename T>
inline LaneMask not_finite(const Vector<T>& sum) {
  return mask_of<T>(!(sum == 0));
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
        if (lane < count) *reinterpret_cast<Memory*>(to[lane] + start + k) = block[lane];
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

// Where the D columns of a factor L, and a factor U whose element (q, j) is u[q * down + j *
// along].
template <typename T>
struct Factors {
  const Vector<T>* l;
  const Vector<T>* u;
  int64_t down;
  int64_t along;
};

// C -= L U for R rows of C and L, which both have `leading` columns.
template <typename T, int64_t R, int64_t D>
inline void tile(Vector<T>* c, int64_t leading, int64_t columns, const Factors<T>& factors) {
  Vector<T> l[R][D];
  for (int64_t r = 0; r < R; ++r) {
    for (int64_t q = 0; q < D; ++q) l[r][q] = factors.l[r * leading + q];
  }
  for (int64_t j = 0; j < columns; ++j) {
    const Vector<T>* const u = factors.u + j * factors.along;
    Vector<T> sum[R];
    for (int64_t r = 0; r < R; ++r) sum[r] = c[r * leading + j];
    for (int64_t q = 0; q < D; ++q) {
      const Vector<T> factor = u[q * factors.down];
      for (int64_t r = 0; r < R; ++r) sum[r] -= l[r][q] * factor;
    }
    for (int64_t r = 0; r < R; ++r) c[r * leading + j] = sum[r];
  }
}

template <typename T, int64_t D>
void update_by(Vector<T>* c, int64_t leading, int64_t rows, int64_t columns, Factors<T> factors) {
  int64_t i = 0;
  for (; i + kTileRows <= rows; i += kTileRows) {
    tile<T, kTileRows, D>(c + i * leading, leading, columns, factors);
    factors.l += kTileRows * leading;
  }
  for (; i < rows; ++i) {
    tile<T, 1, D>(c + i * leading, leading, columns, factors);
    factors.l += leading;
  }
}

// C -= L U of `depth` columns of L, at most kPanel.
template <typename T>
void update(Vector<T>* c, int64_t leading, int64_t rows, int64_t columns, const Factors<T>& factors,
            int64_t depth) {
  switch (depth) {
    case 1:
      return update_by<T, 1>(c, leading, rows, columns, factors);
    case 2:
      return update_by<T, 2>(c, leading, rows, columns, factors);
    case 3:
      return update_by<T, 3>(c, leading, rows, columns, factors);
    default:
      return update_by<T, kPanel>(c, leading, rows, columns, factors);
  }
}

// Exchanges row k of each lane with the row that `at` says, from column `first` on. Returns the
// lanes in which that is another one.
template <typename T>
LaneMask exchange(Vector<T>* a, int64_t columns, int64_t k, const Bits<T>& at, int64_t first) {
  const LaneMask moved = mask_of<T>(at != static_cast<Index<T>>(k));
  LaneMask left = moved;
  Vector<T>* const upper = a + k * columns;
  while (left != 0) {
    const int64_t other = at[__builtin_ctz(left)];
    const Bits<T> here = at == static_cast<Index<T>>(other);
    left &= ~mask_of<T>(here);
    Vector<T>* const lower = a + other * columns;
    for (int64_t j = first; j < columns; ++j) {
      const Vector<T> x = upper[j];
      const Vector<T> y = lower[j];
      upper[j] = here ? y : x;
      lower[j] = here ? x : y;
    }
  }
  return moved;
}

template <typename T>
LaneMask eliminate(T* memory, int64_t n, int64_t columns, LaneMask* odd) {
  Vector<T>* const a = vectors(memory);
  Vector<T> least = Vector<T>{} + Simd<T>::kHuge;
  Vector<T> most = {};
  Bits<T> fine = Bits<T>{} - 1;
  LaneMask exchanged = 0;
  for (int64_t k0 = 0; k0 < n; k0 += kPanel) {
    const int64_t k1 = k0 + kPanel < n ? k0 + kPanel : n;
    for (int64_t k = k0; k < k1; ++k) {
      Vector<T> best = absolute<T>(a[k * columns + k]);
      Bits<T> at = Bits<T>{} + static_cast<Index<T>>(k);
      for (int64_t i = k + 1; i < n; ++i) {
        const Vector<T> size = absolute<T>(a[i * columns + k]);
        const Bits<T> more = size > best;
        best = more ? size : best;
        at = more ? Bits<T>{} + static_cast<Index<T>>(i) : at;
      }
      exchanged ^= exchange<T>(a, columns, k, at, k0);
      fine &= (best >= Simd<T>::kTiny) & (best <= Simd<T>::kHuge);
      least = best < least ? best : least;
      most = best > most ? best : most;
      const Vector<T> reciprocal = 1 / a[k * columns + k];
      for (int64_t i = k + 1; i < n; ++i) {
        Vector<T>* const row = a + i * columns;
        const Vector<T> factor = row[k] * reciprocal;
        row[k] = factor;
        for (int64_t j = k + 1; j < k1; ++j) row[j] -= factor * a[k * columns + j];
      }
    }
    for (int64_t i = k0 + 1; i < k1; ++i) {
      for (int64_t j = k1; j < columns; ++j) {
        Vector<T> sum = a[i * columns + j];
        for (int64_t q = k0; q < i; ++q) sum -= a[i * columns + q] * a[q * columns + j];
        a[i * columns + j] = sum;
      }
    }
    update<T>(a + k1 * columns + k1, columns, n - k1, columns - k1,
              {a + k1 * columns + k0, a + k0 * columns + k1, columns, 1}, k1 - k0);
  }
  *odd = exchanged;
  fine &= least > most * (8 * static_cast<T>(n) * Simd<T>::kEpsilon);
  return mask_of<T>(fine == 0);
}

template <typename T>
void substitute(T* memory, int64_t n, int64_t columns) {
  Vector<T>* const a = vectors(memory);
  for (int64_t k1 = n; k1 > 0;) {
    const int64_t k0 = (k1 - 1) / kPanel * kPanel;
    for (int64_t k = k1; k-- > k0;) {
      Vector<T>* const row = a + k * columns;
      const Vector<T> reciprocal = 1 / row[k];
      for (int64_t j = n; j < columns; ++j) {
        Vector<T> sum = row[j];
        for (int64_t q = k + 1; q < k1; ++q) sum -= row[q] * a[q * columns + j];
        row[j] = sum * reciprocal;
      }
    }
    update<T>(a + n, columns, k0, columns - n, {a + k0, a + k0 * columns + n, columns, 1}, k1 - k0);
    k1 = k0;
  }
}

template <typename T>
LaneMask cholesky(T* memory, int64_t n) {
  Vector<T>* const a = vectors(memory);
  Vector<T> most = {};
  for (int64_t k = 0; k < n; ++k) {
    const Vector<T> x = a[k * n + k];
    most = x > most ? x : most;
  }
  const Vector<T> limit = most * (8 * static_cast<T>(n) * Simd<T>::kEpsilon);
  Bits<T> fine = (most >= Simd<T>::kTiny) & (most <= Simd<T>::kHuge);
  for (int64_t k0 = 0; k0 < n; k0 += kPanel) {
    const int64_t k1 = k0 + kPanel < n ? k0 + kPanel : n;
    for (int64_t k = k0; k < k1; ++k) {
      const Vector<T> pivot = a[k * n + k];
      fine &= (pivot > limit) & (pivot >= Simd<T>::kTiny);
      const Vector<T> size = root<T>(pivot);
      const Vector<T> reciprocal = 1 / size;
      a[k * n + k] = size;
      for (int64_t i = k + 1; i < n; ++i) {
        Vector<T>* const row = a + i * n;
        const Vector<T> factor = row[k] * reciprocal;
        row[k] = factor;
        const int64_t end = k1 <= i ? k1 : i + 1;
        for (int64_t j = k + 1; j < end; ++j) row[j] -= factor * a[j * n + k];
      }
    }
    // Rows in tiles, a little beyond the diagonal.
    for (int64_t i = k1; i < n; i += kTileRows) {
      const int64_t rows = i + kTileRows < n ? kTileRows : n - i;
      update<T>(a + i * n + k1, n, rows, i + rows - k1, {a + i * n + k0, a + k1 * n + k0, 1, n},
                k1 - k0);
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i + 1; j < n; ++j) a[i * n + j] = Vector<T>{};
  }
  return mask_of<T>(fine == 0);
}

template <typename T>
constexpr LaneKernels<T> kernels() {
  return {kLanes<T>, kMaxOrder, load<T>, store<T>, eliminate<T>, substitute<T>, cholesky<T>};
}
