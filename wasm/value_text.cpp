#include <isotrace/wasm/value_text.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace isotrace::wasm {
namespace {

using core::RefusalCode;
using core::Result;

tl::unexpected<core::Refusal> refuse(RefusalCode code, ValueType type, std::string_view text) {
  return core::refuse(code, std::string(type_name(type)), std::string(text));
}

/// The unsigned integer of a float's size.
template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <class T>
Slot to_slot(T value) {
  return std::bit_cast<Bits<T>>(value);
}

/// Takes a prefix away.
bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

struct Magnitude {
  std::uint64_t value = 0;
  bool overflow = false;
};

/// Digits and nothing else.
std::optional<Magnitude> parse_magnitude(std::string_view text) {
  const int base = take(text, "0x") ? 16 : 10;
  Magnitude magnitude;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, magnitude.value, base);
  if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
  magnitude.overflow = error == std::errc::result_out_of_range;
  return magnitude;
}

Result<Slot> parse_integer(ValueType type, std::string_view text) {
  const unsigned bits = type == ValueType::i32 ? 32 : 64;
  std::string_view digits = text;
  const bool negative = take(digits, "-");
  if (!negative) take(digits, "+");
  const auto magnitude = parse_magnitude(digits);
  if (!magnitude) return refuse(RefusalCode::text_not_number, type, text);
  const std::uint64_t most = negative ? std::uint64_t{1} << (bits - 1) : UINT64_MAX >> (64 - bits);
  if (magnitude->overflow || magnitude->value > most) {
    return refuse(RefusalCode::value_out_of_range, type, text);
  }
  const std::uint64_t value = negative ? 0 - magnitude->value : magnitude->value;
  return value & (UINT64_MAX >> (64 - bits));
}

template <class T>
constexpr unsigned fraction_bits = sizeof(T) == 4 ? 23 : 52;

/// Of the fraction alone; the canonical one if no bits are given.
template <class T>
Result<Slot> parse_nan(ValueType type, std::string_view text, std::string_view rest) {
  Slot fraction = Slot{1} << (fraction_bits<T> - 1);
  if (take(rest, ":")) {
    const auto magnitude = rest.starts_with("0x") ? parse_magnitude(rest) : std::nullopt;
    if (!magnitude) return refuse(RefusalCode::text_not_number, type, text);
    if (magnitude->overflow || magnitude->value == 0 || magnitude->value >> fraction_bits<T> != 0) {
      return refuse(RefusalCode::value_out_of_range, type, text);
    }
    fraction = magnitude->value;
  } else if (!rest.empty()) {
    return refuse(RefusalCode::text_not_number, type, text);
  }
  return to_slot(std::numeric_limits<T>::infinity()) | fraction;
}

template <class T>
Result<Slot> parse_unsigned_float(ValueType type, std::string_view text, std::string_view digits) {
  if (digits == "inf") return to_slot(std::numeric_limits<T>::infinity());
  if (take(digits, "nan")) return parse_nan<T>(type, text, digits);
  const auto format = take(digits, "0x") ? std::chars_format::hex : std::chars_format::general;
  // Words are not numbers here, and a sign has been taken away.
  const bool starts = digits.find_first_of(".0123456789abcdefABCDEF") == 0;
  T value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, format);
  if (!starts || stop != end || error == std::errc::invalid_argument) {
    return refuse(RefusalCode::text_not_number, type, text);
  }
  if (error != std::errc()) return refuse(RefusalCode::value_out_of_range, type, text);
  return to_slot(value);
}

template <class T>
Result<Slot> parse_float(ValueType type, std::string_view text) {
  std::string_view digits = text;
  const bool negative = take(digits, "-");
  if (!negative) take(digits, "+");
  ISOTRACE_TRY(const Slot value, parse_unsigned_float<T>(type, text, digits));
  return negative ? value | Slot{1} << (8 * sizeof(T) - 1) : value;
}

std::string hex_digits(std::uint64_t value, std::size_t width) {
  std::array<char, 16> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
  const auto count = static_cast<std::size_t>(end - digits.data());
  return std::string(count < width ? width - count : 0, '0') + std::string(digits.data(), count);
}

template <class T>
std::string float_text(Slot slot) {
  const T value = std::bit_cast<T>(static_cast<Bits<T>>(slot));
  if (std::isnan(value)) {
    const Slot fraction = slot & ((Slot{1} << fraction_bits<T>)-1);
    return std::string(std::signbit(value) ? "-" : "") + "nan:0x" + hex_digits(fraction, 1);
  }
  std::array<char, 64> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

}  // namespace

Result<Slot> parse_value(ValueType type, std::string_view text) {
  switch (type) {
    case ValueType::i32:
    case ValueType::i64: return parse_integer(type, text);
    case ValueType::f32: return parse_float<float>(type, text);
    case ValueType::f64: return parse_float<double>(type, text);
    case ValueType::funcref:
    case ValueType::externref: break;
  }
  if (text == "null") return null_reference;
  const auto number = parse_magnitude(text);
  if (type == ValueType::funcref || !number) {
    return refuse(RefusalCode::text_not_number, type, text);
  }
  if (number->overflow || number->value == UINT64_MAX) {
    return refuse(RefusalCode::value_out_of_range, type, text);
  }
  return number->value + 1;
}

std::string value_text(ValueType type, Slot value) {
  switch (type) {
    case ValueType::i32: return std::to_string(static_cast<std::int32_t>(value));
    case ValueType::i64: return std::to_string(static_cast<std::int64_t>(value));
    case ValueType::f32: return float_text<float>(value);
    case ValueType::f64: return float_text<double>(value);
    case ValueType::funcref:
      return value == null_reference ? "null" : "function " + std::to_string(value - 1);
    case ValueType::externref: break;
  }
  return value == null_reference ? "null" : std::to_string(value - 1);
}

std::string bits_text(ValueType type, Slot value) {
  const bool narrow = type == ValueType::i32 || type == ValueType::f32;
  return "0x" + hex_digits(value, narrow ? 8 : 16);
}

}  // namespace isotrace::wasm
