#include <isotrace/proofs/obligation/known_bits.hpp>

#include <bit>
#include <limits>

namespace isotrace::proofs::obligation {
namespace {

using bits::Operation;
using bits::Term;

constexpr unsigned width_max = 64;

constexpr std::uint64_t ones_of(unsigned width) {
  return width >= width_max ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
}

/// Everything about bits that cannot be: all of them are zero above the width.
KnownBits within(KnownBits known, unsigned width) {
  return {known.zeros | ~ones_of(width), known.ones & ones_of(width)};
}

/// A number of which only a bound is known.
KnownBits at_most(std::uint64_t most) {
  return {~ones_of(static_cast<unsigned>(std::bit_width(most))), 0};
}

/// a + b + carry: the sum of the least and of the greatest values that the operands can have tells
/// which carries are the same in all sums; where carry and both operands are known, so is the bit.
KnownBits sum_of(KnownBits a, KnownBits b, std::uint64_t carry) {
  const std::uint64_t greatest = a.most() + b.most() + carry;
  const std::uint64_t least = a.least() + b.least() + carry;
  const std::uint64_t carry_zero = ~(greatest ^ a.zeros ^ b.zeros);
  const std::uint64_t carry_one = least ^ a.ones ^ b.ones;
  const std::uint64_t known = (a.zeros | a.ones) & (b.zeros | b.ones) & (carry_zero | carry_one);
  return {~least & known, least & known};
}

KnownBits product_of(KnownBits a, KnownBits b, unsigned width) {
  const auto low = static_cast<unsigned>(std::countr_one(a.zeros) + std::countr_one(b.zeros));
  KnownBits known{ones_of(low), 0};
  const auto most = bits::Value{a.most()} * b.most();
  if (most <= ones_of(width)) known.zeros |= at_most(static_cast<std::uint64_t>(most)).zeros;
  return known;
}

}  // namespace

const KnownBits& KnownBitsTable::of(Term term) {
  // Operands have smaller numbers than what is made of them.
  while (table_.size() <= term.index) {
    const Term next{static_cast<std::uint32_t>(table_.size())};
    const bits::Sort sort = pool_.sort(next);
    const bool fits = sort.kind == bits::Sort::Kind::vector && sort.width <= width_max;
    table_.push_back(fits ? within(compute(next), sort.width) : KnownBits{});
  }
  return table_[term.index];
}

bits::Relation KnownBitsTable::compare(Term a, Term b) {
  if (a == b) return bits::Relation::equal;
  const bool constants =
      pool_.operation(a) == Operation::constant && pool_.operation(b) == Operation::constant;
  if (constants) return bits::Relation::different;
  // x + 1 and x + 2 differ, also where they wrap.
  const auto split = [&](Term term) -> std::pair<Term, bits::Value> {
    if (pool_.operation(term) == Operation::bvadd) {
      for (unsigned i = 0; i < 2; ++i) {
        if (const auto value = pool_.constant_value(pool_.operand(term, i))) {
          return {pool_.operand(term, 1 - i), *value};
        }
      }
    }
    return {term, 0};
  };
  const auto [base_a, offset_a] = split(a);
  const auto [base_b, offset_b] = split(b);
  if (base_a == base_b) {
    return offset_a == offset_b ? bits::Relation::equal : bits::Relation::different;
  }
  const KnownBits known_a = of(a);
  const KnownBits known_b = of(b);
  const bool apart = known_a.most() < known_b.least() || known_b.most() < known_a.least();
  const bool differ = ((known_a.zeros & known_b.ones) | (known_a.ones & known_b.zeros)) != 0;
  return apart || differ ? bits::Relation::different : bits::Relation::unknown;
}

KnownBits KnownBitsTable::compute_shift(Term term) const {
  const auto amount = pool_.constant_value(pool_.operand(term, 1));
  const unsigned width = pool_.width(term);
  if (!amount || *amount >= width) return {};
  const auto n = static_cast<unsigned>(*amount);
  const KnownBits& a = operand(term, 0);
  const std::uint64_t left_out = ones_of(width) & ~(ones_of(width) >> n);
  if (pool_.operation(term) == Operation::bvshl) return {a.zeros << n | ones_of(n), a.ones << n};
  const std::uint64_t zeros = (a.zeros & ones_of(width)) >> n;
  if (pool_.operation(term) == Operation::bvlshr) return {zeros | left_out, a.ones >> n};
  const std::uint64_t sign = std::uint64_t{1} << (width - 1);
  return {zeros | ((a.zeros & sign) != 0 ? left_out : 0),
          a.ones >> n | ((a.ones & sign) != 0 ? left_out : 0)};
}

KnownBits KnownBitsTable::compute(Term term) const {
  const unsigned width = pool_.width(term);
  if (const auto value = pool_.constant_value(term)) {
    const auto ones = static_cast<std::uint64_t>(*value);
    return {~ones, ones};
  }
  const auto wide = [&](unsigned i) { return pool_.width(pool_.operand(term, i)) > width_max; };
  switch (pool_.operation(term)) {
    case Operation::ite: {
      const KnownBits& a = operand(term, 1);
      const KnownBits& b = operand(term, 2);
      return {a.zeros & b.zeros, a.ones & b.ones};
    }
    case Operation::bvnot: return {operand(term, 0).ones, operand(term, 0).zeros};
    case Operation::bvand:
      return {operand(term, 0).zeros | operand(term, 1).zeros,
              operand(term, 0).ones & operand(term, 1).ones};
    case Operation::bvor:
      return {operand(term, 0).zeros & operand(term, 1).zeros,
              operand(term, 0).ones | operand(term, 1).ones};
    case Operation::bvxor: {
      const KnownBits& a = operand(term, 0);
      const KnownBits& b = operand(term, 1);
      return {(a.zeros & b.zeros) | (a.ones & b.ones), (a.zeros & b.ones) | (a.ones & b.zeros)};
    }
    case Operation::bvadd: return sum_of(operand(term, 0), operand(term, 1), 0);
    case Operation::bvsub: {
      const KnownBits b = operand(term, 1);
      return sum_of(operand(term, 0), {b.ones, b.zeros}, 1);
    }
    case Operation::bvmul: return product_of(operand(term, 0), operand(term, 1), width);
    case Operation::bvshl:
    case Operation::bvlshr:
    case Operation::bvashr: return compute_shift(term);
    case Operation::bvudiv: {  // x / 0 has all bits set
      const std::uint64_t least = operand(term, 1).least();
      return least == 0 ? KnownBits{} : at_most(operand(term, 0).most() / least);
    }
    case Operation::bvurem: {  // x % 0 is x
      const KnownBits& divisor = operand(term, 1);
      const std::uint64_t most = operand(term, 0).most();
      return at_most(divisor.least() == 0 ? most : std::min(most, divisor.most() - 1));
    }
    case Operation::zero_extend: return wide(0) ? KnownBits{} : operand(term, 0);
    case Operation::sign_extend: {
      const KnownBits& a = operand(term, 0);
      const unsigned from = pool_.width(pool_.operand(term, 0));
      const std::uint64_t sign = std::uint64_t{1} << (from - 1);
      return {(a.zeros & ones_of(from)) | ((a.zeros & sign) != 0 ? ~ones_of(from) : 0),
              a.ones | ((a.ones & sign) != 0 ? ~ones_of(from) : 0)};
    }
    case Operation::extract:
      if (wide(0)) return {};
      return {operand(term, 0).zeros >> pool_.low_bit(term),
              operand(term, 0).ones >> pool_.low_bit(term)};
    case Operation::concat: {
      const unsigned low = pool_.width(pool_.operand(term, 1));
      const KnownBits& high_bits = operand(term, 0);
      const KnownBits& low_bits = operand(term, 1);
      return {high_bits.zeros << low | (low_bits.zeros & ones_of(low)),
              high_bits.ones << low | low_bits.ones};
    }
    default: return {};
  }
}

}  // namespace isotrace::proofs::obligation
