// Mod (docs/spec/elementwise.md). The remainder of two floating-point numbers is always a number of
// their format, so it is computed without any rounding, by long division of the significands.
#include <bit>

#include <isotrace/reference/elementwise.hpp>
#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {
namespace {

/// value = significand * 2^exponent for a finite number that is not negative.
template <class Float>
struct Parts {
  std::uint64_t significand;
  int exponent;
};

template <class Float>
Parts<Float> take_apart(Float value) {
  using Bits = std::conditional_t<sizeof(Float) == 4, std::uint32_t, std::uint64_t>;
  constexpr int stored = std::numeric_limits<Float>::digits - 1;
  constexpr int least = std::numeric_limits<Float>::min_exponent - 1 - stored;
  const auto bits = std::bit_cast<Bits>(value);
  const auto fraction = static_cast<std::uint64_t>(bits & ((Bits{1} << stored) - 1));
  const int biased = static_cast<int>(bits >> stored);
  if (biased == 0) return {fraction, least};
  return {fraction | (std::uint64_t{1} << stored), least + biased - 1};
}

/// x - n * y with the integer n that x / y truncates to; the sign of x, also on zero.
template <class Float>
Float remainder_of(Float x, Float y) {
  constexpr Float infinity = std::numeric_limits<Float>::infinity();
  const Float dividend = std::fabs(x);
  const Float divisor = std::fabs(y);
  if (x != x || y != y || dividend == infinity || divisor == 0) {
    return std::numeric_limits<Float>::quiet_NaN();
  }
  if (dividend < divisor) return x;
  const Parts<Float> a = take_apart(dividend);
  const Parts<Float> b = take_apart(divisor);
  // As many bits of the quotient at a time as there is room for above the significand.
  constexpr int room = 64 - std::numeric_limits<Float>::digits;
  std::uint64_t rest = a.significand % b.significand;
  for (int left = a.exponent - b.exponent; left > 0; left -= room) {
    rest = (rest << std::min(left, room)) % b.significand;
  }
  // Exact: rest is below the significand of y and has its exponent.
  const Float magnitude = std::ldexp(static_cast<Float>(rest), b.exponent);
  return std::signbit(x) ? -magnitude : magnitude;
}

/// Integers: C's remainder, or with the sign of the divisor. The least integer by -1 leaves 0.
template <class T>
T integer_remainder(T a, T b, bool sign_of_dividend, bool& zero_divisor) {
  if (b == 0) {
    zero_divisor = true;
    return 0;
  }
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return 0;
  }
  const T rest = static_cast<T>(a % b);
  const bool opposed = rest != 0 && (rest < 0) != (b < 0);
  return opposed && !sign_of_dividend ? static_cast<T>(rest + b) : rest;
}

}  // namespace

// [elementwise.mod]
Outcome evaluate_mod(const Call& call) {
  const TensorView& a = call.operand(0);
  const TensorView& b = call.operand(1);
  const bool sign_of_dividend = call.node.integer("fmod") != 0;
  ISOTRACE_TRY_DONE(check_same_dtype(a, b));
  if (core::is_float(a.dtype()) && !sign_of_dividend) {
    return refuse_attribute("fmod 0 of floating-point numbers");
  }
  bool zero_divisor = false;
  Outcome outcome = one(visit_numbers(a.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return map_binary<T>(a, b, [&](Wide<T> x, Wide<T> y) {
      if constexpr (std::is_floating_point_v<Wide<T>>) {
        return remainder_of(x, y);
      } else {
        return integer_remainder(x, y, sign_of_dividend, zero_divisor);
      }
    });
  }));
  if (zero_divisor) return refuse_value("integer division by zero");
  return outcome;
}

}  // namespace isotrace::reference
