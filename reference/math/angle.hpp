// Exact reduction of any angle modulo pi/2 (M. Payne, R. Hanek, "Radian reduction for trigonometric
// functions", SIGNUM Newsletter 18(1), 1983).
#pragma once

#include <iterator>

#include <isotrace/reference/math/coefficients.hpp>
#include <isotrace/reference/math/double_double.hpp>

namespace isotrace::reference {

/// pi/2 with an error below 2^-108.
ISOTRACE_LANES_TABLE DoubleDouble half_pi = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};

/// x = (4k + quadrant) pi/2 + r for some integer k, |r| <= pi/4 (1 + 2^-50).
struct ReducedAngle {
  unsigned quadrant;
  DoubleDouble r;
};

namespace angle {

__extension__ using Wide = unsigned __int128;

/// |x| * 2/pi modulo 4 as a fixed-point number: two bits before the point and 64 words - 2 after
/// it, least significant word first; short by less than 2^(2 - 64 words) times x's significand.
template <int words>
struct Turns {
  std::uint64_t word[words];
};

/// Words of 2/pi * 2^(shift + 64 words - 2) modulo 2^(64 words).
template <int words>
ISOTRACE_PAIRS std::uint64_t window_word(int word, int shift) {
  // Word 0 ends with this bit after the point (bit 1 is the first of two_over_pi[0]).
  const int last = shift + 64 * words - 2 - 64 * word;
  const int index = (last - 1) >> 6;   // floor
  const int used = last - 64 * index;  // bits taken of word `index`, 1 to 64
  constexpr int stored = static_cast<int>(std::size(two_over_pi));
  const auto part = [](int i) { return i < 0 || i >= stored ? 0 : two_over_pi[i]; };
  const std::uint64_t result = part(index) >> (64 - used);
  return used < 64 ? result | part(index - 1) << used : result;
}

/// Of significand * 2^exponent.
template <int words>
ISOTRACE_PAIRS Turns<words> turns_of(std::uint64_t significand, int exponent) {
  Turns<words> turns{};
  std::uint64_t carry = 0;
  for (int i = 0; i < words; ++i) {
    const auto product = static_cast<Wide>(window_word<words>(i, exponent)) * significand + carry;
    turns.word[i] = static_cast<std::uint64_t>(product);
    carry = static_cast<std::uint64_t>(product >> 64);
  }
  return turns;
}

/// Takes the nearest integer away from the turns: modulo 4 it is the quadrant. What is left is
/// negative if `negative`, and `turns` is its magnitude.
template <int words>
ISOTRACE_PAIRS unsigned take_quadrant(Turns<words>& turns, bool& negative) {
  std::uint64_t& top = turns.word[words - 1];
  const auto quadrant = static_cast<unsigned>(((top >> 61) + 1) >> 1) & 3;
  top <<= 2;  // the fraction as a signed number at the top ...
  negative = (top >> 63) != 0;
  top >>= 2;  // ... and unsigned again
  if (!negative) return quadrant;
  std::uint64_t borrow = 0;  // 2^(64 words - 2) - turns
  for (int i = 0; i < words; ++i) {
    const std::uint64_t from = i + 1 == words ? std::uint64_t{1} << 62 : 0;
    const std::uint64_t word = turns.word[i];
    turns.word[i] = from - word - borrow;
    borrow = word != 0 || borrow != 0 ? 1 : 0;
  }
  return quadrant;
}

/// significand * 2^exponent, with another sign if `minus`.
template <int words>
ISOTRACE_PAIRS ReducedAngle reduce(std::uint64_t significand, int exponent, bool minus) {
  Turns<words> turns = turns_of<words>(significand, exponent);
  bool negative = false;
  const unsigned quadrant = take_quadrant(turns, negative);
  DoubleDouble fraction = {0.0, 0.0};
  for (int i = 2 * words; i-- > 0;) {  // 32 bits at a time: each is exact in binary64
    const std::uint64_t half_word = turns.word[i / 2] >> (32 * (i % 2)) & 0xFFFFFFFF;
    fraction =
        add(fraction, static_cast<double>(half_word) * power_of_two(32 * i - 64 * words + 2));
  }
  DoubleDouble r = multiply(half_pi, fraction);
  if (negative) r = negate(r);
  return minus ? ReducedAngle{(4 - quadrant) & 3, negate(r)} : ReducedAngle{quadrant, r};
}

}  // namespace angle

/// r to a relative error below 2^-100. For finite x.
ReducedAngle reduce_angle_exactly(float x);

/// The same of a finite binary64 number. Four words have 254 - 53 = 201 certain bits after the
/// point, of which at most 62 are zeros first (J.-M. Muller, "Elementary Functions", 3rd edition,
/// 11.3.2).
ISOTRACE_PAIRS ReducedAngle reduce_wide_angle(double x) {
  if (std::fabs(x) < 0.78) return {0, {x, 0.0}};
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const int exponent = static_cast<int>(bits >> 52 & 0x7FF) - 1075;
  const std::uint64_t significand = (bits & 0xFFFFFFFFFFFFF) | std::uint64_t{1} << 52;
  return angle::reduce<4>(significand, exponent, bits >> 63 != 0);
}

}  // namespace isotrace::reference
