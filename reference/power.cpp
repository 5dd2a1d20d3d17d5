// Pow (docs/spec/math.md): the one operation whose two operands may differ in type.
#include <isotrace/reference/elementwise.hpp>
#include <isotrace/reference/math/real.hpp>
#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {
namespace {

/// An exponent of any type. Integers beyond 2^53 are made smaller for `real`, where of a binary32
/// number only their sign and parity matter: |x| is 0, 1, or so far from 1 that the power is 0 or
/// infinite.
struct Exponent {
  double real;
  bool is_integer;
  bool is_negative;
  std::uint64_t magnitude;  // of an integer
};

constexpr std::uint64_t even_limit = (std::uint64_t{1} << 53) - 2;

Exponent integer_exponent(bool negative, std::uint64_t magnitude) {
  const std::uint64_t limited = magnitude <= even_limit ? magnitude : even_limit + magnitude % 2;
  const auto real = static_cast<double>(limited);
  return {negative ? -real : real, true, negative, magnitude};
}

Exponent real_exponent(double y) {
  const double magnitude = std::fabs(y);
  if (!(magnitude == std::floor(magnitude)) || magnitude > 0x1p1023 * 1.99) {
    return {y, false, y < 0, 0};
  }
  // From 2^63 on powers of odd numbers modulo 2^64 are 1 and those of even ones 0, as for 2^63.
  constexpr double limit = 0x1p63;
  return {y, true, y < 0, static_cast<std::uint64_t>(std::min(magnitude, limit))};
}

template <class T>
Exponent read_exponent(const TensorView& tensor, std::size_t index) {
  const T y = tensor.data<T>()[index];
  if constexpr (!std::is_integral_v<T>) {
    return real_exponent(static_cast<double>(widen(y)));
  } else {
    const bool negative = y < 0;
    const auto bits = static_cast<std::uint64_t>(y);
    return integer_exponent(negative, negative ? 0 - bits : bits);
  }
}

using ExponentReader = Exponent (*)(const TensorView&, std::size_t);

Result<ExponentReader> find_reader(Dtype dtype) {
  return visit_numbers(dtype, [](auto type) -> Result<ExponentReader> {
    return &read_exponent<typename decltype(type)::type>;
  });
}

/// x^n modulo 2^bits of T.
template <class T>
T wrapping_power(T x, std::uint64_t n) {
  T result = 1;
  for (; n != 0; n >>= 1) {
    if ((n & 1) != 0) result = multiply(result, x);
    x = multiply(x, x);
  }
  return result;
}

/// Not so of a binary64 number: (1 + 2^-52)^(2^53) is near e^2.
double power_of_double(double x, const Exponent& y) {
  const bool is_made_smaller = y.magnitude > even_limit + 1 && std::fabs(y.real) <= even_limit + 1;
  return is_made_smaller ? pow64(x, y.is_negative, y.magnitude) : pow64(x, y.real);
}

/// 1 / x^n truncated; a zero x sets the flag.
template <class T>
T reciprocal_power(T x, std::uint64_t n, bool& zero_divisor) {
  if (x == 0) zero_divisor = true;
  if (x == 1) return 1;
  if constexpr (std::is_signed_v<T>) {
    if (x == -1) return n % 2 == 0 ? T{1} : T{-1};
  }
  return 0;
}

template <class T>
T power(T x, const Exponent& y, bool& zero_divisor) {
  if constexpr (std::is_integral_v<T>) {
    if (!y.is_integer) return core::to_integer<T>(pow(static_cast<float>(x), y.real));
    return y.is_negative ? reciprocal_power(x, y.magnitude, zero_divisor)
                         : wrapping_power(x, y.magnitude);
  } else if constexpr (std::is_same_v<T, double>) {
    return power_of_double(x, y);
  } else {
    return narrow<T>(pow(widen(x), y.real));
  }
}

/// Every element of x to the power of its exponent, NumPy broadcasting.
template <class T>
Result<Tensor> power_elements(const TensorView& x, const TensorView& y, bool& zero_divisor) {
  ISOTRACE_TRY(const ExponentReader read, find_reader(y.dtype()));
  ISOTRACE_TRY(Shape shape, broadcast_shapes(x.shape(), y.shape()));
  Odometer at(shape);
  at.add_stream(broadcast_strides(x.shape(), shape));
  at.add_stream(broadcast_strides(y.shape(), shape));
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), std::move(shape)));
  const auto base = x.data<T>();
  for (T& element : out.data<T>()) {
    const Exponent exponent = read(y, static_cast<std::size_t>(at.offset(1)));
    element = power(base[static_cast<std::size_t>(at.offset(0))], exponent, zero_divisor);
    at.next();
  }
  return out;
}

}  // namespace

// [math.pow]
Outcome evaluate_pow(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& y = call.operand(1);
  bool zero_divisor = false;
  const auto powers = [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    return power_elements<T>(x, y, zero_divisor);
  };
  Outcome outcome = one(visit_numbers(x.dtype(), powers));
  if (zero_divisor) return refuse_value("a negative power of integer zero");
  return outcome;
}

}  // namespace isotrace::reference
