// Exponentials, logarithms and powers with the same bits on every system.
//
// The last bits of what a C library gives differ between glibc, musl, Windows and macOS, and with
// them which draws a rejection takes. These functions have the bits of glibc 2.36 on a processor
// with fused multiply-add, as NumPy has on Debian 12; every operation of theirs is rounded in one
// way only. elementary_doubles.h says how they compute.
#pragma once

namespace heddle::random::elementary {

struct Functions {
  double (*exp)(double);
  double (*expm1)(double);
  double (*log)(double);
  double (*log1p)(double);
  double (*pow)(double, double);
  float (*expf)(float);
  float (*logf)(float);
  float (*log1pf)(float);
  float (*powf)(float, float);
};

// With the processor's fused multiply-add where it has one that the compiler may not take for
// granted, and with one in software where it has none: slower, and the same numbers.
extern const Functions functions;

inline double exp(double x) { return functions.exp(x); }
inline double expm1(double x) { return functions.expm1(x); }
inline double log(double x) { return functions.log(x); }
inline double log1p(double x) { return functions.log1p(x); }
inline double pow(double x, double y) { return functions.pow(x, y); }
inline float exp(float x) { return functions.expf(x); }
inline float log(float x) { return functions.logf(x); }
inline float log1p(float x) { return functions.log1pf(x); }
inline float pow(float x, float y) { return functions.powf(x, y); }

// Those of each way to compute, for elementary.cpp and its test.
const Functions& baseline_functions();
#if defined(__x86_64__) && defined(__GNUC__)
const Functions& fma_functions();
#endif

}  // namespace heddle::random::elementary
