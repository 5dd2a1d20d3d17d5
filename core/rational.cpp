#include <isotrace/core/rational.hpp>

#include <cmath>
#include <limits>

#include <isotrace/core/check.hpp>

namespace isotrace::core {
namespace {

constexpr std::size_t digits_max = 1000;
constexpr int exponent_max = 1000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the digits at the front of `text`.
std::string take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  std::string digits(text.substr(0, count));
  text.remove_prefix(count);
  return digits;
}

bool take_sign(std::string_view& text) {
  if (text.empty() || (text[0] != '-' && text[0] != '+')) return false;
  const bool negative = text[0] == '-';
  text.remove_prefix(1);
  return negative;
}

Integer integer_of(const std::string& digits) {
  // A leading zero would mean octal to Boost.
  const auto first = digits.find_first_not_of('0');
  return first == std::string::npos ? Integer(0) : Integer(digits.substr(first));
}

Integer power_of_ten(int exponent) {
  return boost::multiprecision::pow(Integer(10), static_cast<unsigned>(exponent));
}

/// |value| rounded towards zero to 53 bits (fewer where binary64 is subnormal), as an exact
/// multiple of a power of two.
double truncate(const Rational& magnitude) {
  if (magnitude == 0) return 0;
  const Integer num = boost::multiprecision::numerator(magnitude);
  const Integer den = boost::multiprecision::denominator(magnitude);
  const auto log2 = [](const Integer& v) {
    return static_cast<int>(boost::multiprecision::msb(v));
  };
  // 2^(e-1) < magnitude < 2^(e+1) with e = the difference of the bit lengths.
  const int unit = std::max(log2(num) - log2(den) - 53, -1074);
  const Integer quotient = unit >= 0 ? Integer(num / (den << unit)) : Integer((num << -unit) / den);
  const int excess = quotient == 0 ? 0 : std::max(0, log2(quotient) - 52);
  const auto mantissa = static_cast<std::uint64_t>(quotient >> excess);
  const double result = std::ldexp(static_cast<double>(mantissa), unit + excess);
  return std::isinf(result) ? std::numeric_limits<double>::max() : result;
}

}  // namespace

Result<Rational> parse_rational(std::string_view text) {
  const std::string shown(text.substr(0, 64));
  auto malformed = [&] { return refuse(RefusalCode::text_not_number, "\"" + shown + "\""); };
  if (text.size() > digits_max) return refuse(RefusalCode::limit_exceeded, "\"" + shown + "...\"");
  const bool negative = take_sign(text);
  const std::string whole = take_digits(text);
  std::string fraction;
  const bool decimal = !text.empty() && text[0] == '.';
  if (decimal) {
    text.remove_prefix(1);
    fraction = take_digits(text);
  }
  if (whole.empty() && fraction.empty()) return malformed();
  Rational value(integer_of(whole + fraction), power_of_ten(static_cast<int>(fraction.size())));
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    const bool exponent_negative = take_sign(text);
    const std::string digits = take_digits(text);
    if (digits.empty()) return malformed();
    if (digits.size() > 4 || std::stoi(digits) > exponent_max) {
      return refuse(RefusalCode::limit_exceeded, "\"" + shown + "\"", "decimal exponent");
    }
    const Integer power = power_of_ten(std::stoi(digits));
    value = exponent_negative ? Rational(value / power) : Rational(value * power);
  } else if (!text.empty() && text[0] == '/' && !decimal) {
    text.remove_prefix(1);
    const std::string digits = take_digits(text);
    if (digits.empty() || integer_of(digits) == 0) return malformed();
    value /= integer_of(digits);
  }
  if (!text.empty()) return malformed();
  return negative ? Rational(-value) : value;
}

Rational exact_rational(double value) {
  ISOTRACE_CHECK(std::isfinite(value), value);
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  const auto digits = static_cast<std::int64_t>(std::ldexp(mantissa, 53));
  exponent -= 53;
  const Integer power = Integer(1) << std::abs(exponent);
  return exponent >= 0 ? Rational(Integer(digits) * power) : Rational(Integer(digits), power);
}

double round_down(const Rational& value) {
  if (value < 0) return -round_up(-value);
  return truncate(value);
}

double round_up(const Rational& value) {
  if (value < 0) return -round_down(-value);
  const double below = truncate(value);
  if (exact_rational(below) == value) return below;
  return std::nextafter(below, std::numeric_limits<double>::infinity());
}

}  // namespace isotrace::core
