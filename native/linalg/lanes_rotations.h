// Sequences of plane rotations of matrices in lanes: a part of lanes_impl.h.

// Iterations for one eigenvalue or singular value; what takes more is LAPACK's.
constexpr int kMaxIterations = 40;

// Counts each lane's iterations for the value that it is at. Lanes go on to their next value by
// themselves: as many sweeps are made as the slowest lane needs in all, not the slowest for each
// value, which would be half as many again.
template <typename T>
class Iterations {
 public:
  // The lanes of `active`, which are at value `at`, that may go on.
  Bits<T> count(const Bits<T>& active, const Bits<T>& at) {
    const Bits<T> same = active & (at == at_);
    rounds_ = same ? rounds_ + 1 : Bits<T>{};
    at_ = at;
    given_up_ |= active & (rounds_ >= static_cast<Index<T>>(kMaxIterations));
    return active & ~given_up_;
  }
  Bits<T> given_up() const { return given_up_; }

 private:
  Bits<T> at_ = Bits<T>{} - 1;
  Bits<T> rounds_ = {};
  Bits<T> given_up_ = {};
};

// Columns that are rotated at once; the row between two rotations stays in registers.
#if defined(__AVX512F__)
constexpr int64_t kRotated = 8;
#else
constexpr int64_t kRotated = 4;
#endif

// In a lane that takes no part: no rotation.
template <typename T>
struct Rotation {
  Vector<T> c;
  Vector<T> s;
};

// That which takes (f, g) to (length, 0); where both are so small that their squares are none, it
// is none, and the length is 0.
template <typename T>
inline Rotation<T> rotation(const Vector<T>& f, const Vector<T>& g, Vector<T>* length) {
  const Vector<T> none = {};
  const Vector<T> square = f * f + g * g;
  const Bits<T> some = square >= Simd<T>::kLeastSquare;
  const Vector<T> reciprocal = reciprocal_root<T>(square);
  *length = some ? root_by<T>(square, reciprocal) : none;
  return {some ? f * reciprocal : none + 1, some ? g * reciprocal : none};
}

// Neighbouring rows (x, y) become (c x + s y, c y - s x): rows 0 and 1 first, then 1 and 2, ...
template <typename T, int64_t B>
inline void rotate_down(Vector<T>* z, int64_t leading, const Rotation<T>* by, int64_t count) {
  Vector<T> carried[B];
  for (int64_t b = 0; b < B; ++b) carried[b] = z[b];
  for (int64_t i = 0; i < count; ++i) {
    const Vector<T> c = by[i].c;
    const Vector<T> s = by[i].s;
    Vector<T>* const row = z + i * leading;
    for (int64_t b = 0; b < B; ++b) {
      const Vector<T> y = row[leading + b];
      row[b] = c * carried[b] + s * y;
      carried[b] = c * y - s * carried[b];
    }
  }
  for (int64_t b = 0; b < B; ++b) z[count * leading + b] = carried[b];
}

// The same from the last pair of rows to the first.
template <typename T, int64_t B>
inline void rotate_up(Vector<T>* z, int64_t leading, const Rotation<T>* by, int64_t count) {
  Vector<T> carried[B];
  for (int64_t b = 0; b < B; ++b) carried[b] = z[count * leading + b];
  for (int64_t i = count; i-- > 0;) {
    const Vector<T> c = by[i].c;
    const Vector<T> s = by[i].s;
    Vector<T>* const row = z + i * leading;
    for (int64_t b = 0; b < B; ++b) {
      const Vector<T> x = row[b];
      row[leading + b] = c * carried[b] - s * x;
      carried[b] = c * x + s * carried[b];
    }
  }
  for (int64_t b = 0; b < B; ++b) z[b] = carried[b];
}

enum class Direction { kDown, kUp };

template <typename T, Direction D, int64_t B>
inline void rotate_columns(Vector<T>* z, int64_t leading, const Rotation<T>* by, int64_t count) {
  if constexpr (D == Direction::kDown) {
    rotate_down<T, B>(z, leading, by, count);
  } else {
    rotate_up<T, B>(z, leading, by, count);
  }
}

// Sweeps of rotations that wait for each other, so that a strip of columns stays in the nearest
// cache while all of them are applied to it. (Van Zee, van de Geijn and Quintana-Orti,
// Restructuring the tridiagonal and bidiagonal QR algorithms for performance, ACM TOMS 40.)
template <typename T, Direction D>
class Sweeps {
 public:
  static constexpr int64_t kMaxSweeps = 32;
  // Rotations that there is room for, of rows 0 to n - 1.
  static constexpr int64_t capacity(int64_t n) { return 4 * n; }

  // Of the first n rows of z; null: the rotations are not wanted.
  Sweeps(Vector<T>* z, int64_t leading, int64_t columns, int64_t n, Vector<T>* room)
      : z_(z),
        leading_(leading),
        columns_(columns),
        n_(n),
        by_(reinterpret_cast<Rotation<T>*>(room)) {}

  // Room for the next sweep, of less than n rotations.
  Rotation<T>* next() {
    if (count_ == kMaxSweeps || used_ + n_ > capacity(n_)) apply();
    return by_ + used_;
  }
  // It rotates rows from `first` on.
  void add(int64_t first, int64_t count) {
    if (z_ == nullptr) return;
    sweeps_[count_++] = {by_ + used_, first, count};
    used_ += count;
  }
  void apply() {
    int64_t j = 0;
    for (; j + kRotated <= columns_; j += kRotated) apply_to<kRotated>(j);
    for (; j + 2 <= columns_; j += 2) apply_to<2>(j);
    for (; j < columns_; ++j) apply_to<1>(j);
    count_ = used_ = 0;
  }

 private:
  struct Sweep {
    const Rotation<T>* by;
    int64_t first;
    int64_t count;
  };

  template <int64_t B>
  void apply_to(int64_t column) const {
    for (int64_t i = 0; i < count_; ++i) {
      const Sweep& sweep = sweeps_[i];
      rotate_columns<T, D, B>(z_ + sweep.first * leading_ + column, leading_, sweep.by,
                              sweep.count);
    }
  }

  Vector<T>* z_;
  int64_t leading_;
  int64_t columns_;
  int64_t n_;
  Rotation<T>* by_;
  int64_t count_ = 0;
  int64_t used_ = 0;
  Sweep sweeps_[kMaxSweeps];
};
