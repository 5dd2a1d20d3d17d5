#include <isotrace/core/text.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include <isotrace/core/convert.hpp>

namespace isotrace::core {
namespace {

/// The bits of element i, zero-extended.
std::uint64_t bits_of(const TensorView& tensor, std::size_t i) {
  ISOTRACE_CHECK(i < tensor.elements(), i, tensor.elements());
  const std::size_t width = dtype_bytes(tensor.dtype());
  std::uint64_t bits = 0;  // little-endian hosts only, like the traces
  std::memcpy(&bits, tensor.bytes().data() + i * width, width);
  return bits;
}

/// The value of a float element; binary64 holds every one of them exactly.
double value_of(Dtype dtype, std::uint64_t bits) {
  switch (dtype) {
    case Dtype::f16: return to_f32(Half{static_cast<std::uint16_t>(bits)});
    case Dtype::bf16: return to_f32(BFloat16{static_cast<std::uint16_t>(bits)});
    case Dtype::f32: return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    case Dtype::f64: return std::bit_cast<double>(bits);
    default: return float8_to_f32(static_cast<std::uint8_t>(bits), float8_format(dtype));
  }
}

std::uint64_t sign_bit(Dtype dtype) {
  return dtype == Dtype::f4e2m1 ? 8 : std::uint64_t{1} << (8 * dtype_bytes(dtype) - 1);
}

/// Position on the line of all values of the type, shifted so that none is negative: both zeros
/// stand at 2^63.
std::uint64_t position(Dtype dtype, std::uint64_t bits) {
  const std::uint64_t sign = sign_bit(dtype);
  constexpr std::uint64_t zero = std::uint64_t{1} << 63;
  return (bits & sign) != 0 ? zero - (bits & (sign - 1)) : zero + bits;
}

using Digits = std::array<char, 64>;

std::string as_real(std::string digits) {
  if (digits.find_first_of(".e") == std::string::npos) digits += ".0";
  return digits;
}

/// The shortest decimal of a float type without conversions of its own (16 bits and less): the
/// first that is nearer to the value than to its neighbours in that type. `magnitude` has no sign.
std::string narrow_decimal(Dtype dtype, std::uint64_t magnitude) {
  const double value = value_of(dtype, magnitude);
  const double below = magnitude == 0 ? -value_of(dtype, 1) : value_of(dtype, magnitude - 1);
  // Behind the largest value stands no other; the next one would be as far away as the last.
  const double next = value_of(dtype, magnitude + 1);
  const double above = std::isfinite(next) && next > value ? next : value + (value - below);
  for (int digits = 1;; ++digits) {
    Digits text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                   std::chars_format::general, digits);
    double read = 0;
    std::from_chars(text.data(), end.ptr, read);
    const double error = std::fabs(read - value);
    const bool nearest = error < std::fabs(read - below) && error < std::fabs(read - above);
    if (nearest || digits == 17) return as_real({text.data(), end.ptr});
  }
}

}  // namespace

std::string hex_float(double value) {
  if (std::isnan(value)) return "nan";
  const std::string sign = std::signbit(value) ? "-" : "";
  if (std::isinf(value)) return sign + "inf";
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), std::fabs(value),
                                 std::chars_format::hex);
  ISOTRACE_CHECK(end.ec == std::errc{}, value);
  return sign + "0x" + std::string(text.data(), end.ptr);
}

std::string element_text(const TensorView& tensor, std::size_t i) {
  const std::uint64_t bits = bits_of(tensor, i);
  if (is_float(tensor.dtype())) return hex_float(value_of(tensor.dtype(), bits));
  switch (tensor.dtype()) {
    case Dtype::i2:
    case Dtype::i4:
    case Dtype::i8: return std::to_string(static_cast<std::int8_t>(bits));
    case Dtype::i16: return std::to_string(static_cast<std::int16_t>(bits));
    case Dtype::i32: return std::to_string(static_cast<std::int32_t>(bits));
    case Dtype::i64: return std::to_string(static_cast<std::int64_t>(bits));
    case Dtype::boolean: return bits != 0 ? "true" : "false";
    default: return std::to_string(bits);
  }
}

std::string element_decimal(const TensorView& tensor, std::size_t i) {
  if (!is_float(tensor.dtype())) return element_text(tensor, i);
  const std::uint64_t bits = bits_of(tensor, i);
  const double value = value_of(tensor.dtype(), bits);
  if (!std::isfinite(value)) return hex_float(value);
  const std::string sign = std::signbit(value) ? "-" : "";
  if (dtype_bytes(tensor.dtype()) < sizeof(float)) {
    return sign + narrow_decimal(tensor.dtype(), bits & (sign_bit(tensor.dtype()) - 1));
  }
  Digits text{};
  const double magnitude = std::fabs(value);
  const auto end =
      tensor.dtype() == Dtype::f32
          ? std::to_chars(text.data(), text.data() + text.size(), static_cast<float>(magnitude))
          : std::to_chars(text.data(), text.data() + text.size(), magnitude);
  return sign + as_real({text.data(), end.ptr});
}

std::string element_bits(const TensorView& tensor, std::size_t i) {
  const std::uint64_t bits = bits_of(tensor, i);
  std::string text = "0x";
  for (std::size_t byte = dtype_bytes(tensor.dtype()); byte-- > 0;) {
    const auto value = static_cast<std::uint8_t>(bits >> (8 * byte));
    text += to_hex({&value, 1});
  }
  return text;
}

std::optional<std::uint64_t> ulp_distance(const TensorView& a, const TensorView& b, std::size_t i) {
  ISOTRACE_CHECK(a.dtype() == b.dtype(), dtype_name(a.dtype()), dtype_name(b.dtype()));
  if (!is_float(a.dtype())) return std::nullopt;
  const std::uint64_t left = bits_of(a, i);
  const std::uint64_t right = bits_of(b, i);
  if (std::isnan(value_of(a.dtype(), left)) || std::isnan(value_of(b.dtype(), right))) {
    return std::nullopt;
  }
  const std::uint64_t x = position(a.dtype(), left);
  const std::uint64_t y = position(a.dtype(), right);
  return x > y ? x - y : y - x;
}

}  // namespace isotrace::core
