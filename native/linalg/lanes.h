// Many small matrices at once: one in each lane of the processor's vectors.
//
// A LAPACK call costs more than the work on a matrix of 4 x 4, and on one of 64 x 64 its loops are
// still too short for wide vectors. Here element (i, j) of as many matrices as a vector has lanes
// stands in one vector, and the loops are those of the textbook. No lane's result depends on what
// is in the others. (The layout is called "compact" in Kim et al., Designing vector-friendly
// compact BLAS and LAPACK kernels, SC 2017.)
//
// Owns nothing: tables of functions, compiled once for each instruction set, as native/neighbors
// has them. The files include no library header whose inline functions could leak out of them.
#pragma once

#include <cstdint>

namespace heddle::linalg {

// The columns that a group's matrix has in memory. Rows that lie a power of two apart would share
// few lines of the cache, and loads wait for stores with the same last bits of the address.
constexpr int64_t lane_leading(int64_t columns) {
  return columns >= 16 && columns % 8 == 0 ? columns + 4 : columns;
}

// One bit for each lane.
using LaneMask = uint32_t;

constexpr int64_t kMaxLanes = 16;
// Bytes that a group's memory is aligned to.
constexpr int64_t kLaneAlignment = 64;

// Factors of a group's matrices of `rows` x `columns`: the left vectors (`rows` long) and the right
// ones (`columns` long) as rows, `count` of each, and the singular values in any order.
template <typename T>
struct LaneSvd {
  int64_t rows;
  int64_t columns;
  int64_t count;
  T* left;
  T* right;
  T* values;
};

// Right-hand sides of a group's matrices, and what is found for them.
template <typename T>
struct LaneSystem {
  int64_t columns;  // of b and x
  T* b;             // rows x columns
  T* x;
  T* residuals;  // a sum of squares for each column
  T* rank;
  T* room;  // (count + rows) * columns vectors
};

// What is found of a group's general n x n matrices, and the room for it. Without vectors all that
// is n x n is null.
template <typename T>
struct LaneEig {
  T* real;  // n eigenvalues: of a pair, that with the imaginary part above 0 comes first
  T* imaginary;
  T* vectors_real;  // as rows
  T* vectors_imaginary;
  T* room_square;  // n x n
  T* room;         // 4 n vectors
};

// A group's matrix: element (i, j) of all lanes is the vector at (i * leading + j) * lanes, where
// leading is lane_leading() of its columns.
template <typename T>
struct LaneKernels {
  int64_t lanes;  // matrices in a group
  // The largest order of matrices for which LAPACK is slower.
  int64_t max_order;

  // Reads matrices with common strides, one for each lane, into columns of a group that has
  // `leading` columns. Returns the lanes in which there is a NaN or an infinity.
  LaneMask (*load)(const T* const* from, int64_t row_stride, int64_t column_stride, int64_t rows,
                   int64_t columns, T* to, int64_t leading);
  // Writes the first `count` lanes; returns those in which there is a NaN or an infinity.
  LaneMask (*store)(const T* from, int64_t leading, int64_t rows, int64_t columns, T* const* to,
                    int64_t row_stride, int64_t column_stride, int64_t count);

  // Eliminates in the first n columns with row exchanges, the larger pivot above: the factors are
  // left in their place, and columns behind them become L⁻¹ P times what they were. `odd`: the
  // lanes with an odd number of exchanges. `exchanges`: n vectors, the row that row k was exchanged
  // with; where they are not wanted (null), the rows of L are not exchanged beyond the columns that
  // are worked on at once, as nobody reads them. Returns the lanes that are to be computed by
  // LAPACK: those with pivots near the ends of the range, and those that are singular, or so nearly
  // that rounding decides it.
  LaneMask (*eliminate)(T* a, int64_t rows, int64_t columns, int64_t n, LaneMask* odd,
                        T* exchanges);
  // Takes the factors apart: L, rows x k with ones on its diagonal, goes to `lower`, and zeros come
  // in the place of its elements.
  void (*split)(T* a, int64_t rows, int64_t columns, int64_t k, T* lower);
  // The columns behind the factors become U⁻¹ times what they were.
  void (*substitute)(T* a, int64_t n, int64_t columns);

  // The lower factor in the place of the lower triangle, zeros above. Returns the lanes that are
  // to be computed by LAPACK, as eliminate().
  LaneMask (*cholesky)(T* a, int64_t n);

  // What follows leaves besides to LAPACK lanes whose largest element has no square in the range of
  // the elements, and those that do not converge.

  // Of m x n matrices, whose columns are the rows of `a`: R takes their place (its columns as
  // rows), and the first `width` columns of Q become the rows of q. width = 0: no Q. `room`: k + m
  // vectors with k = min(m, n).
  LaneMask (*qr)(T* a, int64_t m, int64_t n, T* q, int64_t width, T* room);
  // Of symmetric matrices, whose upper triangle is read: the eigenvalues, in any order, and the
  // vectors as rows (null: none). `room`: 11 n vectors.
  LaneMask (*eigh)(T* a, int64_t n, T* vectors, T* values, T* room);
  // Of any square matrices: the eigenvalues and, where they are wanted, the right vectors.
  LaneMask (*eig)(T* a, int64_t n, const LaneEig<T>& out);
  // Of m x n matrices with m >= n: the singular values, in any order, n right vectors as rows, and
  // `width` left ones, n at least (both null: none). `room`: 17 n + m vectors.
  LaneMask (*svd)(T* a, int64_t m, int64_t n, T* left, int64_t width, T* right, T* values, T* room);
  // The pseudo-inverse, columns x rows; overwrites the left vectors. Singular values up to `limit`
  // times the largest are taken to be zero.
  void (*pseudo_inverse)(const LaneSvd<T>& of, T limit, T* inverse);
  // The shortest of the X that make the columns of A X - B shortest.
  LaneMask (*least_squares)(const LaneSvd<T>& of, T limit, const LaneSystem<T>& system);
};

struct LaneTable {
  const char* name;
  LaneKernels<double> doubles;
  LaneKernels<float> floats;
};

// The table for this processor; null where the compiler has no vectors.
const LaneTable* lane_table();
// Takes another one, for tests: "baseline", "avx2", "avx512", or "none". False where it can't run.
bool use_lanes(const char* name);

template <typename T>
const LaneKernels<T>* lane_kernels();

const LaneTable* baseline_lanes();
const LaneTable* avx2_lanes();    // null where it was not compiled
const LaneTable* avx512_lanes();  // null where it was not compiled

}  // namespace heddle::linalg
