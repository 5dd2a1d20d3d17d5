#include <isotrace/bits/word_gates.hpp>

#include <algorithm>
#include <optional>

#include <isotrace/core/check.hpp>

namespace isotrace::bits {
namespace {

Word inverted(Word a) {
  for (Wire& wire : a) wire = invert(wire);
  return a;
}

Word extended(Word a, unsigned width, Wire fill) {
  a.resize(width, fill);
  return a;
}

struct Sum {
  Word bits;
  Wire carry;  // out of the highest bit
};

/// The next digits of a + b + carry up to `end`, one full adder each.
void add_digits(Gates& gates, const Word& a, const Word& b, std::size_t end, Sum& sum) {
  for (std::size_t i = sum.bits.size(); i < end; ++i) {
    const Wire half = gates.exclusive(a[i], b[i]);
    sum.bits.push_back(gates.exclusive(half, sum.carry));
    const Wire carried = gates.conjunction(half, sum.carry);
    const Wire both = gates.conjunction(a[i], b[i]);
    sum.carry = gates.disjunction(both, carried);
  }
}

/// a + b + carry. Wherever a carry is the same whatever the wires are, the digits below it are
/// worth a known sum of wires: the first digits made of that stand for all.
Sum add(Gates& gates, const Word& a, const Word& b, Wire carry) {
  Sum sum{{}, carry};
  DigitSums* const known = carry > wire_false || a.size() > 64 ? nullptr : gates.digit_sums();
  WireSum worth;
  worth.add(carry, 1);
  for (std::size_t i = 0, begin = 0; known != nullptr && i < a.size(); ++i) {
    known->add(worth, a[i], WireSum::Integer{1} << (i - begin));
    known->add(worth, b[i], WireSum::Integer{1} << (i - begin));
    const auto above = worth.low >> (i + 1 - begin);
    if (above != worth.high >> (i + 1 - begin)) continue;
    worth.add(wire_true, -(above << (i + 1 - begin)));
    if (const Word* digits = known->find(worth)) {
      sum.bits.insert(sum.bits.end(), digits->begin(), digits->end());
    } else {
      add_digits(gates, a, b, i + 1, sum);
      while (sum.bits.size() > begin && worth.high >> (sum.bits.size() - 1 - begin) == 0)
        sum.bits.pop_back();
      const auto first = sum.bits.begin() + static_cast<std::ptrdiff_t>(begin);
      known->keep(worth, Word(first, sum.bits.end()));
    }
    sum.bits.resize(i + 1, wire_false);
    sum.carry = above == 0 ? wire_false : wire_true;
    begin = i + 1;
    worth = {};
    worth.add(sum.carry, 1);
  }
  add_digits(gates, a, b, a.size(), sum);
  return sum;
}

/// a - b = a + not b + 1; the carry says a >= b.
Sum subtract(Gates& gates, const Word& a, const Word& b) {
  return add(gates, a, inverted(b), wire_true);
}

Word negate(Gates& gates, const Word& a) {
  return subtract(gates, constant_word(0, static_cast<unsigned>(a.size())), a).bits;
}

Word negate_if(Gates& gates, Wire condition, const Word& a) {
  return choose_word(gates, condition, negate(gates, a), a);
}

/// The number that a word of constants is.
std::optional<Value> known_number(const Word& word) {
  Value number = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] > wire_false || i >= width_max) return std::nullopt;
    number |= Value{word[i] == wire_true ? 1U : 0U} << i;
  }
  return number;
}

/// The lowest bits that the others repeat the highest of.
std::size_t signed_length_of(const Word& word) {
  std::size_t length = word.size();
  while (length > 1 && word[length - 2] == word.back()) --length;
  return length;
}

/// a - 2^place b where the condition holds, else a.
Word subtract_if(Gates& gates, const Word& a, Wire condition, const Word& b, std::size_t place) {
  Word moved(a.size(), wire_false);
  for (std::size_t i = place; i < a.size(); ++i) {
    moved[i] = gates.conjunction(condition, b[i - place]);
  }
  return subtract(gates, a, moved).bits;
}

/// By halves of 16 bits, as where no wider product is at hand.
Word product_of_halves(Gates& gates, const Word& a, const Word& b) {
  constexpr std::size_t half = 16;
  const auto part = [](const Word& word, std::size_t at) {
    Word result(word.data() + at, word.data() + at + half);
    result.resize(word.size(), wire_false);
    return result;
  };
  Word sum(a.size(), wire_false);
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t of_a = i % 2 * half;
    const std::size_t of_b = i / 2 * half;
    Word row = plain_product(gates, part(a, of_a), part(b, of_b));
    row.insert(row.begin(), of_a + of_b, wire_false);
    row.resize(a.size());
    sum = add(gates, sum, row, wire_false).bits;
  }
  return sum;
}

/// Of the operands, the second is the one with fewer bits that can be set; else the order is by
/// wires, so that b * a is a * b. An operand that repeats its sign s above n bits is the number
/// of these bits less 2^n s, a constant above the half is the opposite of a smaller one.
Word multiply(Gates& gates, Word a, Word b) {
  const auto rows = [](const Word& word) { return std::ranges::count(word, wire_false); };
  if (std::pair(rows(a), b) > std::pair(rows(b), a)) std::swap(a, b);
  for (const bool first : {true, false}) {
    Word& one = first ? a : b;
    Word& other = first ? b : a;
    const std::size_t length = signed_length_of(one);
    const Wire sign = one.back();
    const auto k = known_number(one);
    if (k && sign == wire_true && length < one.size()) {
      const auto size = static_cast<unsigned>(one.size());
      return negate(gates, multiply(gates, constant_word(0 - *k, size), other));
    }
    // One that repeats a sign, with zeros above: the same gates as where the sign goes on.
    const std::size_t top = length_of(one);
    if (top > 0 && top < one.size() && one[top - 1] > wire_false &&
        signed_length_of(Word(one.data(), one.data() + top)) + 2 < top) {
      const Wire repeated = one[top - 1];
      std::fill(one.begin() + static_cast<std::ptrdiff_t>(top), one.end(), repeated);
      const Word opposite = negate(gates, other);
      return subtract_if(gates, multiply(gates, one, other), repeated, opposite, top);
    }
    if (sign <= wire_false || length + 2 >= one.size()) continue;
    std::fill(one.begin() + static_cast<std::ptrdiff_t>(length), one.end(), wire_false);
    const Word product = subtract_if(gates, multiply(gates, one, other), sign, other, length);
    if (length + signed_length_of(other) <= other.size()) {  // nothing overflows: signs multiply
      const Word none(other.size(), wire_false);
      const Wire differ = gates.exclusive(sign, other.back());
      gates.demand({differ, invert(product.back())});
      gates.demand({invert(differ), product.back(), equal_words(gates, one, none),
                    equal_words(gates, other, none)});
    }
    return product;
  }
  const Word product = plain_product(gates, a, b);
  const auto parts = [](const Word& word) { return length_of(word) > 16 && length_of(word) <= 32; };
  if (parts(a) && parts(b) && a.size() > 32 && !known_number(a) && !known_number(b)) {
    const Word same = product_of_halves(gates, a, b);
    for (std::size_t i = 0; i < same.size(); ++i) {
      gates.demand({invert(gates.exclusive(product[i], same[i]))});
    }
  }
  return product;
}

Wire less(Gates& gates, const Word& a, const Word& b) {
  return invert(subtract(gates, a, b).carry);
}

/// Of a number that is at most that, the bits above are 0, and demanded to be.
void bound(Gates& gates, Word& word, Value most) {
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (most >> i != 0) continue;
    gates.demand({invert(word[i])});
    word[i] = wire_false;
  }
}

/// By a constant in 1..2^(w-1)-1 with w bits, at most 64: with the least s for which
/// m = ceil(2^(w+s) / k) has m k - 2^(w+s) <= 2^s, floor(a / k) = floor(a m / 2^(w+s)) for all a
/// below 2^w (Granlund and Montgomery 1994, theorem 4.2; s = ceil(log2 k) always does).
Division divide_by(Gates& gates, Word a, Value k) {
  const std::size_t size = a.size();
  while (a.size() > 1 && a.back() == wire_false && k >> (a.size() - 2) == 0) a.pop_back();
  const auto width = static_cast<unsigned>(a.size());
  unsigned shift = width;
  Value factor = 0;
  for (;; ++shift) {
    const Value power = Value{1} << shift;
    factor = (power + k - 1) / k;
    if (factor * k - power <= power >> width) break;
  }
  // The factor is at most 2^(w+1), and s at most w - 1.
  const unsigned wide = 2 * width + 2;
  Word product = multiply(gates, extended(a, wide, wire_false),
                          extended(constant_word(factor, width + 2), wide, wire_false));
  product.resize(3 * std::size_t{width}, wire_false);
  Division result;
  result.quotient.assign(product.begin() + shift, product.begin() + shift + width);
  const Word whole = multiply(gates, result.quotient, constant_word(k, width));
  result.remainder = subtract(gates, a, whole).bits;
  bound(gates, result.quotient, mask(width) / k);
  bound(gates, result.remainder, k - 1);
  result.quotient.resize(size, wire_false);
  result.remainder.resize(size, wire_false);
  return result;
}

/// By a constant in 2..2^(w-1)-1 with w bits, at most 64, towards zero: with the least s from w on
/// for which m = floor(2^s / k) + 1 has m k - 2^s <= 2^(s-w+1), a / k = floor(a m / 2^s), plus 1
/// for negative a (Granlund and Montgomery 1994, theorem 5.1). As compilers write it: the high half
/// of a product by m, or by m - 2^w and a added to it, where m has w bits.
Division divide_signed_by(Gates& gates, const Word& a, Value k) {
  const auto width = static_cast<unsigned>(a.size());
  unsigned shift = width;
  Value factor = 0;
  for (;; ++shift) {
    const Value power = Value{1} << shift;
    factor = power / k + 1;
    if (factor * k - power <= power >> (width - 1)) break;
  }
  const Word signed_factor = constant_word(factor, width);
  const Word product = multiply(gates, extended(a, 2 * width, a.back()),
                                extended(signed_factor, 2 * width, signed_factor.back()));
  Word high(product.begin() + width, product.end());
  if (signed_factor.back() == wire_true) high = add(gates, high, a, wire_false).bits;
  const Word floor(high.begin() + (shift - width), high.end());
  Division result;
  const Word sign = extended({a.back()}, width, wire_false);
  result.quotient = add(gates, extended(floor, width, high.back()), sign, wire_false).bits;
  const Word whole = multiply(gates, result.quotient, constant_word(k, width));
  result.remainder = subtract(gates, a, whole).bits;
  return result;
}

/// Long division. With b = 0 every step subtracts nothing and the quotient is all ones, the
/// remainder a: what SMT-LIB says. That a step's remainder has no more bits than b, or for b = 0
/// than a, can be demanded: solvers do not find by themselves what is true of all steps.
Division divide_long(Gates& gates, const Word& a, const Word& b, bool demanding) {
  Division result{Word(a.size(), wire_false), Word(a.size(), wire_false)};
  Word divisor = b;
  divisor.push_back(wire_false);
  for (std::size_t i = a.size(); i-- > 0;) {
    // One bit more than b has: below twice b, or for b = 0 below two to the width.
    Word partial = result.remainder;
    partial.insert(partial.begin(), a[i]);
    const Sum difference = subtract(gates, partial, divisor);
    result.quotient[i] = difference.carry;
    result.remainder = choose_word(gates, difference.carry, difference.bits, partial);
    if (demanding) gates.demand({invert(result.remainder.back())});
    result.remainder.pop_back();
  }
  return result;
}

/// Solvers find it hard to see from the steps what a division is, so it is demanded too, being true
/// of every division: quotient * b + remainder = a, and the remainder is below b unless b is 0.
/// Where the highest bits of both are 0, so are those of the remainder, and of the quotient too
/// unless b is 0.
Division divide(Gates& gates, Word a, Word b) {
  const std::size_t size = a.size();
  const auto k = known_number(b);
  if (k && *k != 0 && b.back() == wire_false && size <= 64) {
    Division result = divide_by(gates, a, *k);
    gates.demand({less(gates, result.remainder, b)});
    return result;
  }
  a.resize(std::max({length_of(a), length_of(b), std::size_t{1}}));
  b.resize(a.size());
  const Wire zero = equal_words(gates, b, Word(b.size(), wire_false));
  Division result = divide_long(gates, a, b, true);
  gates.demand({zero, less(gates, result.remainder, b)});
  const Word whole = multiply(gates, result.quotient, b);
  const Word sum = add(gates, whole, result.remainder, wire_false).bits;
  for (std::size_t i = 0; i < a.size(); ++i) {
    gates.demand({invert(gates.exclusive(sum[i], a[i]))});
  }
  result.quotient.resize(size, zero);
  result.remainder.resize(size, wire_false);
  return result;
}

/// Division of magnitudes; the quotient is negative if the signs differ, the remainder if a is.
template <class Divide>
Division divide_signed(Gates& gates, const Word& a, const Word& b, Divide divide) {
  const Wire sign_a = a.back();
  const Wire sign_b = b.back();
  const Word divisor = negate_if(gates, sign_b, b);
  const Word dividend = negate_if(gates, sign_a, a);
  Division result = divide(gates, dividend, divisor);
  result.quotient = negate_if(gates, gates.exclusive(sign_a, sign_b), result.quotient);
  result.remainder = negate_if(gates, sign_a, result.remainder);
  return result;
}

/// By a positive constant in both ways, which is demanded to be the same: programs use either.
Division divide_towards_zero(Gates& gates, const Word& a, const Word& b) {
  const Division result = divide_signed(gates, a, b, divide);
  const auto k = known_number(b);
  if (!k || *k < 2 || b.back() == wire_true || a.size() > 64) return result;
  const Division same = divide_signed_by(gates, a, *k);
  for (std::size_t i = 0; i < a.size(); ++i) {
    gates.demand({invert(gates.exclusive(result.quotient[i], same.quotient[i]))});
    gates.demand({invert(gates.exclusive(result.remainder[i], same.remainder[i]))});
  }
  return same;
}

/// One step per bit of the amount below the width; any higher bit of it shifts everything out.
/// Towards the low end if `down`; `fill` comes in.
Word shift(Gates& gates, const Word& a, const Word& amount, bool down, Wire fill) {
  Word result = a;
  Wire everything = wire_false;
  for (std::size_t bit = 0; bit < amount.size(); ++bit) {
    const std::size_t places = bit < 32 ? std::size_t{1} << bit : a.size();
    if (places >= a.size()) {
      everything = gates.disjunction(everything, amount[bit]);
      continue;
    }
    Word moved(a.size(), fill);
    for (std::size_t i = 0; i + places < a.size(); ++i) {
      if (down) {
        moved[i] = result[i + places];
      } else {
        moved[i + places] = result[i];
      }
    }
    result = choose_word(gates, amount[bit], moved, result);
  }
  return choose_word(gates, everything, Word(a.size(), fill), result);
}

/// Two's complement sorts like the number with its highest bit inverted.
Word biased(Word a) {
  a.back() = invert(a.back());
  return a;
}

Word bitwise(const Word& a, const Word& b, Gates& gates, Wire (Gates::*gate)(Wire, Wire)) {
  Word result;
  for (std::size_t i = 0; i < a.size(); ++i) result.push_back((gates.*gate)(a[i], b[i]));
  return result;
}

Word joined(Word low, const Word& high) {
  low.insert(low.end(), high.begin(), high.end());
  return low;
}

}  // namespace

Word plain_product(Gates& gates, const Word& a, const Word& b) {
  Word product(a.size(), wire_false);
  for (std::size_t place = 0; place < b.size(); ++place) {
    if (b[place] == wire_false) continue;
    Word row(a.size(), wire_false);
    for (std::size_t i = place; i < a.size(); ++i) {
      row[i] = gates.conjunction(a[i - place], b[place]);
    }
    product = add(gates, product, row, wire_false).bits;
  }
  return product;
}

Division plain_division(Gates& gates, const Word& a, const Word& b, bool is_signed) {
  const auto plain = [](Gates& to, const Word& x, const Word& y) {
    return divide_long(to, x, y, false);
  };
  return is_signed ? divide_signed(gates, a, b, plain) : plain(gates, a, b);
}

Word constant_word(Value value, unsigned width) {
  Word word;
  for (unsigned i = 0; i < width; ++i)
    word.push_back((value >> i & 1) != 0 ? wire_true : wire_false);
  return word;
}

std::size_t length_of(const Word& word) {
  std::size_t length = word.size();
  while (length > 0 && word[length - 1] == wire_false) --length;
  return length;
}

Wire equal_words(Gates& gates, const Word& a, const Word& b) {
  Wire all = wire_true;
  for (std::size_t i = 0; i < a.size(); ++i) {
    all = gates.conjunction(all, invert(gates.exclusive(a[i], b[i])));
  }
  return all;
}

Word choose_word(Gates& gates, Wire condition, const Word& then, const Word& otherwise) {
  Word result;
  for (std::size_t i = 0; i < then.size(); ++i) {
    result.push_back(gates.choose(condition, then[i], otherwise[i]));
  }
  return result;
}

Word operation_gates(Gates& gates, Operation operation, const std::vector<Word>& operands,
                     unsigned low, unsigned width) {
  const Word& a = operands[0];
  const Word& b = operands[operands.size() > 1 ? 1 : 0];
  switch (operation) {
    case Operation::bool_not:
    case Operation::bvnot: return inverted(a);
    case Operation::bool_and:
    case Operation::bvand: return bitwise(a, b, gates, &Gates::conjunction);
    case Operation::bool_or:
    case Operation::bvor: return bitwise(a, b, gates, &Gates::disjunction);
    case Operation::bool_xor:
    case Operation::bvxor: return bitwise(a, b, gates, &Gates::exclusive);
    case Operation::equal: return {equal_words(gates, a, b)};
    case Operation::ite: return choose_word(gates, a[0], b, operands[2]);
    case Operation::bvneg: return negate(gates, a);
    case Operation::bvadd: return add(gates, a, b, wire_false).bits;
    case Operation::bvsub: return subtract(gates, a, b).bits;
    case Operation::bvmul: return multiply(gates, a, b);
    case Operation::bvudiv: return divide(gates, a, b).quotient;
    case Operation::bvurem: return divide(gates, a, b).remainder;
    case Operation::bvsdiv: return divide_towards_zero(gates, a, b).quotient;
    case Operation::bvsrem: return divide_towards_zero(gates, a, b).remainder;
    case Operation::bvshl: return shift(gates, a, b, false, wire_false);
    case Operation::bvlshr: return shift(gates, a, b, true, wire_false);
    case Operation::bvashr: return shift(gates, a, b, true, a.back());
    case Operation::bvult: return {less(gates, a, b)};
    case Operation::bvule: return {invert(less(gates, b, a))};
    case Operation::bvslt: return {less(gates, biased(a), biased(b))};
    case Operation::bvsle: return {invert(less(gates, biased(b), biased(a)))};
    case Operation::concat: return joined(b, a);
    case Operation::extract: return Word(a.begin() + low, a.begin() + low + width);
    case Operation::zero_extend: return extended(a, width, wire_false);
    case Operation::sign_extend: return extended(a, width, a.back());
    default: ISOTRACE_CHECK(false, name(operation));
  }
  return {};
}

}  // namespace isotrace::bits
