// Cosine and sine of rational parts of a turn, 2 pi k / n: what DFT and the window functions
// multiply with.
#pragma once

#include <cstdint>

#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::reference {

/// cos and sin of an angle.
struct Turn {
  DoubleDouble cosine;
  DoubleDouble sine;
};

/// cos and sin of 2 pi k / n with relative errors below 2^-98; 0, 1 and -1 are exact. 0 <= k < n <=
/// 2^50.
Turn turn(std::int64_t k, std::int64_t n);

/// The nearest binary64 or binary32 number, -0 never.
template <class Float>
Float round_turn(DoubleDouble value);

}  // namespace isotrace::reference
