#include "linalg/singular.h"

#include "linalg/decompositions.h"
#include "linalg/operations.h"

namespace heddle::linalg {

using blas::Int;
using blas::Op;

namespace {

// Frame: stacks of A (m x n), S (k x 1 with k = min(m, n)), U (m x u) and Vᵀ (v x n), where u and v
// are both k, or m and n; whether they are the latter, check. Without vectors: SvdValues.
template <typename T>
struct Svd {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> s = frame.stack<T>(1);
    const Stack<T> u = frame.stack<T>(2);
    const Stack<T> vt = frame.stack<T>(3);
    const bool full = frame.flag();
    const bool check = frame.flag();
    const int64_t m = a.first.rows;
    const int64_t n = a.first.columns;
    const int64_t k = std::min(m, n);
    require_shape(frame, s.first, k, 1);
    require_shape(frame, u.first, m, full ? m : k);
    require_shape(frame, vt.first, full ? n : k, n);
    require_axes(frame, a, s, u, vt);
    const Vectors vectors = full ? Vectors::kFull : Vectors::kReduced;
    const auto lanes = kernels_for<T>(a.count(), k, SingularGroup<T>::elements(m, n, vectors));
    return perform_stack(
        frame, a.count(), work_in(lanes, svd_work(m, n, vectors)),
        [=] { return SingularKernel<T>(m, n, vectors); },
        [=](SingularKernel<T>& kernel, int64_t index) -> int64_t {
          if (k == 0) {
            fill_identity(u.at(index));
            fill_identity(vt.at(index));
            return 0;
          }
          const View<T> from = a.at(index);
          if (check && !all_finite(from)) return kNotFiniteInfo;
          const int64_t info = kernel.run(from);
          if (info != 0) return info;
          const View<T> values = s.at(index);
          for (int64_t i = 0; i < k; ++i) values.at(i, 0) = kernel.values()[i];
          copy(kernel.left(), u.at(index));
          copy(kernel.right(), vt.at(index));
          return 0;
        },
        in_groups(
            lanes,
            [=](const LaneKernels<T>& kernels) { return SingularGroup<T>(kernels, m, n, vectors); },
            [=](SingularGroup<T>& group, const GroupRange& range) {
              LaneMask left = group.decompose(a, range);
              left |= group.store_values(s, range);
              return left | group.store_vectors(u, vt, range);
            }));
  }
};

// Frame: stacks of A (m x n), S (min(m, n) x 1), check. Only the singular values.
template <typename T>
struct SvdValues {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> s = frame.stack<T>(1);
    const bool check = frame.flag();
    const int64_t m = a.first.rows;
    const int64_t n = a.first.columns;
    const int64_t k = std::min(m, n);
    require_shape(frame, s.first, k, 1);
    require_axes(frame, a, s);
    const auto lanes =
        kernels_for<T>(a.count(), k, SingularGroup<T>::elements(m, n, Vectors::kNone));
    return perform_stack(
        frame, k == 0 ? 0 : a.count(), work_in(lanes, svd_work(m, n, Vectors::kNone)),
        [=] { return SingularKernel<T>(m, n, Vectors::kNone); },
        [=](SingularKernel<T>& kernel, int64_t index) -> int64_t {
          const View<T> from = a.at(index);
          if (check && !all_finite(from)) return kNotFiniteInfo;
          const int64_t info = kernel.run(from);
          if (info != 0) return info;
          const View<T> values = s.at(index);
          for (int64_t i = 0; i < k; ++i) values.at(i, 0) = kernel.values()[i];
          return 0;
        },
        in_groups(
            lanes,
            [=](const LaneKernels<T>& kernels) {
              return SingularGroup<T>(kernels, m, n, Vectors::kNone);
            },
            [=](SingularGroup<T>& group, const GroupRange& range) {
              const LaneMask left = group.decompose(a, range);
              return left | group.store_values(s, range);
            }));
  }
};

// Frame: stacks of A (m x n), X (n x m), the relative limit below which a singular value counts as
// zero, check. X = the pseudo-inverse V S⁺ Uᵀ.
template <typename T>
struct Pinv {
  struct Kernel {
    Kernel(int64_t m, int64_t n) : singular(m, n, Vectors::kReduced), product(m * n) {}
    SingularKernel<T> singular;
    Workspace<T> product;
  };

  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> x = frame.stack<T>(1);
    const T limit = static_cast<T>(frame.next());
    const bool check = frame.flag();
    const int64_t m = a.first.rows;
    const int64_t n = a.first.columns;
    const int64_t k = std::min(m, n);
    require_shape(frame, x.first, n, m);
    require_axes(frame, a, x);
    frame.require_apart(x, a);
    const Work work = svd_work(m, n, Vectors::kReduced) +
                      Work{2 * static_cast<double>(a.first.size()) * static_cast<double>(k)};
    const auto lanes =
        kernels_for<T>(a.count(), k, SingularGroup<T>::elements(m, n, Vectors::kReduced) + m * n);
    return perform_stack(
        frame, k == 0 ? 0 : a.count(), work_in(lanes, work), [=] { return Kernel(m, n); },
        [=](Kernel& kernel, int64_t index) -> int64_t {
          const View<T> from = a.at(index);
          if (check && !all_finite(from)) return kNotFiniteInfo;
          const int64_t info = kernel.singular.run(from);
          if (info == 0) invert(kernel, limit, m, n, x.at(index));
          return info;
        },
        in_groups(
            lanes, [=](const LaneKernels<T>& kernels) { return InverseGroup<T>(kernels, m, n); },
            [=](InverseGroup<T>& group, const GroupRange& range) {
              return group.run(a, limit, x, range);
            }));
  }

  static void invert(Kernel& kernel, T limit, int64_t m, int64_t n, const View<T>& x) {
    const T* const s = kernel.singular.values();
    const int64_t k = kernel.singular.count();
    const View<T> u = kernel.singular.left();
    const View<T> vt = kernel.singular.right();
    int64_t rank = 0;
    while (rank < k && s[rank] > limit * s[0]) ++rank;
    for (int64_t j = 0; j < rank; ++j) {
      for (int64_t i = 0; i < m; ++i) u.at(i, j) /= s[j];
    }
    if (rank == 0) return fill(x, T{0});
    // Column-major Y = U Vᵀ (m x n) is the transpose of the result.
    blas::current().call<T>(Op::gemm, 'N', 'N', Int(m), Int(n), Int(rank), T{1}, u.data,
                            Int(u.column_stride), vt.data, Int(vt.column_stride), T{0},
                            kernel.product.data(), Int(m));
    copy(View<T>{kernel.product.data(), n, m, m, 1}, x);
  }
};

}  // namespace

void define_singular(call::Module& module) {
  define<Svd>(module, "svd");
  define<SvdValues>(module, "svdValues");
  define<Pinv>(module, "pinv");
}

}  // namespace heddle::linalg
