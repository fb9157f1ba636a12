// Singular value decompositions in lanes: a part of lanes_impl.h.
//
// Reduction to an upper bidiagonal matrix by reflections, then implicitly shifted QR sweeps from
// the top (Golub and Kahan; Demmel and Kahan, Accurate singular values of bidiagonal matrices, SIAM
// J. Sci. Stat. Comput. 11, for the shift, and for what a zero on the diagonal needs: a sweep
// without). Each lane goes on to its next value by itself: the rotations of those that take no part
// in a row are none.

// A = U B Vᵀ of m >= n: the diagonals of B, and where they are wanted the first `width` rows of Uᵀ,
// and Vᵀ. `room`: 3 n + m vectors.
template <typename T>
void bidiagonalize(Vector<T>* a, int64_t m, int64_t n, Vector<T>* left, int64_t width,
                   Vector<T>* right, Vector<T>* d, Vector<T>* e, Vector<T>* room) {
  Vector<T>* const left_tau = room;
  Vector<T>* const right_tau = left_tau + n;
  Vector<T>* const sums = right_tau + n;
  Vector<T>* const v = sums + n;
  const int64_t stride = lane_leading(n);
  const int64_t long_stride = lane_leading(m);
  const Vector<T> none = {};
  for (int64_t k = 0; k < n; ++k) {
    for (int64_t i = k; i < m; ++i) v[i] = a[i * stride + k];
    left_tau[k] = make_reflector<T>(v + k, m - k, &d[k]);
    for (int64_t i = k; left != nullptr && i < m; ++i) left[k * long_stride + i] = v[i];
    const int64_t first = k + 1;
    const int64_t length = n - first;
    if (length == 0) break;
    Vector<T>* const sum = sums + first;
    for (int64_t j = 0; j < length; ++j) sum[j] = none;
    int64_t i = k;
    for (; i + 2 <= m; i += 2) {
      const Vector<T>* const row = a + i * stride + first;
      for (int64_t j = 0; j < length; ++j) sum[j] += v[i] * row[j] + v[i + 1] * row[stride + j];
    }
    for (; i < m; ++i) {
      for (int64_t j = 0; j < length; ++j) sum[j] += v[i] * a[i * stride + first + j];
    }
    for (int64_t j = 0; j < length; ++j) sum[j] *= left_tau[k];
    Vector<T>* const top = a + k * stride + first;
    for (int64_t j = 0; j < length; ++j) top[j] -= v[k] * sum[j];
    right_tau[k] = make_reflector<T>(top, length, &e[k]);
    for (int64_t j = 0; right != nullptr && j < length; ++j)
      right[first * stride + first + j] = top[j];
    for (i = k + 1; i < m; i += kReflected) {
      const int64_t rows = i + kReflected < m ? kReflected : m - i;
      Vector<T>* const block = a + i * stride + first;
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t j = 0; j < length; ++j) block[r * stride + j] -= v[i + r] * sum[j];
      }
      reflect<T>(block, stride, rows, top, right_tau[k], length);
    }
  }
  if (left == nullptr) return;
  accumulate_from_second<T>(right, stride, n, right_tau, v);
  accumulate<T>(left, long_stride, width, m, left_tau, n, v);
}

// Each lane's last block that is not diagonal, and the shift for it.
template <typename T>
struct Bulge {
  Bits<T> start;
  Bits<T> end;     // its last row
  Bits<T> active;  // the lanes that have one
  Vector<T> shift;
};

// Of rows 0 to k. Elements beside the diagonal that are nothing become zero.
template <typename T>
Bulge<T> last_bulge(Vector<T>* d, Vector<T>* e, int64_t k, const Vector<T>& limit) {
  const Vector<T> none = {};
  Bulge<T> bulge{{}, {}, {}, none};
  Bits<T> started = {};
  Bits<T> singular = {};
  // Of each block's last two rows and columns.
  Vector<T> f = none;
  Vector<T> g = none;
  Vector<T> h = none;
  for (int64_t i = k; i-- > 0;) {
    const Vector<T> above = absolute<T>(d[i]);
    const Vector<T> below = absolute<T>(d[i + 1]);
    const Bits<T> some =
        absolute<T>(e[i]) > (above + below) * Simd<T>::kEpsilon + Simd<T>::kNegligible;
    e[i] = some ? e[i] : none;
    const Bits<T> ends = some & ~bulge.active;
    const Bits<T> open = some & ~started;
    bulge.end = ends ? Bits<T>{} + static_cast<Index<T>>(i + 1) : bulge.end;
    f = ends ? above : f;
    g = ends ? e[i] : g;
    h = ends ? below : h;
    bulge.active |= some;
    started |= bulge.active & ~some;
    bulge.start = open ? Bits<T>{} + static_cast<Index<T>>(i) : bulge.start;
    for (int64_t row = i; row <= i + 1; ++row) {
      const Bits<T> small = open & (absolute<T>(d[row]) <= limit);
      d[row] = small ? none : d[row];
      singular |= small;
    }
    if (mask_of(~started) == 0) break;
  }
  // The smaller singular value of the last two rows and columns: their determinant over the larger.
  f = absolute<T>(f);
  const Vector<T> larger = root((f + h) * (f + h) + g * g) + root((f - h) * (f - h) + g * g);
  bulge.shift = bulge.active & ~singular ? 2 * f * (h / larger) : none;
  return bulge;
}

// One sweep of QR in each lane's block: the rotations of rows `first` to `last` of Uᵀ and Vᵀ.
template <typename T>
void qr_sweep(Vector<T>* d, Vector<T>* e, int64_t first, int64_t last, const Bulge<T>& bulge,
              Rotation<T>* left, Rotation<T>* right) {
  const Vector<T> none = {};
  const Rotation<T> identity{none + 1, none};
  Vector<T> f = none;
  Vector<T> g = none;
  for (int64_t i = first; i < last; ++i) {
    const Bits<T> before_end = bulge.active & (bulge.end > static_cast<Index<T>>(i));
    const Bits<T> starts = before_end & (bulge.start == static_cast<Index<T>>(i));
    const Bits<T> inside = before_end & (bulge.start < static_cast<Index<T>>(i));
    const Bits<T> on = starts | inside;
    if (mask_of(starts) != 0) {
      // (d² - shift²) / d, without a loss of digits
      const Vector<T> sign = d[i] < 0 ? none - 1 : none + 1;
      const Vector<T> shifted = (absolute<T>(d[i]) - bulge.shift) * (sign + bulge.shift / d[i]);
      f = starts ? (bulge.shift > 0 ? shifted : d[i]) : f;
      g = starts ? e[i] : g;
    }
    Vector<T> r;
    Rotation<T> by = rotation<T>(f, g, &r);
    by = {on ? by.c : identity.c, on ? by.s : identity.s};
    right[i - first] = by;
    if (i > 0) e[i - 1] = inside ? r : e[i - 1];
    f = by.c * d[i] + by.s * e[i];
    const Vector<T> above = by.c * e[i] - by.s * d[i];
    g = by.s * d[i + 1];
    const Vector<T> below = by.c * d[i + 1];
    by = rotation<T>(f, g, &r);
    by = {on ? by.c : identity.c, on ? by.s : identity.s};
    left[i - first] = by;
    d[i] = on ? r : d[i];
    f = by.c * above + by.s * below;
    d[i + 1] = on ? by.c * below - by.s * above : d[i + 1];
    if (i + 1 < last) {
      const Bits<T> goes_on = on & (bulge.end > static_cast<Index<T>>(i + 1));
      g = by.s * e[i + 1];
      e[i + 1] = goes_on ? by.c * e[i + 1] : e[i + 1];
    }
    e[i] = on ? f : e[i];
  }
}

template <typename T>
LaneMask svd(T* memory, int64_t m, int64_t n, T* left_rows, int64_t width, T* right_rows, T* values,
             T* room) {
  Vector<T>* const a = vectors(memory);
  Vector<T>* const left = left_rows == nullptr ? nullptr : vectors(left_rows);
  Vector<T>* const right = right_rows == nullptr ? nullptr : vectors(right_rows);
  Vector<T>* const d = vectors(values);
  Vector<T>* const e = vectors(room);
  const int64_t stride = lane_leading(n);
  const int64_t long_stride = lane_leading(m);
  Vector<T> most = {};
  for (int64_t i = 0; i < m; ++i) most = largest<T>(a + i * stride, n, most);
  Bits<T> fine = has_square<T>(most);
  bidiagonalize<T>(a, m, n, left, width, right, d, e, e + n);
  Vector<T>* const left_room = e + n;
  Vector<T>* const right_room = left_room + 2 * Sweeps<T, Direction::kDown>::capacity(n);
  Sweeps<T, Direction::kDown> left_sweeps(left, long_stride, m, n, left_room);
  Sweeps<T, Direction::kDown> right_sweeps(right, stride, n, n, right_room);
  const Vector<T> limit = largest<T>(e, n - 1, largest<T>(d, n, Vector<T>{})) * Simd<T>::kEpsilon;
  Iterations<T> iterations;
  for (int64_t k = n - 1; k > 0;) {
    Bulge<T> bulge = last_bulge<T>(d, e, k, limit);
    bulge.active = iterations.count(bulge.active, bulge.end);
    const LaneMask active = mask_of(bulge.active);
    if (active == 0) break;
    int64_t first = k;
    k = 0;
    for (int64_t lane = 0; lane < kLanes<T>; ++lane) {
      if ((active >> lane & 1) == 0) continue;
      first = bulge.start[lane] < first ? bulge.start[lane] : first;
      k = bulge.end[lane] > k ? bulge.end[lane] : k;
    }
    qr_sweep<T>(d, e, first, k, bulge, left_sweeps.next(), right_sweeps.next());
    left_sweeps.add(first, k - first);
    right_sweeps.add(first, k - first);
  }
  fine &= ~iterations.given_up();
  left_sweeps.apply();
  right_sweeps.apply();
  const Vector<T> none = {};
  for (int64_t i = 0; i < n; ++i) {
    const Vector<T> sign = d[i] < 0 ? none - 1 : none + 1;
    d[i] *= sign;
    for (int64_t j = 0; right != nullptr && j < n; ++j) right[i * stride + j] *= sign;
  }
  return mask_where<T>(fine == 0);
}
