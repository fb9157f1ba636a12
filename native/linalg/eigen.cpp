// Eigenvalues and eigenvectors.

#include "linalg/decompositions.h"
#include "linalg/lapack.h"
#include "linalg/operations.h"

namespace heddle::linalg {

using blas::Int;
using blas::IntArray;
using blas::IntOut;
using blas::Op;

namespace {

// What is wanted of a symmetric matrix, or of a pencil A - λB with a positive definite B.
struct Symmetric {
  enum class Range { kAll = 0, kIndices = 1, kInterval = 2 };

  int64_t n;
  bool vectors;
  bool lower;
  bool generalized;
  Range range;
  double from;  // the first index, counted from 0, or the value that all are above
  double to;    // the last index, or the largest value
};

// All eigenvalues by divide and conquer (syevd), some by relatively robust representations (syevr);
// a pencil is reduced by the Cholesky factor of B (potrf, sygst, trsm), as LAPACK's sygvd does.
template <typename T>
class SymmetricKernel {
 public:
  explicit SymmetricKernel(const Symmetric& wanted)
      : wanted_(wanted), work_(wanted.n, wanted.n), values_(wanted.n) {
    if (wanted.generalized) factor_.emplace(wanted.n, wanted.n);
    if (wanted.range == Symmetric::Range::kAll) return;
    support_.emplace(static_cast<size_t>(2 * wanted.n));
    some_.emplace(wanted.n, wanted.vectors ? wanted.n : 0);
  }

  // Returns 0, LAPACK's info, n + the order of the minor of B that is not positive, or
  // kNotFiniteInfo.
  int64_t run(const View<T>& a, const View<T>& b) {
    work_.load(a);
    if (wanted_.generalized) {
      const int64_t info = reduce(b);
      if (info != 0) return info;
    }
    const int64_t info = wanted_.range == Symmetric::Range::kAll ? solve_all(a) : solve_some(a);
    if (info == 0 && wanted_.generalized && wanted_.vectors && count_ > 0) {
      blas::current().call<T>(Op::trsm, 'L', side(), wanted_.lower ? 'T' : 'N', 'N', Int(wanted_.n),
                              Int(count_), T{1}, factor_->data(), factor_->leading_int(),
                              vectors().data, Int(work_.leading()));
    }
    return info;
  }

  // How many were found; their values, rising, and vectors as columns.
  int64_t count() const { return count_; }
  const T* values() const { return values_.data(); }
  View<T> vectors() { return some_ ? some_->view() : work_.view(); }

 private:
  char side() const { return wanted_.lower ? 'L' : 'U'; }

  int64_t reduce(const View<T>& b) {
    factor_->load(b);
    IntOut info;
    blas::current().call<T>(Op::potrf, side(), Int(wanted_.n), factor_->data(),
                            factor_->leading_int(), info);
    require_accepted(info, "potrf");
    if (info.value != 0) return wanted_.n + info.value;
    blas::current().call<T>(Op::sygst, Int(1), side(), Int(wanted_.n), work_.data(),
                            work_.leading_int(), factor_->data(), factor_->leading_int(), info);
    require_accepted(info, "sygst");
    return 0;
  }

  int64_t solve_all(const View<T>& a) {
    IntOut info;
    const auto call = [&](T* room, Int length, IntArray& integers, Int count) {
      blas::current().call<T>(Op::syevd, wanted_.vectors ? 'V' : 'N', side(), Int(wanted_.n),
                              work_.data(), work_.leading_int(), values_.data(), room, length,
                              integers, count, info);
    };
    with_rooms(call);
    count_ = wanted_.n;
    return info_of(info, "syevd", a);
  }

  int64_t solve_some(const View<T>& a) {
    IntOut info;
    IntOut found;
    const bool by_index = wanted_.range == Symmetric::Range::kIndices;
    const Int first(by_index ? static_cast<int64_t>(wanted_.from) + 1 : 1);
    const Int last(by_index ? static_cast<int64_t>(wanted_.to) + 1 : 1);
    const auto call = [&](T* room, Int length, IntArray& integers, Int count) {
      blas::current().call<T>(Op::syevr, wanted_.vectors ? 'V' : 'N', by_index ? 'I' : 'V', side(),
                              Int(wanted_.n), work_.data(), work_.leading_int(),
                              static_cast<T>(wanted_.from), static_cast<T>(wanted_.to), first, last,
                              T{0}, found, values_.data(), some_->data(), some_->leading_int(),
                              *support_, room, length, integers, count, info);
    };
    with_rooms(call);
    count_ = found.value;
    return info_of(info, "syevr", a);
  }

  // As Room, for a routine that wants integers too.
  template <typename Call>
  void with_rooms(Call&& call) {
    if (!integers_) {
      T best = 0;
      IntArray asked(1);
      call(&best, Int(-1), asked, Int(-1));
      integer_count_ = std::max<int64_t>(asked.at(0, blas::current().ilp64()), 1);
      integers_.emplace(static_cast<size_t>(integer_count_));
    }
    room_.with([&](T* room, Int length) {
      const bool asking = length.value < 0;
      call(room, length, *integers_, Int(asking ? -1 : integer_count_));
    });
  }

  Symmetric wanted_;
  Columns<T> work_;
  Workspace<T> values_;
  std::optional<Columns<T>> factor_;  // of B
  std::optional<Columns<T>> some_;    // vectors of some values
  std::optional<IntArray> support_;
  std::optional<IntArray> integers_;
  int64_t integer_count_ = 0;
  int64_t count_ = 0;
  Room<T> room_;
};

// Frame: stacks of A (n x n), B (n x n, or empty where there is none), W (w x 1), V (n x w, or
// empty where it is not wanted), the number of values (1 x 1); whether vectors are wanted, whether
// the lower triangles are read, whether there is a B, which values, from and to, check. w is n, or
// the number of indices.
template <typename T>
struct Eigh {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> b = frame.stack<T>(1);
    const Stack<T> w = frame.stack<T>(2);
    const Stack<T> v = frame.stack<T>(3);
    const Stack<T> found = frame.stack<T>(4);
    Symmetric wanted{};
    wanted.n = a.first.rows;
    wanted.vectors = frame.flag();
    wanted.lower = frame.flag();
    wanted.generalized = frame.flag();
    wanted.range = static_cast<Symmetric::Range>(frame.count());
    wanted.from = frame.next();
    wanted.to = frame.next();
    const bool check = frame.flag();
    const int64_t width = w.first.rows;
    require_square(frame, wanted.n, a.first.columns);
    require_shape(frame, w.first, width, 1);
    require_shape(frame, found.first, 1, 1);
    require_axes(frame, w, a, found);
    require(frame, check_range(wanted, width));
    if (wanted.generalized) {
      require_shape(frame, b.first, wanted.n, wanted.n);
      require_axes(frame, w, b);
    }
    if (wanted.vectors) {
      require_shape(frame, v.first, wanted.n, width);
      require_axes(frame, w, v);
    }
    const bool plain = !wanted.generalized && wanted.range == Symmetric::Range::kAll;
    const int64_t n = wanted.n;
    const auto lanes =
        plain ? kernels_for<T>(w.count(), n, SymmetricGroup<T>::elements(n)) : Lanes<T>{};
    return perform_stack(
        frame, n == 0 ? 0 : w.count(), work_in(lanes, eigh_work(n, wanted.vectors)),
        [=] { return SymmetricKernel<T>(wanted); },
        [=](SymmetricKernel<T>& kernel, int64_t index) -> int64_t {
          const View<T> from = a.at(index);
          const View<T> other = wanted.generalized ? b.at(index) : View<T>{};
          if (check && (!all_finite(from) || (wanted.generalized && !all_finite(other)))) {
            return kNotFiniteInfo;
          }
          const int64_t info = kernel.run(from, other);
          if (info != 0) return info;
          const int64_t count = std::min(kernel.count(), width);
          found.at(index).at(0, 0) = static_cast<T>(count);
          const View<T> values = w.at(index);
          for (int64_t i = 0; i < count; ++i) values.at(i, 0) = kernel.values()[i];
          if (wanted.vectors) {
            const View<T> made = kernel.vectors();
            View<T> to = v.at(index);
            to.columns = count;
            copy(View<T>{made.data, n, count, 1, made.column_stride}, to);
          }
          return 0;
        },
        in_groups(
            lanes,
            [=](const LaneKernels<T>& kernels) {
              return SymmetricGroup<T>(kernels, n, wanted.vectors);
            },
            [=](SymmetricGroup<T>& group, const GroupRange& range) {
              for (int64_t lane = 0; lane < range.count; ++lane) {
                found.at(range.first + lane).at(0, 0) = static_cast<T>(n);
              }
              return group.run(a, !wanted.lower, w, v, range);
            }));
  }

  static bool check_range(const Symmetric& wanted, int64_t width) {
    if (wanted.range != Symmetric::Range::kIndices) return width == wanted.n;
    return wanted.from >= 0 && wanted.to < static_cast<double>(wanted.n) &&
           wanted.to - wanted.from + 1 == static_cast<double>(width) && width > 0;
  }
};

// All eigenvalues of n x n matrices, and their right vectors (geev). NaN and infinity are always
// looked for: LAPACK's gebal returns on a NaN without setting the range that the routines after it
// use as indices.
template <typename T>
class GeneralKernel {
 public:
  GeneralKernel(int64_t n, bool vectors)
      : n_(n), vectors_(vectors), work_(n, n), packed_(n, vectors ? n : 0), parts_(2 * n) {}

  int64_t run(const View<T>& a) {
    if (!all_finite(a)) return kNotFiniteInfo;
    work_.load(a);
    T nothing = 0;
    IntOut info;
    room_.with([&](T* room, Int length) {
      blas::current().call<T>(Op::geev, 'N', vectors_ ? 'V' : 'N', Int(n_), work_.data(),
                              work_.leading_int(), parts_.data(), parts_.data() + n_, &nothing,
                              Int(1), packed_.data(), packed_.leading_int(), room, length, info);
    });
    return info_of(info, "geev", a);
  }

  const T* real() const { return parts_.data(); }
  const T* imaginary() const { return parts_.data() + n_; }

  // A complex pair of values j, j + 1 has the vectors v(j) + i v(j + 1) and v(j) - i v(j + 1).
  void unpack(const View<T>& re_out, const View<T>& im_out) {
    const View<T> packed = packed_.view();
    for (int64_t j = 0; j < n_; ++j) {
      if (imaginary()[j] == 0 || j + 1 == n_) {
        for (int64_t i = 0; i < n_; ++i) {
          re_out.at(i, j) = packed.at(i, j);
          im_out.at(i, j) = 0;
        }
        continue;
      }
      for (int64_t i = 0; i < n_; ++i) {
        re_out.at(i, j) = re_out.at(i, j + 1) = packed.at(i, j);
        im_out.at(i, j) = packed.at(i, j + 1);
        im_out.at(i, j + 1) = -packed.at(i, j + 1);
      }
      ++j;
    }
  }

 private:
  int64_t n_;
  bool vectors_;
  Columns<T> work_;
  Columns<T> packed_;
  Workspace<T> parts_;
  Room<T> room_;
};

// Frame: stacks of A (n x n), the eigenvalues' real and imaginary parts (n x 1), those of the right
// eigenvectors (n x n, or empty where they are not wanted); whether they are.
template <typename T>
struct Eig {
  static Napi::Value call(Frame& frame) {
    const Stack<T> a = frame.stack<T>(0);
    const Stack<T> real = frame.stack<T>(1);
    const Stack<T> imaginary = frame.stack<T>(2);
    const Stack<T> vector_real = frame.stack<T>(3);
    const Stack<T> vector_imaginary = frame.stack<T>(4);
    const bool vectors = frame.flag();
    const int64_t n = a.first.rows;
    require_square(frame, n, a.first.columns);
    require_shape(frame, real.first, n, 1);
    require_shape(frame, imaginary.first, n, 1);
    require_axes(frame, a, real, imaginary);
    if (vectors) {
      require_shape(frame, vector_real.first, n, n);
      require_shape(frame, vector_imaginary.first, n, n);
      require_axes(frame, a, vector_real, vector_imaginary);
    }
    const auto lanes = kernels_for<T>(a.count(), n, GeneralGroup<T>::elements(n));
    return perform_stack(
        frame, n == 0 ? 0 : a.count(), work_in(lanes, eig_work(n, vectors)),
        [=] { return GeneralKernel<T>(n, vectors); },
        [=](GeneralKernel<T>& kernel, int64_t index) -> int64_t {
          const int64_t info = kernel.run(a.at(index));
          if (info != 0) return info;
          const View<T> re = real.at(index);
          const View<T> im = imaginary.at(index);
          for (int64_t i = 0; i < n; ++i) {
            re.at(i, 0) = kernel.real()[i];
            im.at(i, 0) = kernel.imaginary()[i];
          }
          if (vectors) kernel.unpack(vector_real.at(index), vector_imaginary.at(index));
          return 0;
        },
        in_groups(
            lanes,
            [=](const LaneKernels<T>& kernels) { return GeneralGroup<T>(kernels, n, vectors); },
            [=](GeneralGroup<T>& group, const GroupRange& range) {
              return group.run(a, {real, imaginary, vector_real, vector_imaginary}, range);
            }));
  }
};

}  // namespace

void define_eigen(call::Module& module) {
  define<Eigh>(module, "eigh");
  define<Eig>(module, "eig");
}

}  // namespace heddle::linalg
