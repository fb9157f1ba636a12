#include "call/overlap.h"

#include <algorithm>
#include <numeric>

#include "common/mappings.h"

namespace heddle::call {

namespace {

// The lowest byte and the one after the highest.
struct Bounds {
  uintptr_t begin;
  uintptr_t end;

  bool meets(const Bounds& other) const { return begin < other.end && other.begin < end; }
};

Bounds bounds_of(const Region& region, uintptr_t first) {
  Bounds bounds{first, first + static_cast<uintptr_t>(region.item)};
  for (size_t axis = 0; axis < region.axis_count; ++axis) {
    const auto [length, stride] = region.axes[axis];
    const int64_t span = (length - 1) * stride;
    (span < 0 ? bounds.begin : bounds.end) += static_cast<uintptr_t>(span);
  }
  return bounds;
}

// The bounded linear Diophantine equation Σ cₖ tₖ = d with 0 ≤ tₖ ≤ mₖ: two elements with indices
// x and y have a byte in common where Σ sᵢ xᵢ − Σ rⱼ yⱼ + u − v is the distance of the first ones.
// Terms with one coefficient are taken together, so that two views of one matrix, whose strides are
// the same, need few steps whatever their sizes are.
class Equation {
 public:
  explicit Equation(int64_t distance) : distance_(distance) {}

  void add(int64_t coefficient, int64_t most) {
    if (most == 0) return;
    if (coefficient < 0) {  // counted from its other end
      distance_ -= coefficient * most;
      coefficient = -coefficient;
    }
    for (size_t k = 0; k < count_; ++k) {
      if (terms_[k].coefficient == coefficient) {
        terms_[k].most += most;
        return;
      }
    }
    terms_[count_++] = {coefficient, most, 0, 0};
  }

  bool solvable() {
    std::sort(terms_.begin(), terms_.begin() + static_cast<ptrdiff_t>(count_),
              [](const Term& a, const Term& b) { return a.coefficient > b.coefficient; });
    int64_t sum = 0;
    int64_t divisor = 0;
    for (size_t k = count_; k-- > 0;) {
      Term& term = terms_[k];
      sum += term.coefficient * term.most;
      divisor = std::gcd(divisor, term.coefficient);
      term.sum = sum;
      term.divisor = divisor;
    }
    return solvable_from(0, distance_);
  }

 private:
  struct Term {
    int64_t coefficient;
    int64_t most;
    int64_t sum;      // the most that this term and those after it come to
    int64_t divisor;  // greatest common one of their coefficients
  };

  bool solvable_from(size_t k, int64_t rest) {
    if (k == count_) return rest == 0;
    const Term& term = terms_[k];
    if (rest < 0 || rest > term.sum || rest % term.divisor != 0) return false;
    const int64_t others = k + 1 < count_ ? terms_[k + 1].sum : 0;
    const int64_t least = rest > others ? (rest - others - 1) / term.coefficient + 1 : 0;
    const int64_t most = std::min(term.most, rest / term.coefficient);
    for (int64_t t = most; t >= least; --t) {
      if (--steps_ == 0) return true;  // not found out: taken to overlap
      if (solvable_from(k + 1, rest - t * term.coefficient)) return true;
      if (steps_ <= 0) return true;
    }
    return false;
  }

  int64_t distance_;
  size_t count_ = 0;
  int64_t steps_ = 100000;
  std::array<Term, 2 * (kMaxStackAxes + 3)> terms_;
};

bool meet(const Region& one, uintptr_t one_first, const Region& other, uintptr_t other_first) {
  if (!bounds_of(one, one_first).meets(bounds_of(other, other_first))) return false;
  Equation equation(static_cast<int64_t>(other_first - one_first));
  for (size_t axis = 0; axis < one.axis_count; ++axis) {
    equation.add(one.axes[axis].stride, one.axes[axis].length - 1);
  }
  for (size_t axis = 0; axis < other.axis_count; ++axis) {
    equation.add(-other.axes[axis].stride, other.axes[axis].length - 1);
  }
  equation.add(1, one.item - 1);
  equation.add(-1, other.item - 1);
  return equation.solvable();
}

}  // namespace

bool overlap(const Region& written, const Region& read) {
  if (written.first == nullptr || read.first == nullptr) return false;
  const auto target = reinterpret_cast<uintptr_t>(written.first);
  const auto source = reinterpret_cast<uintptr_t>(read.first);
  if (meet(written, target, read, source)) return true;
  const auto elsewhere = mappings::seen_through(written.first, read.first);
  return elsewhere && meet(written, target, read, *elsewhere);
}

}  // namespace heddle::call
