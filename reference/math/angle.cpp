#include <isotrace/reference/math/angle.hpp>

#include <isotrace/core/check.hpp>
#include <isotrace/reference/math/coefficients.hpp>

namespace isotrace::reference {
namespace {

constexpr DoubleDouble half_pi = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};
constexpr int words = 3;
__extension__ using Wide = unsigned __int128;

/// |x| * 2/pi modulo 4 as a fixed-point number: two bits before the point and 190 after it, least
/// significant word first; short by less than 2^-166.
struct Turns {
  std::uint64_t word[words];
};

/// Words of 2/pi * 2^(shift + 190) modulo 2^192.
std::uint64_t window_word(int word, int shift) {
  // Word 0 ends with bit shift + 190 after the point (bit 1 is the first of two_over_pi[0]).
  const int last = shift + 190 - 64 * word;
  std::uint64_t result = 0;
  const int index = (last - 1) >> 6;   // floor
  const int used = last - 64 * index;  // bits taken of word `index`, 1 to 64
  constexpr int stored = static_cast<int>(std::size(two_over_pi));
  const auto part = [](int i) { return i < 0 || i >= stored ? 0 : two_over_pi[i]; };
  result = part(index) >> (64 - used);
  if (used < 64) result |= part(index - 1) << used;
  return result;
}

Turns turns_of(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFF;
  const int exponent = static_cast<int>(bits >> 23) - 150;  // |x| = significand * 2^exponent
  ISOTRACE_CHECK(exponent >= -30 && exponent <= 104, x);
  const std::uint64_t significand = (bits & 0x7FFFFF) | 0x800000;
  Turns turns{};
  std::uint64_t carry = 0;
  for (int i = 0; i < words; ++i) {
    const auto product = static_cast<Wide>(window_word(i, exponent)) * significand + carry;
    turns.word[i] = static_cast<std::uint64_t>(product);
    carry = static_cast<std::uint64_t>(product >> 64);
  }
  return turns;
}

/// Takes the nearest integer away from the turns: modulo 4 it is the quadrant. What is left is
/// negative if `negative`, and `turns` is its magnitude.
unsigned take_quadrant(Turns& turns, bool& negative) {
  std::uint64_t& top = turns.word[words - 1];
  const auto quadrant = static_cast<unsigned>(((top >> 61) + 1) >> 1) & 3;
  top <<= 2;  // the fraction as a signed number of 190 bits at the top ...
  negative = (top >> 63) != 0;
  top >>= 2;  // ... and unsigned again
  if (!negative) return quadrant;
  std::uint64_t borrow = 0;  // 2^190 - turns
  for (int i = 0; i < words; ++i) {
    const std::uint64_t from = i + 1 == words ? std::uint64_t{1} << 62 : 0;
    const std::uint64_t word = turns.word[i];
    turns.word[i] = from - word - borrow;
    borrow = word != 0 || borrow != 0 ? 1 : 0;
  }
  return quadrant;
}

ReducedAngle with_sign(float x, bool negative, unsigned quadrant, DoubleDouble r) {
  if (negative) r = negate(r);
  if (std::signbit(x)) return {(4 - quadrant) & 3, negate(r)};
  return {quadrant, r};
}

}  // namespace

ReducedAngle reduce_angle_exactly(float x) {
  if (std::fabs(x) < 0.78F) return {0, {x, 0.0}};
  Turns turns = turns_of(x);
  bool negative = false;
  const unsigned quadrant = take_quadrant(turns, negative);
  DoubleDouble fraction = {0.0, 0.0};
  for (int i = 2 * words; i-- > 0;) {  // 32 bits at a time: each is exact in binary64
    const std::uint64_t half_word = turns.word[i / 2] >> (32 * (i % 2)) & 0xFFFFFFFF;
    fraction = add(fraction, static_cast<double>(half_word) * power_of_two(32 * i - 190));
  }
  return with_sign(x, negative, quadrant, multiply(half_pi, fraction));
}

}  // namespace isotrace::reference
