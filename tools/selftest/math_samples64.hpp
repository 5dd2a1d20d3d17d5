// A check of the elementary functions of binary64 on samples, the same on every machine.
#pragma once

#include <isotrace/tools/selftest/check_math.hpp>

namespace isotrace::tools {

/// One report of one row for each function of reference/math/binary64.hpp, pow last: neighbourhoods
/// of the places where a function begins, ends, overflows, or comes near half-way values, and about
/// `samples` random arguments of all signs and exponents; of pow exact and half-way cases, and
/// random pairs with results of all exponents.
std::vector<MathReport> check_samples64(std::uint64_t samples);

}  // namespace isotrace::tools
