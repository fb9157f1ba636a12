// Powers to about nine digits, a vector at a time: for bounds, which rule most pairs out before the
// C library's pow, a number at a time, is asked. Included by kernels_impl.h where there are
// vectors.

inline Vector from_bits(const Bits& bits) { return reinterpret_cast<Vector>(bits); }
inline Bits to_bits(const Vector& value) { return reinterpret_cast<Bits>(value); }

// log2 of a number above 0: of the exponent, and of a mantissa in [√½, √2) by the series of
// 2 artanh(s), s = (m - 1) / (m + 1), whose first term left out is below 1e-9. Not for what
// is below 2^-1022.
inline Vector log2_of(const Vector& value) {
  constexpr int64_t kMantissa = (int64_t{1} << 52) - 1;
  constexpr int64_t kOne = int64_t{1023} << 52;
  constexpr int64_t kTwo52 = int64_t{1075} << 52;  // 2^52: the lowest bits are whole numbers
  const Bits bits = to_bits(value);
  // A mantissa of more than √2 is halved, and the exponent is one more.
  const Bits carry = (bits & kMantissa) > Bits{} + int64_t{0x6a09e667f3bcd};
  const Bits one = carry & 1;
  const Vector mantissa = from_bits((bits & kMantissa) + kOne - (one << 52));
  const Bits exponent = ((bits >> 52) & 2047) + one;
  const Vector whole = from_bits(exponent + kTwo52) - (4503599627370496.0 + 1023.0);
  const Vector s = (mantissa - 1.0) / (mantissa + 1.0);
  const Vector s2 = s * s;
  Vector sum = Vector{} + 1.0 / 9;
  sum = sum * s2 + Vector{} + 1.0 / 7;
  sum = sum * s2 + Vector{} + 1.0 / 5;
  sum = sum * s2 + Vector{} + 1.0 / 3;
  sum = sum * s2 + Vector{} + 1.0;
  return whole + s * sum * 2.8853900817779268;  // 2 / ln 2
}

// 2 to a power between -1000 and 1000: of the whole number in the exponent, and of the rest, at
// most a half, by the series of exp, whose first term left out is below 3e-10.
inline Vector exp2_of(const Vector& power) {
  constexpr double kShift = 6755399441055744.0;  // 1.5 · 2^52 rounds to whole numbers
  const Vector shifted = power + kShift;
  const Vector y = (power - (shifted - kShift)) * 0.6931471805599453;
  Vector sum = Vector{} + 1.0 / 40320;
  sum = sum * y + Vector{} + 1.0 / 5040;
  sum = sum * y + Vector{} + 1.0 / 720;
  sum = sum * y + Vector{} + 1.0 / 120;
  sum = sum * y + Vector{} + 1.0 / 24;
  sum = sum * y + Vector{} + 1.0 / 6;
  sum = sum * y + Vector{} + 1.0 / 2;
  sum = sum * y + Vector{} + 1.0;
  sum = sum * y + Vector{} + 1.0;
  return from_bits(to_bits(sum) + (to_bits(shifted) << 52));
}

// base^p for a base of at least 0, to within bound_slack() (metric.h) of it; at most 2^1000, and 0
// for what is below 2^-1022.
inline Vector rough_power(const Vector& base, double p) {
  const Vector most = Vector{} + 1000.0;
  const Vector power = log2_of(base) * p;
  const Bits counts = base >= Vector{} + 2.2250738585072014e-308;
  return from_bits(to_bits(exp2_of(maximum(power < most ? power : most, -most))) & counts);
}
