// Exact rational numbers (Boost.Multiprecision) for decimals in properties and exact judgements of
// counterexamples, with outward conversions to binary64.
#pragma once

#include <string_view>

#include <boost/multiprecision/cpp_int.hpp>

#include <isotrace/core/result.hpp>

namespace isotrace::core {

using Integer = boost::multiprecision::cpp_int;
using Rational = boost::multiprecision::cpp_rational;

/// Parses "-12", "0.45", "1.5e-3", "3/4" exactly. Refuses text_not_number, and limit_exceeded for
/// more than 1,000 digits or a decimal exponent outside [-1000, 1000].
Result<Rational> parse_rational(std::string_view text);

/// The value of a finite binary64 number, exactly (binary32 widens without loss).
Rational exact_rational(double value);

/// The largest binary64 not above `value`, the smallest not below it (infinite on overflow).
double round_down(const Rational& value);
double round_up(const Rational& value);

}  // namespace isotrace::core
