#include <isotrace/proofs/obligation/integers.hpp>

namespace isotrace::proofs::obligation {
namespace {

using bits::Operation;
using bits::Term;
using wasm::Opcode;

/// The opcodes of i64 stand in the order of those of i32.
Opcode as_i32(Opcode opcode) {
  const auto from = [&](Opcode first, Opcode last, Opcode to) -> std::optional<Opcode> {
    if (opcode < first || opcode > last) return std::nullopt;
    return static_cast<Opcode>(static_cast<unsigned>(opcode) - static_cast<unsigned>(first) +
                               static_cast<unsigned>(to));
  };
  if (const auto same = from(Opcode::i64_eqz, Opcode::i64_ge_u, Opcode::i32_eqz)) return *same;
  if (const auto same = from(Opcode::i64_clz, Opcode::i64_rotr, Opcode::i32_clz)) return *same;
  return opcode;
}

class Integers {
 public:
  Integers(bits::TermPool& pool, unsigned width) : pool_(pool), width_(width) {}

  std::optional<Term> compare(Opcode opcode, Term a, Term b) {
    switch (opcode) {
      case Opcode::i32_eq: return pool_.equal(a, b);
      case Opcode::i32_ne: return pool_.distinct(a, b);
      case Opcode::i32_lt_s: return pool_.bvslt(a, b);
      case Opcode::i32_lt_u: return pool_.bvult(a, b);
      case Opcode::i32_gt_s: return pool_.bvslt(b, a);
      case Opcode::i32_gt_u: return pool_.bvult(b, a);
      case Opcode::i32_le_s: return pool_.bvsle(a, b);
      case Opcode::i32_le_u: return pool_.bvule(a, b);
      case Opcode::i32_ge_s: return pool_.bvsle(b, a);
      case Opcode::i32_ge_u: return pool_.bvule(b, a);
      default: return std::nullopt;
    }
  }

  std::optional<Term> binary(Opcode opcode, Term a, Term b) {
    switch (opcode) {
      case Opcode::i32_add: return add(a, b);
      case Opcode::i32_sub: return subtract(a, b);
      case Opcode::i32_mul: return pool_.bvmul(a, b);
      case Opcode::i32_and: return pool_.bvand(a, b);
      case Opcode::i32_or: return pool_.bvor(a, b);
      case Opcode::i32_xor: return pool_.bvxor(a, b);
      case Opcode::i32_shl: return pool_.bvshl(a, amount(b));
      case Opcode::i32_shr_s: return pool_.bvashr(a, amount(b));
      case Opcode::i32_shr_u: return pool_.bvlshr(a, amount(b));
      case Opcode::i32_rotl: return rotate_left(a, amount(b));
      case Opcode::i32_rotr: return rotate_left(a, amount(pool_.bvneg(b)));
      default: return std::nullopt;
    }
  }

  std::optional<Computed> divide(Opcode opcode, Term a, Term b) {
    const Term by_zero = pool_.equal(b, number(0));
    switch (opcode) {
      case Opcode::i32_div_s: {
        const Term least = number(std::uint64_t{1} << (width_ - 1));
        const Term overflow =
            pool_.bool_and(pool_.equal(a, least), pool_.equal(b, pool_.bvnot(number(0))));
        return Computed{pool_.bvsdiv(a, b), pool_.bool_or(by_zero, overflow)};
      }
      case Opcode::i32_div_u: return Computed{pool_.bvudiv(a, b), by_zero};
      case Opcode::i32_rem_s: return Computed{pool_.bvsrem(a, b), by_zero};
      case Opcode::i32_rem_u: return Computed{pool_.bvurem(a, b), by_zero};
      default: return std::nullopt;
    }
  }

  std::optional<Term> unary(Opcode opcode, Term a) {
    switch (opcode) {
      case Opcode::i32_clz: return count_zeros(a, true);
      case Opcode::i32_ctz: return count_zeros(a, false);
      case Opcode::i32_popcnt: return count_ones(a);
      default: return std::nullopt;
    }
  }

 private:
  Term number(std::uint64_t value) { return pool_.constant(value, width_); }

  Term add(Term a, Term b) {
    if (const auto value = pool_.constant_value(b)) {
      return add_constant(pool_, a, static_cast<std::uint64_t>(*value));
    }
    if (const auto value = pool_.constant_value(a)) {
      return add_constant(pool_, b, static_cast<std::uint64_t>(*value));
    }
    return pool_.bvadd(a, b);
  }

  Term subtract(Term a, Term b) {
    if (const auto value = pool_.constant_value(b)) {
      return add_constant(pool_, a, ~static_cast<std::uint64_t>(*value) + 1);
    }
    return pool_.bvsub(a, b);
  }

  /// Shifts count modulo the width.
  Term amount(Term b) { return pool_.bvand(b, number(width_ - 1)); }

  /// By less than the width; by 0 both halves are all of it.
  Term rotate_left(Term a, Term by) {
    const Term rest = amount(pool_.bvneg(by));
    return pool_.bvor(pool_.bvshl(a, by), pool_.bvlshr(a, rest));
  }

  /// By halving: where the half at the end is zero, count it and go on with the other one.
  Term count_zeros(Term a, bool leading) {
    Term count = number(0);
    Term rest = a;
    for (unsigned step = width_ / 2; step > 0; step /= 2) {
      const Term half = leading ? pool_.extract(rest, width_ - 1, width_ - step)
                                : pool_.extract(rest, step - 1, 0);
      const Term empty = pool_.equal(half, pool_.constant(0, step));
      const Term by = number(step);
      rest = pool_.ite(empty, leading ? pool_.bvshl(rest, by) : pool_.bvlshr(rest, by), rest);
      count = pool_.ite(empty, pool_.bvor(count, by), count);
    }
    return pool_.ite(pool_.equal(a, number(0)), number(width_), count);
  }

  /// Sums of neighbours, of pairs of neighbours, and so on.
  Term count_ones(Term a) {
    for (unsigned step = 1; step < width_; step *= 2) {
      std::uint64_t pattern = 0;
      for (unsigned bit = 0; bit < width_; ++bit) {
        if ((bit / step) % 2 == 0) pattern |= std::uint64_t{1} << bit;
      }
      const Term places = number(pattern);
      a = pool_.bvadd(pool_.bvand(a, places), pool_.bvand(pool_.bvlshr(a, number(step)), places));
    }
    return a;
  }

  bits::TermPool& pool_;
  unsigned width_;
};

std::optional<Term> convert(bits::TermPool& pool, Opcode opcode, Term a) {
  const auto narrow = [&](unsigned bits, unsigned width) {
    return pool.sign_extend(pool.extract(a, bits - 1, 0), width);
  };
  switch (opcode) {
    case Opcode::i32_wrap_i64: return pool.extract(a, 31, 0);
    case Opcode::i64_extend_i32_s: return pool.sign_extend(a, 64);
    case Opcode::i64_extend_i32_u: return pool.zero_extend(a, 64);
    case Opcode::i32_extend8_s: return narrow(8, 32);
    case Opcode::i32_extend16_s: return narrow(16, 32);
    case Opcode::i64_extend8_s: return narrow(8, 64);
    case Opcode::i64_extend16_s: return narrow(16, 64);
    case Opcode::i64_extend32_s: return narrow(32, 64);
    case Opcode::i32_reinterpret_f32:
    case Opcode::i64_reinterpret_f64:
    case Opcode::f32_reinterpret_i32:
    case Opcode::f64_reinterpret_i64: return a;
    default: return std::nullopt;
  }
}

/// abs, neg and copysign change the sign bit and nothing else, of NaNs too.
std::optional<Term> sign_of_float(bits::TermPool& pool, Opcode opcode,
                                  std::span<const Term> operands) {
  const unsigned width = pool.width(operands[0]);
  const Term sign = pool.constant(bits::Value{1} << (width - 1), width);
  const Term rest = pool.bvand(operands[0], pool.bvnot(sign));
  switch (opcode) {
    case Opcode::f32_abs:
    case Opcode::f64_abs: return rest;
    case Opcode::f32_neg:
    case Opcode::f64_neg: return pool.bvxor(operands[0], sign);
    case Opcode::f32_copysign:
    case Opcode::f64_copysign: return pool.bvor(rest, pool.bvand(operands[1], sign));
    default: return std::nullopt;
  }
}

}  // namespace

Term is_nonzero(bits::TermPool& pool, Term value) {
  // What truth_value made is taken apart again.
  if (pool.operation(value) == Operation::ite) {
    const auto then = pool.constant_value(pool.operand(value, 1));
    const auto otherwise = pool.constant_value(pool.operand(value, 2));
    if (then && otherwise && (*then == 0) != (*otherwise == 0)) {
      const Term condition = pool.operand(value, 0);
      return *then != 0 ? condition : pool.bool_not(condition);
    }
  }
  return pool.distinct(value, pool.constant(0, pool.width(value)));
}

Term truth_value(bits::TermPool& pool, Term condition) {
  return pool.ite(condition, pool.constant(1, 32), pool.constant(0, 32));
}

Term add_constant(bits::TermPool& pool, Term a, std::uint64_t constant) {
  if (pool.operation(a) == Operation::bvadd) {
    for (unsigned i = 0; i < 2; ++i) {
      if (const auto value = pool.constant_value(pool.operand(a, i))) {
        constant += static_cast<std::uint64_t>(*value);
        a = pool.operand(a, 1 - i);
        break;
      }
    }
  }
  const Term term = pool.constant(constant, pool.width(a));
  return pool.constant_value(term) == bits::Value{0} ? a : pool.bvadd(a, term);
}

std::optional<Computed> compute_numeric(bits::TermPool& pool, Opcode opcode,
                                        std::span<const Term> operands) {
  const Term never = pool.boolean(false);
  const auto total = [&](std::optional<Term> value) -> std::optional<Computed> {
    if (!value) return std::nullopt;
    return Computed{*value, never};
  };
  if (const auto value = convert(pool, opcode, operands[0])) return total(value);
  if (const auto value = sign_of_float(pool, opcode, operands)) return total(value);
  const bool integer = (opcode >= Opcode::i32_eqz && opcode <= Opcode::i64_ge_u) ||
                       (opcode >= Opcode::i32_clz && opcode <= Opcode::i64_rotr);
  if (!integer) return std::nullopt;
  const Opcode same = as_i32(opcode);
  if (same == Opcode::i32_eqz) {
    return total(truth_value(pool, pool.bool_not(is_nonzero(pool, operands[0]))));
  }
  Integers integers(pool, pool.width(operands[0]));
  if (operands.size() == 1) return total(integers.unary(same, operands[0]));
  if (const auto condition = integers.compare(same, operands[0], operands[1])) {
    return total(truth_value(pool, *condition));
  }
  if (const auto divided = integers.divide(same, operands[0], operands[1])) return divided;
  return total(integers.binary(same, operands[0], operands[1]));
}

}  // namespace isotrace::proofs::obligation
