#include "linalg/singular.h"

#include "linalg/operations.h"

namespace heddle::linalg {

using blas::Int;
using blas::Op;

namespace {

// Frame: A (m x n), S (k x 1 with k = min(m, n)), check; U (m x u) and Vᵀ (v x n), where u and v
// are both k, or m and n. Without vectors: SvdValues.
template <typename T>
struct Svd {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> s = frame.matrix<T>(1);
    const View<T> u = frame.matrix<T>(2);
    const View<T> vt = frame.matrix<T>(3);
    const bool full = frame.flag();
    const bool check = frame.flag();
    const int64_t k = std::min(a.rows, a.columns);
    require_shape(frame, s, k, 1);
    require(frame, k == 0 || s.row_stride == 1);
    require_shape(frame, u, a.rows, full ? a.rows : k);
    require_shape(frame, vt, full ? a.columns : k, a.columns);
    const Vectors vectors = full ? Vectors::kFull : Vectors::kReduced;
    return perform(frame, svd_work(a.rows, a.columns, vectors), [=](const Grant&) -> call::Outcome {
      if (k == 0) {
        fill_identity(u);
        fill_identity(vt);
        return 0;
      }
      if (check && !all_finite(a)) return kNotFinite;
      Workspace<T> left(u.size());
      Workspace<T> right(vt.size());
      const Singular<T> parts{{left.data(), u.rows, u.columns, 1, u.rows},
                              {right.data(), vt.rows, vt.columns, 1, vt.rows},
                              s.data};
      const call::Outcome info = decompose(a, vectors, parts);
      if (info != 0) return info;
      copy(parts.u, u);
      copy(parts.vt, vt);
      return 0;
    });
  }
};

// Frame: A (m x n), S (min(m, n) x 1), check. Only the singular values.
template <typename T>
struct SvdValues {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> s = frame.matrix<T>(1);
    const bool check = frame.flag();
    require_shape(frame, s, std::min(a.rows, a.columns), 1);
    require(frame, s.rows == 0 || s.row_stride == 1);
    return perform(frame, svd_work(a.rows, a.columns, Vectors::kNone),
                   [=](const Grant&) -> call::Outcome {
                     if (s.rows == 0) return 0;
                     if (check && !all_finite(a)) return kNotFinite;
                     return singular_values(a, s.data);
                   });
  }
};

// Frame: A (m x n), X (n x m), the relative limit below which a singular value counts as zero,
// check. X = the pseudo-inverse V S⁺ Uᵀ. Outcome: info.
template <typename T>
struct Pinv {
  static Napi::Value call(Frame& frame) {
    const View<T> a = frame.matrix<T>(0);
    const View<T> x = frame.matrix<T>(1);
    const T limit = static_cast<T>(frame.next());
    const bool check = frame.flag();
    require_shape(frame, x, a.columns, a.rows);
    frame.require_apart(x, a);
    const int64_t k = std::min(a.rows, a.columns);
    const Work work = svd_work(a.rows, a.columns, Vectors::kReduced) +
                      Work{2 * static_cast<double>(a.size()) * static_cast<double>(k)};
    return perform(frame, work, [=](const Grant&) -> call::Outcome {
      if (a.size() == 0) return 0;
      if (check && !all_finite(a)) return kNotFinite;
      Workspace<T> left(a.rows * k);
      Workspace<T> right(k * a.columns);
      Workspace<T> values(k);
      T* const s = values.data();
      const Singular<T> parts{
          {left.data(), a.rows, k, 1, a.rows}, {right.data(), k, a.columns, 1, k}, s};
      const call::Outcome info = decompose(a, Vectors::kReduced, parts);
      if (info != 0) return info;
      int64_t rank = 0;
      while (rank < k && s[rank] > limit * s[0]) ++rank;
      for (int64_t j = 0; j < rank; ++j) {
        for (int64_t i = 0; i < a.rows; ++i) parts.u.at(i, j) /= s[j];
      }
      if (rank == 0) {
        fill(x, T{0});
        return 0;
      }
      // Column-major Y = U Vᵀ (m x n) is the transpose of the result.
      Workspace<T> product(a.size());
      blas::current().call<T>(Op::gemm, 'N', 'N', Int(a.rows), Int(a.columns), Int(rank), T{1},
                              left.data(), Int(a.rows), right.data(), Int(k), T{0}, product.data(),
                              Int(a.rows));
      copy(View<T>{product.data(), a.columns, a.rows, a.rows, 1}, x);
      return 0;
    });
  }
};

}  // namespace

void define_singular(call::Module& module) {
  define<Svd>(module, "svd");
  define<SvdValues>(module, "svdValues");
  define<Pinv>(module, "pinv");
}

}  // namespace heddle::linalg
