// What is made of singular value decompositions in lanes: a part of lanes_impl.h.

// A factor of a product: element (i, q) is at i * down + q * along.
template <typename T>
struct Factor {
  const Vector<T>* data;
  int64_t down;
  int64_t along;
};

template <typename T, int64_t R, int64_t S>
inline void product_tile(const Factor<T>& a, int64_t k, const Vector<T>* b, int64_t stride,
                         Vector<T>* c) {
  Vector<T> sums[R][S] = {};
  for (int64_t q = 0; q < k; ++q) {
    const Vector<T>* const row = b + q * stride;
    for (int64_t r = 0; r < R; ++r) {
      const Vector<T> x = a.data[r * a.down + q * a.along];
      for (int64_t s = 0; s < S; ++s) sums[r][s] += x * row[s];
    }
  }
  for (int64_t r = 0; r < R; ++r) {
    for (int64_t s = 0; s < S; ++s) c[r * stride + s] = sums[r][s];
  }
}

// C = A B of m x k and k x n.
template <typename T>
void multiply(Factor<T> a, const Vector<T>* b, int64_t m, int64_t k, int64_t n, Vector<T>* c) {
  constexpr int64_t kColumns = 4;
  const int64_t stride = lane_leading(n);
  int64_t i = 0;
  const auto rows = [&](auto tile_rows) {
    constexpr int64_t kRows = decltype(tile_rows)::kCount;
    int64_t j = 0;
    for (; j + kColumns <= n; j += kColumns) {
      product_tile<T, kRows, kColumns>(a, k, b + j, stride, c + i * stride + j);
    }
    for (; j < n; ++j) product_tile<T, kRows, 1>(a, k, b + j, stride, c + i * stride + j);
    a.data += kRows * a.down;
    return kRows;
  };
  while (i + kTileRows <= m) i += rows(Count<kTileRows>{});
  while (i < m) i += rows(Count<1>{});
}

// 1 / s where s is above `limit` times the largest, else 0.
template <typename T>
inline Vector<T> reciprocal_above(const Vector<T>& s, const Vector<T>& least) {
  const Vector<T> none = {};
  return s > least ? 1 / s : none;
}

template <typename T>
void pseudo_inverse(const LaneSvd<T>& of, T limit, T* inverse) {
  const Vector<T>* const s = vectors(of.values);
  Vector<T>* const left = vectors(of.left);
  const int64_t k = of.count;
  const int64_t stride = lane_leading(of.rows);
  const Vector<T> least = largest<T>(s, k, Vector<T>{}) * limit;
  for (int64_t q = 0; q < k; ++q) {
    const Vector<T> factor = reciprocal_above<T>(s[q], least);
    for (int64_t i = 0; i < of.rows; ++i) left[q * stride + i] *= factor;
  }
  multiply<T>({vectors(of.right), 1, lane_leading(of.columns)}, left, of.columns, k, of.rows,
              vectors(inverse));
}

template <typename T>
LaneMask least_squares(const LaneSvd<T>& of, T limit, const LaneSystem<T>& system) {
  const Vector<T>* const s = vectors(of.values);
  const Vector<T>* const b = vectors(system.b);
  Vector<T>* const products = vectors(system.room);
  Vector<T>* const residuals = vectors(system.residuals);
  Vector<T>* const rank = vectors(system.rank);
  const int64_t k = of.count;
  const int64_t p = system.columns;
  const int64_t stride = lane_leading(p);
  const Vector<T> none = {};
  Vector<T> most = none;
  for (int64_t i = 0; i < of.rows; ++i) most = largest<T>(b + i * stride, p, most);
  const Bits<T> fine = has_square<T>(most);
  multiply<T>({vectors(of.left), lane_leading(of.rows), 1}, b, k, of.rows, p, products);
  // What is left of B besides its part in the range of A.
  Vector<T>* const rest = products + k * stride;
  multiply<T>({vectors(of.left), 1, lane_leading(of.rows)}, products, of.rows, k, p, rest);
  for (int64_t j = 0; j < p; ++j) {
    residuals[j] = none;
    for (int64_t i = 0; i < of.rows; ++i) {
      const Vector<T> x = b[i * stride + j] - rest[i * stride + j];
      residuals[j] += x * x;
    }
  }
  const Vector<T> least = largest<T>(s, k, none) * limit;
  *rank = none;
  for (int64_t q = 0; q < k; ++q) {
    *rank += s[q] > least ? none + 1 : none;
    const Vector<T> factor = reciprocal_above<T>(s[q], least);
    for (int64_t j = 0; j < p; ++j) products[q * stride + j] *= factor;
  }
  multiply<T>({vectors(of.right), 1, lane_leading(of.columns)}, products, of.columns, k, p,
              vectors(system.x));
  return mask_where<T>(fine == 0);
}
