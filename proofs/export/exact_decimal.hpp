// Rational numbers as decimals that mean exactly them.
#pragma once

#include <optional>
#include <string>

#include <isotrace/core/rational.hpp>

namespace isotrace::proofs {

/// With a point and a digit behind it; nothing if there is no such decimal, or it is longer than
/// any of a binary32 number.
std::optional<std::string> exact_decimal(const core::Rational& value);

}  // namespace isotrace::proofs
