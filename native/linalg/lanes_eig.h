// Eigenproblems of any square matrices in lanes: a part of lanes_impl.h.
//
// What Schur's form has on its diagonal are blocks of one and two rows, which stand elsewhere in
// each lane: complex rotations make all of them triangular, so that every lane finds its vectors by
// the same steps.

// Complex matrices and vectors: real and imaginary parts.
template <typename T>
struct Parts {
  Vector<T>* re;
  Vector<T>* im;
};

// (x, y) becomes (f x + c y, conj(f) y - c x) for `count` pairs; f = f_re + i f_im.
template <typename T>
inline void rotate_pairs(const Parts<T>& of, int64_t at, int64_t step, int64_t along, int64_t count,
                         const Vector<T>& f_re, const Vector<T>& f_im, const Vector<T>& c) {
  for (int64_t j = 0; j < count; ++j) {
    Vector<T>* const re = of.re + at + j * along;
    Vector<T>* const im = of.im + at + j * along;
    const Vector<T> x_re = re[0];
    const Vector<T> x_im = im[0];
    const Vector<T> y_re = re[step];
    const Vector<T> y_im = im[step];
    re[0] = f_re * x_re - f_im * x_im + c * y_re;
    im[0] = f_re * x_im + f_im * x_re + c * y_im;
    re[step] = f_re * y_re + f_im * y_im - c * x_re;
    im[step] = f_re * y_im - f_im * y_re - c * x_im;
  }
}

// The eigenvalues of each block; where vectors are wanted (z.re), t and z become complex, and t
// triangular.
template <typename T>
void find_values(const Parts<T>& t, int64_t stride, int64_t n, const Parts<T>& z,
                 const Parts<T>& values) {
  const Vector<T> none = {};
  const bool vectors = z.re != nullptr;
  for (int64_t i = 0; vectors && i < n * stride; ++i) t.im[i] = z.im[i] = none;
  for (int64_t i = 0; i < n; ++i) {
    values.re[i] = t.re[i * stride + i];
    values.im[i] = none;
  }
  for (int64_t i = 0; i + 1 < n; ++i) {
    Vector<T>* const block = t.re + i * stride + i;
    const Vector<T> b = block[1];
    const Vector<T> c = block[stride];
    const Bits<T> both = c != 0;
    if (mask_where<T>(both) == 0) continue;
    const Vector<T> d = block[stride + 1];
    const Vector<T> half = (block[0] - d) / 2;
    const Vector<T> square = half * half + b * c;
    const Bits<T> real = square >= 0;
    const Vector<T> distance = root(absolute<T>(square));
    // The larger one of the two without a loss of digits, and the other by their product.
    const Vector<T> away = half < 0 ? half - distance : half + distance;
    const Vector<T> z_re = real ? away : half;
    const Vector<T> z_im = real ? none : distance;
    const Vector<T> other = away == 0 ? none : b * c / away;
    values.re[i] = both ? d + z_re : values.re[i];
    values.im[i] = both ? z_im : values.im[i];
    values.re[i + 1] = both ? (real ? d - other : d + half) : values.re[i + 1];
    values.im[i + 1] = both ? -z_im : values.im[i + 1];
    if (!vectors) continue;
    // (z, c) is the first value's vector.
    const Vector<T> most = absolute<T>(z_re) + absolute<T>(z_im) + absolute<T>(c);
    const Vector<T> scale = both ? 1 / most : none;
    const Vector<T> u_re = z_re * scale;
    const Vector<T> u_im = z_im * scale;
    const Vector<T> u_c = c * scale;
    const Vector<T> norm = root(u_re * u_re + u_im * u_im + u_c * u_c);
    const Vector<T> f_re = both ? u_re / norm : none + 1;
    const Vector<T> f_im = both ? u_im / norm : none;
    const Vector<T> f_c = both ? u_c / norm : none;
    rotate_pairs<T>(t, i, 1, stride, i + 2, f_re, f_im, f_c);
    rotate_pairs<T>(t, i * stride + i, stride, 1, n - i, f_re, -f_im, f_c);
    rotate_pairs<T>(z, i * stride, stride, 1, n, f_re, f_im, f_c);
    block[stride] = both ? none : block[stride];
    t.im[(i + 1) * stride + i] = none;
  }
}

// y with (T - λ_j) y = 0 and y_j = 1, of which there are j + 1 elements. Where an eigenvalue is met
// again it is moved by `least`.
template <typename T>
void substitute_back(const Parts<T>& t, int64_t stride, int64_t j, const Parts<T>& values,
                     const Vector<T>& least, const Parts<T>& y) {
  const Vector<T> none = {};
  y.re[j] = none + 1;
  y.im[j] = none;
  for (int64_t i = j; i-- > 0;) {
    const Vector<T>* const row_re = t.re + i * stride;
    const Vector<T>* const row_im = t.im + i * stride;
    Vector<T> sum_re = none;
    Vector<T> sum_im = none;
    for (int64_t k = i + 1; k <= j; ++k) {
      sum_re += row_re[k] * y.re[k] - row_im[k] * y.im[k];
      sum_im += row_re[k] * y.im[k] + row_im[k] * y.re[k];
    }
    const Vector<T> gap_re = values.re[j] - values.re[i];
    const Vector<T> gap_im = values.im[j] - values.im[i];
    const Bits<T> same = absolute<T>(gap_re) + absolute<T>(gap_im) < least;
    const Vector<T> by_re = same ? least : gap_re;
    const Vector<T> by_im = same ? none : gap_im;
    const Vector<T> inverse = 1 / (by_re * by_re + by_im * by_im);
    y.re[i] = (sum_re * by_re + sum_im * by_im) * inverse;
    y.im[i] = (sum_im * by_re - sum_re * by_im) * inverse;
  }
}

// R columns of row j become those of the first j + 1 rows times y.
template <typename T, int64_t R>
inline void combine_rows(const Parts<T>& z, int64_t stride, int64_t column, int64_t j,
                         const Parts<T>& y) {
  Vector<T> sums_re[R] = {};
  Vector<T> sums_im[R] = {};
  for (int64_t k = 0; k <= j; ++k) {
    const Vector<T>* const row_re = z.re + k * stride + column;
    const Vector<T>* const row_im = z.im + k * stride + column;
    const Vector<T> re = y.re[k];
    const Vector<T> im = y.im[k];
    for (int64_t r = 0; r < R; ++r) {
      sums_re[r] += row_re[r] * re - row_im[r] * im;
      sums_im[r] += row_re[r] * im + row_im[r] * re;
    }
  }
  for (int64_t r = 0; r < R; ++r) {
    z.re[j * stride + column + r] = sums_re[r];
    z.im[j * stride + column + r] = sums_im[r];
  }
}

// Makes n elements a vector of length one whose longest element is real, as LAPACK has it. Returns
// the lanes in which that is so, and no NaN or infinity came of vectors that are almost the same.
template <typename T>
Bits<T> normalise(const Parts<T>& x, int64_t n, const Vector<T>* scales, const Bits<T>& real) {
  const Vector<T> none = {};
  Vector<T> most = none;
  Vector<T> finite = none;
  for (int64_t r = 0; r < n; ++r) {
    x.re[r] *= scales[r];
    x.im[r] = real ? none : x.im[r] * scales[r];
    const Vector<T> size = absolute<T>(x.re[r]) + absolute<T>(x.im[r]);
    most = size > most ? size : most;
    finite += size * 0;
  }
  const Vector<T> shrink = 1 / most;
  Vector<T> sum = none;
  Vector<T> longest = none - 1;
  Vector<T> turn_re = none;
  Vector<T> turn_im = none;
  for (int64_t r = 0; r < n; ++r) {
    x.re[r] *= shrink;
    x.im[r] *= shrink;
    const Vector<T> square = x.re[r] * x.re[r] + x.im[r] * x.im[r];
    sum += square;
    const Bits<T> longer = square > longest;
    longest = longer ? square : longest;
    turn_re = longer ? x.re[r] : turn_re;
    turn_im = longer ? x.im[r] : turn_im;
  }
  const Vector<T> length = 1 / root(sum);
  const Vector<T> size = root(longest);
  const Vector<T> by_re = real ? length : turn_re / size * length;
  const Vector<T> by_im = real ? none : -turn_im / size * length;
  for (int64_t r = 0; r < n; ++r) {
    const Bits<T> is_longest = (x.re[r] == turn_re) & (x.im[r] == turn_im);
    const Vector<T> re = x.re[r] * by_re - x.im[r] * by_im;
    const Vector<T> im = x.re[r] * by_im + x.im[r] * by_re;
    x.re[r] = re;
    x.im[r] = is_longest ? none : im;
  }
  return (most > 0) & (most <= Simd<T>::kHuge) & (finite == 0);
}

// The vectors take the place of z, from the last one on: each needs the rows up to its own. `room`:
// 2 n vectors.
template <typename T>
Bits<T> find_vectors(const Parts<T>& t, int64_t stride, int64_t n, const Parts<T>& z,
                     const Parts<T>& values, const Vector<T>* scales, const Vector<T>& norm,
                     Vector<T>* room) {
  constexpr int64_t kColumns = 4;
  const Vector<T> least = norm * Simd<T>::kEpsilon;
  const Parts<T> y{room, room + n};
  Bits<T> fine = Bits<T>{} - 1;
  for (int64_t j = n; j-- > 0;) {
    substitute_back<T>(t, stride, j, values, least, y);
    int64_t column = 0;
    for (; column + kColumns <= n; column += kColumns) {
      combine_rows<T, kColumns>(z, stride, column, j, y);
    }
    for (; column < n; ++column) combine_rows<T, 1>(z, stride, column, j, y);
    const Parts<T> x{z.re + j * stride, z.im + j * stride};
    fine &= normalise<T>(x, n, scales, values.im[j] == 0);
    // The vector of a pair's second value is the first one's conjugate.
    const Bits<T> first = values.im[j] > 0;
    if (mask_where<T>(first) == 0) continue;
    for (int64_t r = 0; r < n; ++r) {
      x.re[stride + r] = first ? x.re[r] : x.re[stride + r];
      x.im[stride + r] = first ? -x.im[r] : x.im[stride + r];
    }
  }
  return fine;
}

template <typename T>
LaneMask eig(T* memory, int64_t n, const LaneEig<T>& out) {
  const int64_t stride = lane_leading(n);
  Vector<T>* const a = vectors(memory);
  Vector<T>* const z = out.vectors_real == nullptr ? nullptr : vectors(out.vectors_real);
  Vector<T>* const scales = vectors(out.room);
  Vector<T>* const tau = scales + n;
  Vector<T>* const more = tau + n;
  Vector<T> most = {};
  for (int64_t i = 0; i < n; ++i) most = largest<T>(a + i * stride, n, most);
  Bits<T> fine = has_square<T>(most) & ~balance<T>(a, stride, n, scales);
  reduce_to_hessenberg<T>(a, stride, n, z, tau, more, more + n);
  Vector<T> norm = {};
  for (int64_t i = 0; i < n; ++i) norm = largest<T>(a + i * stride, n, norm);
  fine &= ~reduce_to_schur<T>(a, stride, n, z, norm, fine);
  const Parts<T> values{vectors(out.real), vectors(out.imaginary)};
  if (z == nullptr) {
    find_values<T>({a, nullptr}, stride, n, {nullptr, nullptr}, values);
  } else {
    const Parts<T> t{a, vectors(out.room_square)};
    const Parts<T> basis{z, vectors(out.vectors_imaginary)};
    find_values<T>(t, stride, n, basis, values);
    fine &= find_vectors<T>(t, stride, n, basis, values, scales, norm, more);
  }
  return mask_where<T>(fine == 0);
}
