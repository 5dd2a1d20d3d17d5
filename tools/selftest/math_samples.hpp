// Arguments for a quick check of the elementary functions, the same on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include <isotrace/tools/selftest/check_math.hpp>

namespace isotrace::tools {

/// Numbers around the places where a function begins, ends, or changes its formula; arguments whose
/// results are hard to round; and random ones, as many for each sign and exponent as make
/// `samples`.
std::vector<float> math_samples(std::uint64_t samples);

/// pow has two arguments and one implementation.
MathReport check_power_samples(std::uint64_t samples);

}  // namespace isotrace::tools
