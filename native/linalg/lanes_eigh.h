// Symmetric eigenproblems in lanes: a part of lanes_impl.h.
//
// Reduction to a tridiagonal matrix by reflections, then the implicit QL iteration with Wilkinson's
// shift (Golub and Van Loan, Matrix Computations, 8.3; Dubrulle, Martin and Wilkinson, The implicit
// QL algorithm, Numerische Mathematik 12). Each lane goes on to its next eigenvalue by itself: the
// rotations of those that take no part in a row are none.

// p = A v of a symmetric matrix, whose upper triangle is read.
template <typename T>
void multiply_symmetric(const Vector<T>* a, int64_t leading, int64_t n, const Vector<T>* v,
                        Vector<T>* p) {
  for (int64_t i = 0; i < n; ++i) p[i] = Vector<T>{};
  int64_t i = 0;
  for (; i + 2 <= n; i += 2) {  // two rows, so that p is read and written half as often
    const Vector<T>* const upper = a + i * leading;
    const Vector<T>* const lower = upper + leading;
    const Vector<T> x = v[i];
    const Vector<T> y = v[i + 1];
    Vector<T> upper_sum = upper[i] * x + upper[i + 1] * y;
    Vector<T> lower_sum = upper[i + 1] * x + lower[i + 1] * y;
    for (int64_t j = i + 2; j < n; ++j) {
      const Vector<T> factor = v[j];
      upper_sum += upper[j] * factor;
      lower_sum += lower[j] * factor;
      p[j] += upper[j] * x + lower[j] * y;
    }
    p[i] += upper_sum;
    p[i + 1] += lower_sum;
  }
  if (i < n) p[i] += a[i * leading + i] * v[i];
}

// A -= v wᵀ + w vᵀ in the upper triangle.
template <typename T>
void subtract_symmetric(Vector<T>* a, int64_t leading, int64_t n, const Vector<T>* v,
                        const Vector<T>* w) {
  int64_t i = 0;
  for (; i + 2 <= n; i += 2) {
    Vector<T>* const upper = a + i * leading;
    Vector<T>* const lower = upper + leading;
    upper[i] -= 2 * v[i] * w[i];
    for (int64_t j = i + 1; j < n; ++j) {
      const Vector<T> x = v[j];
      const Vector<T> y = w[j];
      upper[j] -= v[i] * y + w[i] * x;
      lower[j] -= v[i + 1] * y + w[i + 1] * x;
    }
  }
  if (i < n) a[i * leading + i] -= 2 * v[i] * w[i];
}

// A = Q T Qᵀ: the diagonals of T, and where it is wanted Qᵀ.
template <typename T>
void tridiagonalize(Vector<T>* a, int64_t n, Vector<T>* z, Vector<T>* d, Vector<T>* e,
                    Vector<T>* tau, Vector<T>* w) {
  const int64_t stride = lane_leading(n);
  for (int64_t k = 0; k + 1 < n; ++k) {
    Vector<T>* const v = a + k * stride + k + 1;
    const int64_t length = n - k - 1;
    d[k] = a[k * stride + k];
    tau[k] = make_reflector<T>(v, length, &e[k]);
    if (z != nullptr) {
      for (int64_t j = 0; j < length; ++j) z[(k + 1) * stride + k + 1 + j] = v[j];
    }
    if (length == 1) continue;
    Vector<T>* const rest = a + (k + 1) * stride + k + 1;
    multiply_symmetric<T>(rest, stride, length, v, w);
    Vector<T> dot = {};
    for (int64_t j = 0; j < length; ++j) dot += w[j] * v[j];
    const Vector<T> half = tau[k] * tau[k] * dot / 2;
    for (int64_t j = 0; j < length; ++j) w[j] = tau[k] * w[j] - half * v[j];
    subtract_symmetric<T>(rest, stride, length, v, w);
  }
  d[n - 1] = a[(n - 1) * (stride + 1)];
  e[n - 1] = Vector<T>{};
  if (z != nullptr) accumulate_from_second<T>(z, stride, n, tau, w);
}

// Each lane's first block that is not diagonal.
template <typename T>
struct Block {
  Bits<T> start;
  Bits<T> end;     // its last row
  Bits<T> active;  // the lanes that have one
  // The corners of the matrix.
  Vector<T> first;
  Vector<T> second;
  Vector<T> beside;
  Vector<T> last;
};

// Of rows l to n - 1. Elements beside the diagonal that are nothing become zero.
template <typename T>
Block<T> first_block(const Vector<T>* d, Vector<T>* e, int64_t l, int64_t n) {
  const Vector<T> none = {};
  Block<T> block{{}, {}, {}, none, none, none, none};
  Bits<T> ended = {};
  for (int64_t i = l; i + 1 < n; ++i) {
    const Vector<T> sizes = absolute<T>(d[i]) + absolute<T>(d[i + 1]);
    const Bits<T> some = absolute<T>(e[i]) > sizes * Simd<T>::kEpsilon + Simd<T>::kNegligible;
    e[i] = some ? e[i] : none;
    const Bits<T> starts = some & ~block.active;
    block.start = starts ? Bits<T>{} + static_cast<Index<T>>(i) : block.start;
    block.first = starts ? d[i] : block.first;
    block.second = starts ? d[i + 1] : block.second;
    block.beside = starts ? e[i] : block.beside;
    block.active |= some;
    ended |= block.active & ~some;
    const Bits<T> goes_on = some & ~ended;
    block.end = goes_on ? Bits<T>{} + static_cast<Index<T>>(i + 1) : block.end;
    block.last = goes_on ? d[i + 1] : block.last;
    if (mask_of(~ended) == 0) break;
  }
  return block;
}

// One sweep of QL in each lane's block, from its end up: the rotations of rows `low` to `high`.
template <typename T>
void ql_sweep(Vector<T>* d, Vector<T>* e, int64_t low, int64_t high, const Block<T>& block,
              Rotation<T>* by) {
  const Vector<T> none = {};
  Vector<T> g = (block.second - block.first) / (2 * block.beside);
  const Vector<T> size = root(g * g + 1);
  g = block.last - block.first + block.beside / (g < 0 ? g - size : g + size);
  Vector<T> s = none + 1;
  Vector<T> c = none + 1;
  Vector<T> p = none;
  for (int64_t i = high; i-- > low;) {
    const auto here = static_cast<Index<T>>(i);
    const Bits<T> on = block.active & (block.end > here) & (block.start <= here);
    const Vector<T> f = s * e[i];
    const Vector<T> b = c * e[i];
    Vector<T> r;
    const Rotation<T> next = rotation<T>(g, f, &r);
    // What is right of the block stays: there the first rotation has nothing to write.
    const Bits<T> inside = on & (block.end != here + 1);
    e[i + 1] = inside ? r : e[i + 1];
    c = on ? next.c : c;
    s = on ? next.s : s;
    const Vector<T> start = d[i + 1] - p;
    const Vector<T> turn = (d[i] - start) * s + 2 * c * b;
    p = on ? s * turn : p;
    d[i + 1] = on ? start + p : d[i + 1];
    const Vector<T> following = c * turn - b;
    g = on ? following : g;
    by[i - low] = {on ? c : none + 1, on ? -s : none};
    const Bits<T> ends = on & (block.start == here);
    d[i] = ends ? d[i] - p : d[i];
    e[i] = ends ? g : e[i];
  }
}

template <typename T>
LaneMask eigh(T* memory, int64_t n, T* transformed, T* values, T* room) {
  const int64_t stride = lane_leading(n);
  Vector<T>* const a = vectors(memory);
  Vector<T>* const z = transformed == nullptr ? nullptr : vectors(transformed);
  Vector<T>* const d = vectors(values);
  Vector<T>* const e = vectors(room);
  Vector<T>* const tau = e + n;
  Vector<T>* const w = tau + n;
  Vector<T> most = {};
  for (int64_t i = 0; i < n; ++i) most = largest<T>(a + i * stride + i, n - i, most);
  Bits<T> fine = has_square<T>(most);
  tridiagonalize<T>(a, n, z, d, e, tau, w);
  Sweeps<T, Direction::kUp> sweeps(z, stride, n, n, w + n);
  Iterations<T> iterations;
  for (int64_t l = 0; l + 1 < n;) {
    Block<T> block = first_block<T>(d, e, l, n);
    block.active = iterations.count(block.active, block.start);
    const LaneMask active = mask_of(block.active);
    if (active == 0) break;
    int64_t high = 0;
    l = n;
    for (int64_t lane = 0; lane < kLanes<T>; ++lane) {
      if ((active >> lane & 1) == 0) continue;
      l = block.start[lane] < l ? block.start[lane] : l;
      high = block.end[lane] > high ? block.end[lane] : high;
    }
    ql_sweep<T>(d, e, l, high, block, sweeps.next());
    sweeps.add(l, high - l);
  }
  fine &= ~iterations.given_up();
  sweeps.apply();
  return mask_where<T>(fine == 0);
}
