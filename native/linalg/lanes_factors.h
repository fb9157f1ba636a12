// Triangular factors of matrices in lanes: a part of lanes_impl.h.

// Columns that are eliminated before what is right of them is brought up to date.
constexpr int64_t kPanel = 4;

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
  const LaneMask moved = mask_where<T>(at != static_cast<Index<T>>(k));
  const int64_t stride = lane_leading(columns);
  LaneMask left = moved;
  Vector<T>* const upper = a + k * stride;
  while (left != 0) {
    const int64_t other = at[__builtin_ctz(left)];
    const Bits<T> here = at == static_cast<Index<T>>(other);
    left &= ~mask_of(here);
    Vector<T>* const lower = a + other * stride;
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
LaneMask eliminate(T* memory, int64_t rows, int64_t columns, int64_t n, LaneMask* odd,
                   T* exchanges) {
  Vector<T>* const a = vectors(memory);
  Vector<T>* const others = exchanges == nullptr ? nullptr : vectors(exchanges);
  const int64_t stride = lane_leading(columns);
  Vector<T> least = Vector<T>{} + Simd<T>::kHuge;
  Vector<T> most = {};
  Bits<T> fine = Bits<T>{} - 1;
  LaneMask exchanged = 0;
  for (int64_t k0 = 0; k0 < n; k0 += kPanel) {
    const int64_t k1 = k0 + kPanel < n ? k0 + kPanel : n;
    for (int64_t k = k0; k < k1; ++k) {
      Vector<T> best = absolute<T>(a[k * stride + k]);
      Bits<T> at = Bits<T>{} + static_cast<Index<T>>(k);
      for (int64_t i = k + 1; i < rows; ++i) {
        const Vector<T> size = absolute<T>(a[i * stride + k]);
        const Bits<T> more = size > best;
        best = more ? size : best;
        at = more ? Bits<T>{} + static_cast<Index<T>>(i) : at;
      }
      exchanged ^= exchange<T>(a, columns, k, at, others == nullptr ? k0 : 0);
      for (int64_t lane = 0; others != nullptr && lane < kLanes<T>; ++lane) {
        others[k][lane] = static_cast<T>(at[lane]);
      }
      fine &= (best >= Simd<T>::kTiny) & (best <= Simd<T>::kHuge);
      least = best < least ? best : least;
      most = best > most ? best : most;
      const Vector<T> reciprocal = 1 / a[k * stride + k];
      for (int64_t i = k + 1; i < rows; ++i) {
        Vector<T>* const row = a + i * stride;
        const Vector<T> factor = row[k] * reciprocal;
        row[k] = factor;
        for (int64_t j = k + 1; j < k1; ++j) row[j] -= factor * a[k * stride + j];
      }
    }
    for (int64_t i = k0 + 1; i < k1; ++i) {
      for (int64_t j = k1; j < columns; ++j) {
        Vector<T> sum = a[i * stride + j];
        for (int64_t q = k0; q < i; ++q) sum -= a[i * stride + q] * a[q * stride + j];
        a[i * stride + j] = sum;
      }
    }
    update<T>(a + k1 * stride + k1, stride, rows - k1, columns - k1,
              {a + k1 * stride + k0, a + k0 * stride + k1, stride, 1}, k1 - k0);
  }
  *odd = exchanged;
  fine &= least > most * (8 * static_cast<T>(n) * Simd<T>::kEpsilon);
  return mask_where<T>(fine == 0);
}

template <typename T>
void split(T* memory, int64_t rows, int64_t columns, int64_t k, T* lower) {
  Vector<T>* const a = vectors(memory);
  Vector<T>* const l = vectors(lower);
  const int64_t stride = lane_leading(columns);
  const int64_t lower_stride = lane_leading(k);
  const Vector<T> none = {};
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t below = i < k ? i : k;
    for (int64_t j = 0; j < below; ++j) {
      l[i * lower_stride + j] = a[i * stride + j];
      a[i * stride + j] = none;
    }
    for (int64_t j = below; j < k; ++j) l[i * lower_stride + j] = none + static_cast<T>(i == j);
  }
}

template <typename T>
void substitute(T* memory, int64_t n, int64_t columns) {
  Vector<T>* const a = vectors(memory);
  const int64_t stride = lane_leading(columns);
  for (int64_t k1 = n; k1 > 0;) {
    const int64_t k0 = (k1 - 1) / kPanel * kPanel;
    for (int64_t k = k1; k-- > k0;) {
      Vector<T>* const row = a + k * stride;
      const Vector<T> reciprocal = 1 / row[k];
      for (int64_t j = n; j < columns; ++j) {
        Vector<T> sum = row[j];
        for (int64_t q = k + 1; q < k1; ++q) sum -= row[q] * a[q * stride + j];
        row[j] = sum * reciprocal;
      }
    }
    update<T>(a + n, stride, k0, columns - n, {a + k0, a + k0 * stride + n, stride, 1}, k1 - k0);
    k1 = k0;
  }
}

template <typename T>
LaneMask cholesky(T* memory, int64_t n) {
  Vector<T>* const a = vectors(memory);
  const int64_t stride = lane_leading(n);
  Vector<T> most = {};
  for (int64_t k = 0; k < n; ++k) {
    const Vector<T> x = a[k * stride + k];
    most = x > most ? x : most;
  }
  const Vector<T> limit = most * (8 * static_cast<T>(n) * Simd<T>::kEpsilon);
  Bits<T> fine = (most >= Simd<T>::kTiny) & (most <= Simd<T>::kHuge);
  for (int64_t k0 = 0; k0 < n; k0 += kPanel) {
    const int64_t k1 = k0 + kPanel < n ? k0 + kPanel : n;
    for (int64_t k = k0; k < k1; ++k) {
      const Vector<T> pivot = a[k * stride + k];
      fine &= (pivot > limit) & (pivot >= Simd<T>::kTiny);
      const Vector<T> reciprocal = reciprocal_root<T>(pivot);
      a[k * stride + k] = root_by<T>(pivot, reciprocal);
      for (int64_t i = k + 1; i < n; ++i) {
        Vector<T>* const row = a + i * stride;
        const Vector<T> factor = row[k] * reciprocal;
        row[k] = factor;
        const int64_t end = k1 <= i ? k1 : i + 1;
        for (int64_t j = k + 1; j < end; ++j) row[j] -= factor * a[j * stride + k];
      }
    }
    // Rows in tiles, a little beyond the diagonal.
    for (int64_t i = k1; i < n; i += kTileRows) {
      const int64_t rows = i + kTileRows < n ? kTileRows : n - i;
      update<T>(a + i * stride + k1, stride, rows, i + rows - k1,
                {a + i * stride + k0, a + k1 * stride + k0, 1, stride}, k1 - k0);
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i + 1; j < n; ++j) a[i * stride + j] = Vector<T>{};
  }
  return mask_where<T>(fine == 0);
}
