// The elementary functions of binary64 by pairs (double_double.hpp), for the host and for devices.
// Each is a type with
//   special(x, y)  whether x has a known value, which is then y: limits, NaN, arguments of which
//                  the function differs by less than half the distance to the next number
//   value(x)       elsewhere: a pair and a power of two, with a relative error below 2^-90
// The pair is rounded once if all numbers within the error round alike (settle); otherwise the
// caller asks the host's integers (binary64_exactly.hpp). So results are correctly rounded.
#pragma once

#include <isotrace/reference/math/arc_series.hpp>
#include <isotrace/reference/math/exp_series.hpp>
#include <isotrace/reference/math/log_series.hpp>
#include <isotrace/reference/math/quotient.hpp>
#include <isotrace/reference/math/trig_series.hpp>

namespace isotrace::reference::binary64 {

/// pair * 2^exponent.
struct Scaled {
  DoubleDouble pair;
  int exponent = 0;
};

ISOTRACE_PAIRS double infinity() { return std::bit_cast<double>(std::uint64_t{0x7FF} << 52); }
/// The canonical one.
ISOTRACE_PAIRS double not_a_number() { return std::bit_cast<double>(std::uint64_t{0x7FF8} << 48); }
ISOTRACE_PAIRS bool is_finite(double x) { return std::fabs(x) < infinity(); }
/// From here on x + x^2 and x + x^3 round to x.
ISOTRACE_PAIRS bool is_tiny(double x) { return std::fabs(x) < 0x1p-56; }

/// Rounds to binary64; false where numbers within the error round differently, or the result may be
/// subnormal. error: relative.
ISOTRACE_PAIRS bool settle(Scaled value, double error, double& result) {
  const double margin = std::fabs(value.pair.hi) * error;
  const double above = value.pair.hi + (value.pair.lo + margin);
  const double below = value.pair.hi + (value.pair.lo - margin);
  if (above != below || value.exponent > 2000 || value.exponent < -2000) return false;
  const int half = value.exponent / 2;
  result = above * power_of_two(half) * power_of_two(value.exponent - half);
  return std::fabs(result) >= 0x1p-1021 && std::fabs(above) >= 0x1p-1021;
}

/// 2^-85: what all functions of one argument keep.
constexpr double error_max = 0x1p-85;

template <class Function>
ISOTRACE_PAIRS bool evaluate(double x, double& result) {
  if (x != x) {
    result = not_a_number();
    return true;
  }
  return Function::special(x, result) || settle(Function::value(x), error_max, result);
}

/// e^x for |x.hi| <= 1500.
ISOTRACE_PAIRS Scaled exponential(DoubleDouble x) {
  const ExpParts parts = exp_parts(x);
  return {add(parts.fraction, 1.0), parts.exponent};
}

/// ln x for a positive finite x but 1: from the middle of the range, where nothing overflows.
ISOTRACE_PAIRS DoubleDouble logarithm(double x) {
  constexpr int shift = 500;
  if (x >= 0x1p-500 && x <= 0x1p500) return log_pair({x, 0.0});
  const int n = x < 1 ? -shift : shift;
  DoubleDouble middle = {x * power_of_two(-n), 0.0};
  if (middle.hi < 0x1p-550) return add(multiply(ln2, -2 * shift), log_pair(scale(middle, shift)));
  return add(multiply(ln2, n), log_pair(middle));
}

struct Exp {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    if (std::fabs(x) < 0x1p-60) y = 1;
    if (x > 0x1.62e42fefa39efp+9) y = infinity();  // the greatest x whose power is below 2^1024
    if (x < -746) y = 0;                           // e^-746 < 2^-1075
    return std::fabs(x) < 0x1p-60 || x > 0x1.62e42fefa39efp+9 || x < -746;
  }
  ISOTRACE_PAIRS static Scaled value(double x) { return exponential({x, 0.0}); }
};

struct Expm1 {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    if (is_tiny(x)) y = x;
    if (x < -40) y = -1;
    if (x > 0x1.62e42fefa39efp+9) y = infinity();
    return is_tiny(x) || x < -40 || x > 0x1.62e42fefa39efp+9;
  }
  ISOTRACE_PAIRS static Scaled value(double x) {
    if (x > 100) return exponential({x, 0.0});  // 1 is less than 2^-144 of it
    return {expm1_of(exp_parts(DoubleDouble{x, 0.0}))};
  }
};

struct Log {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    if (x == 0) y = -infinity();
    if (x < 0) y = not_a_number();
    if (x == 1) y = 0;
    if (x == infinity()) y = x;
    return x <= 0 || x == 1 || x == infinity();
  }
  ISOTRACE_PAIRS static Scaled value(double x) { return {logarithm(x)}; }
};

struct Log1p {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    if (is_tiny(x) || x == infinity()) y = x;
    if (x == -1) y = -infinity();
    if (x < -1) y = not_a_number();
    return is_tiny(x) || x <= -1 || x == infinity();
  }
  ISOTRACE_PAIRS static Scaled value(double x) {
    if (x > 0x1p200) return {logarithm(x)};  // 1/x is less than 2^-207 of it
    return {log_pair(two_sum(1.0, x))};
  }
};

/// sin(x + offset pi/2).
ISOTRACE_PAIRS DoubleDouble sine(double x, unsigned offset) {
  const ReducedAngle angle = reduce_wide_angle(x);
  return sine_in_quadrant(angle.quadrant + offset, angle.r);
}

/// Odd functions that are x near 0, and NaN of infinities.
struct OddAngle {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    y = is_finite(x) ? x : not_a_number();
    return is_tiny(x) || !is_finite(x);
  }
};

struct Sin : OddAngle {
  ISOTRACE_PAIRS static Scaled value(double x) { return {sine(x, 0)}; }
};

struct Cos {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    y = is_finite(x) ? 1.0 : not_a_number();
    return is_tiny(x) || !is_finite(x);
  }
  ISOTRACE_PAIRS static Scaled value(double x) { return {sine(x, 1)}; }
};

struct Tan : OddAngle {
  ISOTRACE_PAIRS static Scaled value(double x) {
    const ReducedAngle angle = reduce_wide_angle(x);
    return {divide(sine_in_quadrant(angle.quadrant, angle.r),
                   sine_in_quadrant(angle.quadrant + 1, angle.r))};
  }
};

ISOTRACE_PAIRS Scaled with_sign(DoubleDouble magnitude, double sign, int exponent = 0) {
  return {sign < 0 ? negate(magnitude) : magnitude, exponent};
}

struct Asin {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    y = std::fabs(x) < 1 ? x : not_a_number();
    if (std::fabs(x) == 1) y = std::copysign(half_pi.hi, x);
    return is_tiny(x) || !(std::fabs(x) < 1);
  }
  ISOTRACE_PAIRS static Scaled value(double x) { return with_sign(arc_sine(std::fabs(x)), x); }
};

struct Acos {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    y = x == 1 ? 0 : x == -1 ? 2 * half_pi.hi : not_a_number();
    return !(std::fabs(x) < 1);
  }
  ISOTRACE_PAIRS static Scaled value(double x) { return {arc_cosine(x)}; }
};

struct Atan {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    y = is_tiny(x) ? x : std::copysign(half_pi.hi, x);
    return is_tiny(x) || std::fabs(x) > 0x1p100;
  }
  ISOTRACE_PAIRS static Scaled value(double x) {
    return with_sign(arc_tangent({std::fabs(x), 0.0}, {1.0, 0.0}), x);
  }
};

/// tanh |x| = e / (e + 2) with e = e^(2|x|) - 1.
struct Tanh {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    y = is_tiny(x) ? x : std::copysign(1.0, x);
    return is_tiny(x) || std::fabs(x) > 22;  // 2 e^-44 < 2^-62
  }
  ISOTRACE_PAIRS static Scaled value(double x) {
    const DoubleDouble e = expm1_of(exp_parts(DoubleDouble{2 * std::fabs(x), 0.0}));
    return with_sign(divide(e, add(e, 2.0)), x);
  }
};

/// sinh |x| = (e + e / (e + 1)) / 2 with e = e^|x| - 1; from 40 on e^|x| / 2, off by 2^-115 of it.
struct Sinh {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    y = is_tiny(x) ? x : std::copysign(infinity(), x);
    return is_tiny(x) || std::fabs(x) > 711;
  }
  ISOTRACE_PAIRS static Scaled value(double x) {
    const DoubleDouble magnitude = {std::fabs(x), 0.0};
    if (magnitude.hi > 40) {
      const Scaled power = exponential(magnitude);
      return with_sign(power.pair, x, power.exponent - 1);
    }
    const DoubleDouble e = expm1_of(exp_parts(magnitude));
    return with_sign(add(e, divide(e, add(e, 1.0))), x, -1);
  }
};

/// cosh x = 1 + e^2 / (2 (e + 1)) with e = e^|x| - 1.
struct Cosh {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    y = is_tiny(x) ? 1.0 : infinity();
    return is_tiny(x) || std::fabs(x) > 711;
  }
  ISOTRACE_PAIRS static Scaled value(double x) {
    const DoubleDouble magnitude = {std::fabs(x), 0.0};
    if (magnitude.hi > 40) {
      const Scaled power = exponential(magnitude);
      return {power.pair, power.exponent - 1};
    }
    const DoubleDouble e = expm1_of(exp_parts(magnitude));
    return {add(scale(divide(multiply(e, e), add(e, 1.0)), -1), 1.0)};
  }
};

/// asinh |x| = ln(1 + u), u = |x| + x^2 / (1 + sqrt(1 + x^2)); from 2^60 on ln 2|x|.
struct Asinh {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    y = x;
    return is_tiny(x) || !is_finite(x);
  }
  ISOTRACE_PAIRS static Scaled value(double x) {
    const double magnitude = std::fabs(x);
    if (magnitude > 0x1p60) return with_sign(add(logarithm(magnitude), ln2), x);
    const DoubleDouble square = two_product(magnitude, magnitude);
    const DoubleDouble root = square_root(add(square, 1.0));
    return with_sign(log1p_pair(add(divide(square, add(root, 1.0)), magnitude)), x);
  }
};

/// acosh x = ln(1 + t + sqrt(t (t + 2))), t = x - 1; from 2^60 on ln 2x.
struct Acosh {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    y = x < 1 ? not_a_number() : x == 1 ? 0.0 : x;
    return x <= 1 || x == infinity();
  }
  ISOTRACE_PAIRS static Scaled value(double x) {
    if (x > 0x1p60) return {add(logarithm(x), ln2)};
    const DoubleDouble t = two_sum(x, -1.0);
    return {log1p_pair(add(t, square_root(multiply(t, two_sum(x, 1.0)))))};
  }
};

/// atanh |x| = ln(1 + 2|x| / (1 - |x|)) / 2.
struct Atanh {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    y = is_tiny(x) ? x : std::fabs(x) == 1 ? std::copysign(infinity(), x) : not_a_number();
    return is_tiny(x) || std::fabs(x) >= 1;
  }
  ISOTRACE_PAIRS static Scaled value(double x) {
    const double magnitude = std::fabs(x);
    const DoubleDouble u = divide({2 * magnitude, 0.0}, two_sum(1.0, -magnitude));
    return with_sign(log1p_pair(u), x, -1);
  }
};

/// erf x = 2/sqrt(pi) x e^(-x^2) (1 + 2x^2/3 (1 + 2x^2/5 (1 + ...))): all terms are positive.
struct Erf {
  ISOTRACE_PAIRS static bool special(double x, double& y) {
    y = x == 0 ? x : std::copysign(1.0, x);
    return x == 0 || std::fabs(x) >= 6;  // 1 - erf 6 < 2^-55
  }
  ISOTRACE_PAIRS static Scaled value(double x) {
    constexpr DoubleDouble two_over_sqrt_pi = {0x1.20dd750429b6dp+0, 0x1.1ae3a914fed80p-56};
    const double magnitude = std::fabs(x);
    if (magnitude <
        0x1p-60) {  // x^2/3 is less than 2^-121; scaled, so that the lower part is there
      const bool small = magnitude < 0x1p-500;
      const double scaled = small ? magnitude * 0x1p500 : magnitude;
      return with_sign(multiply(two_over_sqrt_pi, scaled), x, small ? -500 : 0);
    }
    const DoubleDouble square = two_product(magnitude, magnitude);
    // What is left out is below 2^-108 of the sum. A term's factor is below 1 from n = x^2 on.
    const int terms = magnitude < 1 ? 30 : magnitude < 3 ? 70 : 150;
    const DoubleDouble twice = scale(square, 1);
    DoubleDouble sum = {1.0, 0.0};
    for (int n = terms; n >= 1; --n) {
      sum = add(multiply(multiply(sum, twice), reciprocal(2 * n + 1)), 1.0);
    }
    const Scaled power = exponential(negate(square));
    const DoubleDouble factor = multiply(two_over_sqrt_pi, multiply(power.pair, magnitude));
    return with_sign(multiply(factor, sum), x, power.exponent);
  }
};

/// 2^-78: ln x errs by less than 2^-96 of itself, and |y ln x| < 2^10 where that matters.
constexpr double power_error_max = 0x1p-78;

/// x^y for 0 < x < inf, x not 1, y finite and not 0; false where the rounding is in doubt, also of
/// exact and half-way values.
ISOTRACE_PAIRS bool power_of_positive(double x, double y, double& result) {
  if (y == 1) result = x;
  if (y == 2) result = x * x;
  if (y == -1) result = divide(1.0, x);
  if (y == 0.5) result = std::sqrt(x);
  if (y == 1 || y == 2 || y == -1 || y == 0.5) return true;
  const DoubleDouble base = logarithm(x);
  const double size = std::fabs(base.hi) * std::fabs(y);
  if (size < 0x1p-60) {
    result = 1;
    return true;
  }
  if (size > 800) {
    result = (base.hi > 0) == (y > 0) ? infinity() : 0.0;
    return true;
  }
  if (std::fabs(y) < 0x1p-500 || std::fabs(y) > 0x1p500) return false;
  return settle(exponential(multiply(base, y)), power_error_max, result);
}

ISOTRACE_PAIRS bool is_integer(double y) { return is_finite(y) && y == std::floor(y); }
/// Of an integer.
ISOTRACE_PAIRS bool is_odd(double y) { return std::fabs(y) < 0x1p53 && y / 2 != std::floor(y / 2); }

/// x^y with the special cases of IEEE 754-2019 (9.2.1); false where the magnitude is
/// |x|^y, x neither zero nor infinite, and its rounding is in doubt. `minus`: the sign.
ISOTRACE_PAIRS bool power(double x, double y, double& result, bool& minus) {
  minus = false;
  result = 1;
  if (y == 0 || x == 1) return true;
  result = not_a_number();
  if (x != x || y != y) return true;
  const double magnitude = std::fabs(x);
  if (x < 0 && is_finite(x) && is_finite(y) && !is_integer(y)) return true;
  const bool negative = std::bit_cast<std::uint64_t>(x) >> 63 != 0;
  minus = negative && is_integer(y) && is_odd(y);
  bool certain = true;
  if (magnitude == 1) {
    result = 1;
  } else if (magnitude == 0 || !is_finite(x) || !is_finite(y)) {
    result = (magnitude > 1) == (y > 0) ? infinity() : 0.0;
  } else {
    certain = power_of_positive(magnitude, y, result);
  }
  if (minus) result = -result;
  return certain;
}

}  // namespace isotrace::reference::binary64
