// Reduction of any square matrices in lanes to Schur's form: a part of lanes_impl.h.
//
// Balancing by powers of two, reduction to Hessenberg's form by reflections, Francis's double shift
// QR iteration (Golub and Van Loan, Matrix Computations, 7.4 and 7.5; Wilkinson and Reinsch,
// Handbook for Automatic Computation II, hqr2). Each lane has a block of its own that it works on;
// where its block does not reach, its reflections are none.

// Rows and columns scaled by powers of two until their sums are about as large: A becomes D⁻¹ A D.
// Returns the lanes that LAPACK is to have: those in which it would find eigenvalues by exchanges
// of rows and columns alone, and those with very different sums.
template <typename T>
Bits<T> balance(Vector<T>* a, int64_t stride, int64_t n, Vector<T>* scales) {
  constexpr int kMantissa = sizeof(T) == 8 ? 52 : 23;
  constexpr Index<T> kBias = sizeof(T) == 8 ? 1023 : 127;
  constexpr Index<T> kMostShift = sizeof(T) == 8 ? 60 : 12;
  constexpr int kRounds = 8;
  const auto exponent = [](const Vector<T>& x) {
    return reinterpret_cast<Bits<T>>(x) >> kMantissa;
  };
  const auto power = [](const Bits<T>& e) {
    return reinterpret_cast<Vector<T>>((e + kBias) << kMantissa);
  };
  const Vector<T> none = {};
  Bits<T> refused = {};
  for (int64_t i = 0; i < n; ++i) scales[i] = none + 1;
  for (int round = 0; round < kRounds; ++round) {
    LaneMask changed = 0;
    for (int64_t i = 0; i < n; ++i) {
      Vector<T> column = none;
      Vector<T> row = none;
      for (int64_t j = 0; j < n; ++j) {
        if (j == i) continue;
        column += absolute<T>(a[j * stride + i]);
        row += absolute<T>(a[i * stride + j]);
      }
      if (n > 1) refused |= (column == 0) | (row == 0);
      const Bits<T> shift = (exponent(row) - exponent(column)) >> 1;
      refused |= (shift > kMostShift) | (shift < -kMostShift);
      const Vector<T> factor = power(shift);
      const Vector<T> inverse = power(-shift);
      const Bits<T> better =
          ~refused & (column * factor + row * inverse < static_cast<T>(0.95) * (column + row));
      if (mask_of(better) == 0) continue;
      changed |= mask_of(better);
      const Vector<T> down = better ? factor : none + 1;
      const Vector<T> along = better ? inverse : none + 1;
      scales[i] *= down;
      for (int64_t j = 0; j < n; ++j) a[j * stride + i] *= down;
      for (int64_t j = 0; j < n; ++j) a[i * stride + j] *= along;
    }
    if (changed == 0) break;
  }
  return refused;
}

// A = Q H Qᵀ: H takes A's place, and where it is wanted Qᵀ goes to z.
template <typename T>
void reduce_to_hessenberg(Vector<T>* a, int64_t stride, int64_t n, Vector<T>* z, Vector<T>* tau,
                          Vector<T>* v, Vector<T>* sums) {
  const Vector<T> none = {};
  for (int64_t k = 0; k + 1 < n; ++k) {
    const int64_t first = k + 1;
    const int64_t length = n - first;
    for (int64_t i = 0; i < length; ++i) v[i] = a[(first + i) * stride + k];
    Vector<T> beta;
    tau[k] = make_reflector<T>(v, length, &beta);
    for (int64_t i = 0; z != nullptr && i < length; ++i) z[first * stride + first + i] = v[i];
    if (length == 1) break;
    a[first * stride + k] = beta;
    for (int64_t i = 1; i < length; ++i) a[(first + i) * stride + k] = none;
    Vector<T>* const rest = a + first * stride + first;
    for (int64_t j = 0; j < length; ++j) sums[j] = none;
    for (int64_t i = 0; i < length; ++i) {
      for (int64_t j = 0; j < length; ++j) sums[j] += v[i] * rest[i * stride + j];
    }
    for (int64_t j = 0; j < length; ++j) sums[j] *= tau[k];
    for (int64_t i = 0; i < length; ++i) {
      for (int64_t j = 0; j < length; ++j) rest[i * stride + j] -= v[i] * sums[j];
    }
    reflect<T>(a + first, stride, n, v, tau[k], length);
  }
  if (z != nullptr) accumulate_from_second<T>(z, stride, n, tau, v);
}

// What each lane works on: rows `low` to `high`, of which there are three at least in `active`
// lanes. Lanes that are done have a `high` below 0.
template <typename T>
struct Window {
  Bits<T> low;
  Bits<T> high;
  Bits<T> active;
  Bits<T> rounds;  // that this block has taken
};

// Takes off what has been found: blocks of one or two rows. Elements below the diagonal that are
// nothing beside those next to them become zero.
template <typename T>
void deflate(Vector<T>* a, int64_t stride, int64_t n, const Vector<T>& norm, Window<T>* window) {
  const Vector<T> none = {};
  for (int64_t i = 1; i < n; ++i) {
    Vector<T>* const at = a + i * stride + i;
    const Vector<T> sizes = absolute<T>(at[0]) + absolute<T>(at[-stride - 1]);
    const Vector<T> beside = sizes > 0 ? sizes : norm;
    at[-1] = absolute<T>(at[-1]) > beside * Simd<T>::kEpsilon ? at[-1] : none;
  }
  for (;;) {
    Bits<T> low = {};
    for (int64_t i = 1; i < n; ++i) {
      const Bits<T> here = Bits<T>{} + static_cast<Index<T>>(i);
      const Bits<T> starts = (a[i * stride + i - 1] == 0) & (here <= window->high);
      low = starts ? here : low;
    }
    const Bits<T> size = window->high - low;
    const Bits<T> found = (window->high >= 0) & (size < 2);
    window->low = low;
    if (mask_of(found) == 0) break;
    window->high = found ? low - 1 : window->high;
    window->rounds = found ? Bits<T>{} : window->rounds;
  }
  window->active = window->high >= 0;
}

// The first reflection's vector, up to a factor: the first column of (H - s)(H - t) with the shifts
// s and t of each lane's last two rows, or others now and then.
template <typename T>
void choose_shifts(const Vector<T>* a, int64_t stride, const Window<T>& window,
                   Vector<T> (&column)[3]) {
  const T* const elements = reinterpret_cast<const T*>(a);
  for (int64_t lane = 0; lane < kLanes<T>; ++lane) {
    T first[3] = {1, 0, 0};
    if (window.active[lane] != 0) {
      const int64_t low = window.low[lane];
      const int64_t high = window.high[lane];
      const auto h = [&](int64_t i, int64_t j) {
        return elements[(i * stride + j) * kLanes<T> + lane];
      };
      T x = h(high, high);
      T y = h(high - 1, high - 1);
      T w = h(high, high - 1) * h(high - 1, high);
      if (window.rounds[lane] % 10 == 9) {
        const T below = h(high, high - 1);
        const T above = h(high - 1, high - 2);
        const T s = (below < 0 ? -below : below) + (above < 0 ? -above : above);
        x = y = static_cast<T>(0.75) * s + h(high, high);
        w = static_cast<T>(-0.4375) * s * s;
      }
      const T corner = h(low, low);
      const T r = x - corner;
      const T s = y - corner;
      first[0] = (r * s - w) / h(low + 1, low) + h(low, low + 1);
      first[1] = h(low + 1, low + 1) - corner - r - s;
      first[2] = h(low + 2, low + 1);
    }
    for (int64_t i = 0; i < 3; ++i) column[i][lane] = first[i];
  }
}

// 1 - x (1, q, r)ᵀ(1, y/x, z/x): a reflection of up to three rows.
template <typename T>
struct SmallReflection {
  Vector<T> x, y, z, q, r;
};

// R rows, 2 or 3, that lie `step` apart.
template <typename T, int64_t R>
inline void reflect_few(Vector<T>* at, int64_t step, int64_t along, int64_t count,
                        const SmallReflection<T>& by, bool transposed) {
  const Vector<T> one = Vector<T>{} + 1;
  const Vector<T> in[3] = {transposed ? by.x : one, transposed ? by.y : by.q,
                           transposed ? by.z : by.r};
  const Vector<T> out[3] = {transposed ? one : by.x, transposed ? by.q : by.y,
                            transposed ? by.r : by.z};
  for (int64_t j = 0; j < count; ++j) {
    Vector<T>* const x = at + j * along;
    Vector<T> sum = x[0] * in[0] + x[step] * in[1];
    if constexpr (R == 3) sum += x[2 * step] * in[2];
    x[0] -= sum * out[0];
    x[step] -= sum * out[1];
    if constexpr (R == 3) x[2 * step] -= sum * out[2];
  }
}

// One sweep of each lane's bulge from the top of its block to the end.
template <typename T>
void francis_sweep(Vector<T>* a, int64_t stride, int64_t n, Vector<T>* z, const Window<T>& window) {
  const Vector<T> none = {};
  Vector<T> column[3] = {};
  choose_shifts<T>(a, stride, window, column);
  int64_t top = n;
  int64_t end = 0;
  for (int64_t lane = 0; lane < kLanes<T>; ++lane) {
    if (window.active[lane] == 0) continue;
    if (window.low[lane] < top) top = window.low[lane];
    if (window.high[lane] > end) end = window.high[lane];
  }
  // Without vectors nothing outside the blocks is needed.
  const int64_t right = z == nullptr ? end + 1 : n;
  const int64_t first_row = z == nullptr ? top : 0;
  for (int64_t k = top; k < end; ++k) {
    const auto here = static_cast<Index<T>>(k);
    const bool three = k + 2 < n;
    const Bits<T> starts = window.active & (window.low == here);
    const Bits<T> inside = window.active & (window.low < here) & (window.high > here);
    Vector<T> p = column[0];
    Vector<T> q = column[1];
    Vector<T> r = column[2];
    if (k > top) {
      const Vector<T>* const before = a + k * stride + k - 1;
      p = inside ? before[0] : p;
      q = inside ? before[stride] : q;
      if (three) r = inside ? before[2 * stride] : r;
    }
    // The last reflection is of two rows.
    r = window.high > here + 1 ? r : none;
    const Vector<T> size = absolute<T>(p) + absolute<T>(q) + absolute<T>(r);
    const Bits<T> on = (starts | inside) & (size > 0);
    const Vector<T> scale = on ? 1 / size : none;
    p *= scale;
    q *= scale;
    r *= scale;
    const Vector<T> length = root(p * p + q * q + r * r);
    const Vector<T> s = p < 0 ? -length : length;
    p += s;
    SmallReflection<T> by;
    by.x = on ? p / s : none;
    by.y = on ? q / s : none;
    by.z = on ? r / s : none;
    by.q = on ? q / p : none;
    by.r = on ? r / p : none;
    if (k > top) {
      Vector<T>* const before = a + k * stride + k - 1;
      before[0] = inside & on ? -s * size : before[0];
      before[stride] = inside ? none : before[stride];
      if (three) before[2 * stride] = inside ? none : before[2 * stride];
    }
    Vector<T>* const corner = a + k * stride + k;
    const int64_t last_row = (k + 3 < end ? k + 3 : end) + 1;
    if (three) {
      reflect_few<T, 3>(corner, stride, 1, right - k, by, false);
      reflect_few<T, 3>(a + first_row * stride + k, 1, stride, last_row - first_row, by, true);
      if (z != nullptr) reflect_few<T, 3>(z + k * stride, stride, 1, n, by, true);
    } else {
      reflect_few<T, 2>(corner, stride, 1, right - k, by, false);
      reflect_few<T, 2>(a + first_row * stride + k, 1, stride, last_row - first_row, by, true);
      if (z != nullptr) reflect_few<T, 2>(z + k * stride, stride, 1, n, by, true);
    }
  }
}

// H becomes a matrix with blocks of one and two rows on its diagonal, z that which belongs to it.
// Returns the lanes in which that took too long.
template <typename T>
Bits<T> reduce_to_schur(Vector<T>* a, int64_t stride, int64_t n, Vector<T>* z,
                        const Vector<T>& norm, const Bits<T>& wanted) {
  Window<T> window{};
  window.high = wanted ? Bits<T>{} + static_cast<Index<T>>(n - 1) : Bits<T>{} - 1;
  Bits<T> failed = {};
  for (;;) {
    deflate<T>(a, stride, n, norm, &window);
    const Bits<T> late = window.active & (window.rounds >= kMaxIterations);
    failed |= late;
    window.high = late ? Bits<T>{} - 1 : window.high;
    window.active &= ~late;
    if (mask_of(window.active) == 0) return failed;
    francis_sweep<T>(a, stride, n, z, window);
    window.rounds += window.active & 1;
  }
}
