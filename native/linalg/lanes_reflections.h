// Householder's reflections of matrices in lanes: a part of lanes_impl.h.
//
// H = 1 - tau v vᵀ, where v starts with 1. Vectors lie along rows, so that nothing is strided: the
// columns of a matrix that is to be factored are rows here. Signs are those of LAPACK's larfg.

// Rows that are reflected at once: v is read once for all of them.
constexpr int64_t kReflected = 4;

// Takes (x, row) to (beta, 0, ...): x becomes v, and tau is returned. Where all behind the first
// element is zero, or the whole so small that its squares are none, H is 1.
template <typename T>
Vector<T> make_reflector(Vector<T>* x, int64_t length, Vector<T>* beta) {
  Vector<T> sums[4] = {};
  int64_t j = 1;
  for (; j + 4 <= length; j += 4) {
    for (int64_t q = 0; q < 4; ++q) sums[q] += x[j + q] * x[j + q];
  }
  for (; j < length; ++j) sums[0] += x[j] * x[j];
  const Vector<T> sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  const Vector<T> alpha = x[0];
  const Vector<T> square = alpha * alpha + sum;
  const Bits<T> some = (sum > 0) & (square >= Simd<T>::kLeastSquare);
  const Vector<T> norm = root(square);
  const Vector<T> away = alpha < 0 ? norm : -norm;
  const Vector<T> none = {};
  *beta = some ? away : alpha;
  const Vector<T> scale = some ? 1 / (alpha - away) : none;
  x[0] = none + 1;
  for (j = 1; j < length; ++j) x[j] *= scale;
  return some ? (away - alpha) / away : none;
}

// R rows become (1 - tau v vᵀ) times themselves.
template <typename T, int64_t R>
inline void reflect_rows(Vector<T>* rows, int64_t leading, const Vector<T>* v, const Vector<T>& tau,
                         int64_t length) {
  Vector<T> sums[R][2] = {};
  int64_t j = 0;
  for (; j + 2 <= length; j += 2) {
    const Vector<T> even = v[j];
    const Vector<T> odd = v[j + 1];
    for (int64_t r = 0; r < R; ++r) {
      sums[r][0] += rows[r * leading + j] * even;
      sums[r][1] += rows[r * leading + j + 1] * odd;
    }
  }
  for (; j < length; ++j) {
    for (int64_t r = 0; r < R; ++r) sums[r][0] += rows[r * leading + j] * v[j];
  }
  Vector<T> factors[R];
  for (int64_t r = 0; r < R; ++r) factors[r] = tau * (sums[r][0] + sums[r][1]);
  for (j = 0; j < length; ++j) {
    const Vector<T> x = v[j];
    for (int64_t r = 0; r < R; ++r) rows[r * leading + j] -= factors[r] * x;
  }
}

template <typename T>
void reflect(Vector<T>* rows, int64_t leading, int64_t count, const Vector<T>* v,
             const Vector<T>& tau, int64_t length) {
  int64_t i = 0;
  for (; i + kReflected <= count; i += kReflected) {
    reflect_rows<T, kReflected>(rows + i * leading, leading, v, tau, length);
  }
  for (; i < count; ++i) reflect_rows<T, 1>(rows + i * leading, leading, v, tau, length);
}

// The first `rows` rows of (H0 H1 ...)ᵀ in the place of the reflectors: that of row i starts at
// column i. `v` has room for one of them.
template <typename T>
void accumulate(Vector<T>* z, int64_t leading, int64_t rows, int64_t columns, const Vector<T>* tau,
                int64_t count, Vector<T>* v) {
  const Vector<T> none = {};
  for (int64_t i = count; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) z[i * leading + j] = none + static_cast<T>(i == j);
  }
  for (int64_t k = count; k-- > 0;) {
    Vector<T>* const row = z + k * leading;
    const int64_t length = columns - k;
    for (int64_t j = 0; j < length; ++j) v[j] = row[k + j];
    reflect<T>(row + leading + k, leading, rows - k - 1, v, tau[k], length);
    for (int64_t j = 0; j < k; ++j) row[j] = none;
    row[k] = 1 - tau[k];
    for (int64_t j = 1; j < length; ++j) row[k + j] = -tau[k] * v[j];
  }
}

// The same of reflections that leave the first of n elements as it is.
template <typename T>
void accumulate_from_second(Vector<T>* z, int64_t leading, int64_t n, const Vector<T>* tau,
                            Vector<T>* v) {
  for (int64_t j = 0; j < n; ++j) z[j] = z[j * leading] = Vector<T>{} + static_cast<T>(j == 0);
  if (n > 1) accumulate<T>(z + leading + 1, leading, n - 1, n - 1, tau, n - 1, v);
}

// The lanes in which the largest of some elements is zero or has a square that is far from the ends
// of the range.
template <typename T>
inline Bits<T> has_square(const Vector<T>& most) {
  return (most == 0) | ((most >= Simd<T>::kLeast) & (most <= Simd<T>::kMost));
}

template <typename T>
inline Vector<T> largest(const Vector<T>* x, int64_t length, Vector<T> most) {
  for (int64_t j = 0; j < length; ++j) {
    const Vector<T> size = absolute<T>(x[j]);
    most = size > most ? size : most;
  }
  return most;
}

template <typename T>
LaneMask qr(T* memory, int64_t m, int64_t n, T* q, int64_t width, T* room) {
  Vector<T>* const a = vectors(memory);
  const int64_t stride = lane_leading(m);
  Vector<T>* const z = vectors(q);
  Vector<T>* const tau = vectors(room);
  const int64_t k_end = m < n ? m : n;
  Vector<T>* const v = tau + k_end;
  Bits<T> fine = Bits<T>{} - 1;
  for (int64_t k = 0; k < k_end; ++k) {
    Vector<T>* const row = a + k * stride + k;
    const int64_t length = m - k;
    fine &= has_square<T>(largest<T>(row, length, Vector<T>{}));
    Vector<T> beta;
    tau[k] = make_reflector<T>(row, length, &beta);
    reflect<T>(row + stride, stride, n - k - 1, row, tau[k], length);
    for (int64_t j = 0; width > 0 && j < length; ++j) z[k * stride + k + j] = row[j];
    row[0] = beta;
    for (int64_t j = 1; j < length; ++j) row[j] = Vector<T>{};
  }
  if (width > 0) accumulate<T>(z, stride, width, m, tau, k_end, v);
  return mask_where<T>(fine == 0);
}
