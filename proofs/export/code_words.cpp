#include "code_words.hpp"

#include <algorithm>

namespace isotrace::proofs {
namespace {

using bits::Gates;
using bits::invert;
using bits::Operation;
using bits::Wire;
using bits::wire_false;
using bits::Word;

// Indices of Wasm.v's `binary` and `relation`.
enum Binary : std::uint32_t {
  add,
  sub,
  mul,
  div_s,
  div_u,
  rem_s,
  rem_u,
  and_bits,
  or_bits,
  xor_bits,
  shl,
  shr_s,
  shr_u,
  rotl,
  rotr
};

Word operate(Gates& gates, Operation operation, const Word& a, const Word& b) {
  return bits::operation_gates(gates, operation, {a, b}, 0, static_cast<unsigned>(a.size()));
}

/// Shifts count modulo the width.
Word amount(const Word& b) {
  const std::size_t kept = b.size() == 64 ? 6 : 5;
  Word masked = b;
  std::fill(masked.begin() + static_cast<std::ptrdiff_t>(kept), masked.end(), wire_false);
  return masked;
}

Word shift(Gates& gates, Operation operation, const Word& a, const Word& b) {
  return operate(gates, operation, a, amount(b));
}

Word rotate(Gates& gates, const Word& a, const Word& left, const Word& right) {
  const Word high = shift(gates, Operation::bvshl, a, left);
  const Word low = shift(gates, Operation::bvlshr, a, right);
  return operate(gates, Operation::bvor, high, low);
}

Word opposite(Gates& gates, const Word& b) {
  return operate(gates, Operation::bvsub, bits::constant_word(0, static_cast<unsigned>(b.size())),
                 b);
}

/// Defined but for zero and, of quotients, but for the least number divided by -1.
CodeResult divide_signed(Gates& gates, bool quotient, const Word& a, const Word& b) {
  const auto width = static_cast<unsigned>(a.size());
  const Wire defined = nonzero(gates, b);
  if (!quotient) return {bits::plain_division(gates, a, b, true).remainder, invert(defined)};
  const bits::Value least = bits::Value{1} << (width - 1);
  const Wire is_least = bits::equal_words(gates, a, bits::constant_word(least, width));
  const Wire is_minus_one =
      bits::equal_words(gates, b, bits::constant_word(bits::mask(width), width));
  const Wire overflows = gates.conjunction(is_least, is_minus_one);
  Word result = bits::plain_division(gates, a, b, true).quotient;
  return {std::move(result), gates.disjunction(invert(defined), overflows)};
}

CodeResult divide(Gates& gates, bool quotient, const Word& a, const Word& b) {
  const Wire defined = nonzero(gates, b);
  bits::Division division = bits::plain_division(gates, a, b, false);
  return {quotient ? std::move(division.quotient) : std::move(division.remainder), invert(defined)};
}

std::optional<Operation> total_operation(std::uint32_t index) {
  switch (index) {
    case add: return Operation::bvadd;
    case sub: return Operation::bvsub;
    case and_bits: return Operation::bvand;
    case or_bits: return Operation::bvor;
    case xor_bits: return Operation::bvxor;
    default: return std::nullopt;
  }
}

std::optional<Operation> shift_operation(std::uint32_t index) {
  switch (index) {
    case shl: return Operation::bvshl;
    case shr_s: return Operation::bvashr;
    case shr_u: return Operation::bvlshr;
    default: return std::nullopt;
  }
}

/// Zeros above the highest one that is set: the last one that is met counts.
Word count_leading(Gates& gates, const Word& a) {
  const auto width = static_cast<unsigned>(a.size());
  Word count = bits::constant_word(width, width);
  for (unsigned bit = 0; bit < width; ++bit) {
    count = choose_word(gates, a[bit], bits::constant_word(width - 1 - bit, width), count);
  }
  return count;
}

Word count_trailing(Gates& gates, const Word& a) {
  const auto width = static_cast<unsigned>(a.size());
  Word count = bits::constant_word(width, width);
  for (unsigned bit = width; bit-- > 0;) {
    count = choose_word(gates, a[bit], bits::constant_word(bit, width), count);
  }
  return count;
}

/// Every bit is the carry into the sum of those before.
Word count_ones(Gates& gates, const Word& a) {
  Word sum = bits::constant_word(0, static_cast<unsigned>(a.size()));
  for (const Wire bit : a) {
    Wire carry = bit;
    for (Wire& place : sum) {
      const Wire next = gates.exclusive(place, carry);
      carry = gates.conjunction(place, carry);
      place = next;
    }
  }
  return sum;
}

Wire less(Gates& gates, const Word& a, const Word& b, bool is_signed) {
  const Operation operation = is_signed ? Operation::bvslt : Operation::bvult;
  return bits::operation_gates(gates, operation, {a, b}, 0, 1)[0];
}

}  // namespace

Wire nonzero(Gates& gates, const Word& word) {
  const Word zero = bits::constant_word(0, static_cast<unsigned>(word.size()));
  return invert(bits::equal_words(gates, word, zero));
}

Word count_bits(Gates& gates, const CodeNode& node, const Word& a) {
  switch (node.index) {
    case 0: return count_leading(gates, a);
    case 1: return count_trailing(gates, a);
    case 2: return count_ones(gates, a);
    default: return truth_word(invert(nonzero(gates, a)));  // eqz
  }
}

CodeResult compute_binary(Gates& gates, const CodeNode& node, const Word& a, const Word& b) {
  if (const auto operation = total_operation(node.index)) return {operate(gates, *operation, a, b)};
  if (const auto operation = shift_operation(node.index)) return {shift(gates, *operation, a, b)};
  switch (node.index) {
    case div_s: return divide_signed(gates, true, a, b);
    case rem_s: return divide_signed(gates, false, a, b);
    case mul: return {bits::plain_product(gates, a, b)};
    case div_u: return divide(gates, true, a, b);
    case rotl: {
      const Word other = opposite(gates, b);
      return {rotate(gates, a, b, other)};
    }
    case rotr: {
      const Word other = opposite(gates, b);
      return {rotate(gates, a, other, b)};
    }
    default: return divide(gates, false, a, b);
  }
}

Wire compare_words(Gates& gates, std::uint32_t relation, const Word& a, const Word& b) {
  // eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u
  switch (relation) {
    case 0: return bits::equal_words(gates, a, b);
    case 1: return invert(bits::equal_words(gates, a, b));
    case 2: return less(gates, a, b, true);
    case 3: return less(gates, a, b, false);
    case 4: return less(gates, b, a, true);
    case 5: return less(gates, b, a, false);
    case 6: return invert(less(gates, b, a, true));
    case 7: return invert(less(gates, b, a, false));
    case 8: return invert(less(gates, a, b, true));
    default: return invert(less(gates, a, b, false));
  }
}

Word extend_word(const CodeNode& node, const Word& a) {
  Word word(a.begin(), a.begin() + node.index);
  const Wire fill = node.with_sign ? word.back() : wire_false;
  word.resize(node.wide ? 64 : 32, fill);
  return word;
}

Word truth_word(Wire wire) {
  Word word(32, wire_false);
  word[0] = wire;
  return word;
}

}  // namespace isotrace::proofs
