// One elementary function by MPFR: rounded to binary32, and to a pair of binary64 numbers.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <mpfr.h>

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::tools {

enum class Symmetry : std::uint8_t { none, odd, even };

struct OracleFunction {
  std::string_view name;
  int (*exact)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);
  Symmetry symmetry;
  bool is_angle;
};

/// All of them, in the order in which they are reported.
std::span<const OracleFunction> oracle_functions();

/// Not for two threads at a time.
class MpfrFunction {
 public:
  explicit MpfrFunction(const OracleFunction& function);
  ~MpfrFunction();
  MpfrFunction(const MpfrFunction&) = delete;
  MpfrFunction& operator=(const MpfrFunction&) = delete;

  /// The correctly rounded binary32 value, subnormals included; the canonical NaN.
  float rounded(float x);
  /// x^y likewise (whatever the function).
  float rounded_power(float x, double y);
  /// The value at x to about 106 bits.
  reference::DoubleDouble value(double x) { return pair(function_.exact, x); }
  /// sin x and cos x likewise.
  reference::DoubleDouble sine(double x) { return pair(mpfr_sin, x); }
  reference::DoubleDouble cosine(double x) { return pair(mpfr_cos, x); }

 private:
  reference::DoubleDouble pair(int (*exact)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t), double x);

  const OracleFunction& function_;
  mpfr_t argument_;    // 53 bits
  mpfr_t single_;      // 24 bits
  mpfr_t wide_;        // 140 bits
  mpfr_t difference_;  // 140 bits
};

}  // namespace isotrace::tools
