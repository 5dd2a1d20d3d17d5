#include "exact_decimal.hpp"

#include <algorithm>

namespace isotrace::proofs {
namespace {

using core::Integer;

/// Binary32 numbers need 149 digits behind the point.
constexpr int digits_max = 160;

}  // namespace

std::optional<std::string> exact_decimal(const core::Rational& value) {
  Integer bottom = denominator(value);
  int twos = 0;
  int fives = 0;
  for (; bottom % 2 == 0 && twos <= digits_max; ++twos) bottom /= 2;
  for (; bottom % 5 == 0 && fives <= digits_max; ++fives) bottom /= 5;
  const int places = std::max({twos, fives, 1});
  if (bottom != 1 || places > digits_max) return std::nullopt;
  Integer power = 1;
  for (int i = 0; i < places; ++i) power *= 10;
  const Integer scaled = numerator(value) * power / denominator(value);
  const bool negative = scaled < 0;
  std::string text = Integer(negative ? -scaled : scaled).str();
  const auto behind = static_cast<std::size_t>(places);
  if (text.size() <= behind) text.insert(0, behind + 1 - text.size(), '0');
  text.insert(text.size() - behind, ".");
  return (negative ? "-" : "") + text;
}

}  // namespace isotrace::proofs
