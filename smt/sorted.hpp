// Hash-consed terms over Booleans, bit-vectors, byte memories, integers, reals and IEEE 754 floats:
// what Z3 and cvc5 are asked about. Terms over bits are those of bits::TermPool, copied one by one
// (import_terms.hpp); this pool adds the sorts that need no place in the trusted base, because
// nothing that is checked is made of them. Trust: none. Spec: SMT-LIB 2.6, theories Ints, Reals,
// FloatingPoint.
#pragma once

#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include <isotrace/bits/term.hpp>
#include <isotrace/smt/exact_floats.hpp>

namespace isotrace::smt::sorted {

/// A term of one pool. The first term of every pool is `false`.
struct Term {
  std::uint32_t index = 0;

  auto operator<=>(const Term&) const = default;
};

struct Sort {
  enum class Kind : std::uint8_t { boolean, vector, memory, integer, real, floating };
  Kind kind = Kind::boolean;
  std::uint8_t width = 0;  ///< of a vector 1..128, of a float 32 or 64

  auto operator<=>(const Sort&) const = default;
};

inline constexpr Sort boolean_sort{Sort::Kind::boolean, 0};
inline constexpr Sort memory_sort{Sort::Kind::memory, 0};
inline constexpr Sort integer_sort{Sort::Kind::integer, 0};
inline constexpr Sort real_sort{Sort::Kind::real, 0};
constexpr Sort vector_sort(unsigned width) {
  return {Sort::Kind::vector, static_cast<std::uint8_t>(width)};
}
/// @param width 32 or 64
constexpr Sort float_sort(unsigned width) {
  return {Sort::Kind::floating, static_cast<std::uint8_t>(width)};
}
constexpr bool is_number(Sort sort) {
  return sort.kind == Sort::Kind::integer || sort.kind == Sort::Kind::real;
}
constexpr bool is_float(Sort sort) { return sort.kind == Sort::Kind::floating; }
/// "Bool", "(_ BitVec 8)", "Real", "(_ FloatingPoint 8 24)", ...
std::string sort_text(Sort sort);

/// Of Booleans, vectors and floats the bits (NaNs are the canonical one), of integers and reals
/// the number. Memories have none.
using Value = std::variant<bits::Value, core::Rational>;

enum class Operation : std::uint8_t {
  constant,
  variable,
  over_bits,  ///< the operation of bits::Operation that Node::bits names; also not, and, or, xor
  equal,      ///< of any sort but memories; NaN equals NaN, and 0 is not -0
  ite,        ///< of any sort
  // integers, reals; both operands of one of these
  sum,      ///< of one or more
  product,  ///< of two
  at_most,
  below,
  to_real,  ///< of an integer
  // floats of one width; what is not exact is rounded to nearest, ties to even
  fp_abs,
  fp_neg,
  fp_add,
  fp_sub,
  fp_mul,
  fp_div,
  fp_sqrt,
  fp_fma,
  fp_rem,
  fp_to_integral,  ///< by Node::rounding
  fp_min,          ///< not of zeros of both signs, which SMT-LIB leaves open
  fp_max,
  fp_leq,
  fp_lt,
  fp_eq,
  fp_is_nan,
  fp_is_infinite,
  fp_is_zero,
  fp_is_negative,  ///< false of NaN
  // conversions
  fp_from_bits,      ///< of a vector that is as wide
  fp_from_float,     ///< of the other width
  fp_from_signed,    ///< of a vector
  fp_from_unsigned,  ///< of a vector
  fp_to_signed,      ///< by Node::rounding; only within the range of the vector
  fp_to_unsigned,
};

/// "fp.add", "<=", ...; of over_bits nothing.
std::string_view name(Operation operation);

struct Node {
  Operation operation = Operation::constant;
  bits::Operation bits = bits::Operation::constant;  ///< over_bits
  Rounding rounding = Rounding::nearest_even;
  Sort sort;
  std::uint32_t low = 0;    ///< extract: the lowest bit; constant, variable: a number of the pool
  std::uint32_t first = 0;  ///< where the operands begin
  std::uint32_t count = 0;  ///< how many there are
};

/// Makes terms. What does not fit (operands of wrong sorts, a name of two sorts) makes the pool
/// refuse for good: `check` says what it was, and terms made from then on are meaningless.
/// Rewriting: operations on constants are computed; a choice by a constant, and not, and, or with
/// constants are what they are.
class Pool {
 public:
  explicit Pool(std::size_t terms_max = core::limits::smt_terms_max);

  // Leaves. A variable's name is letters, digits and "._$!".
  Term boolean(bool value) { return {value ? 1U : 0U}; }
  Term vector(bits::Value value, unsigned width);
  Term integer(const core::Integer& value);
  Term real(const core::Rational& value);
  Term floating(const ExactFloat& value);
  Term variable(std::string_view name, Sort sort);

  // Booleans, and any sort
  Term bool_not(Term a) { return over_bits(bits::Operation::bool_not, {a}, boolean_sort); }
  Term bool_and(Term a, Term b) {
    return over_bits(bits::Operation::bool_and, {a, b}, boolean_sort);
  }
  Term bool_or(Term a, Term b) { return over_bits(bits::Operation::bool_or, {a, b}, boolean_sort); }
  Term equal(Term a, Term b) { return make(Operation::equal, {a, b}); }
  Term ite(Term condition, Term then, Term otherwise);

  /// An operation of bits::TermPool, which is not checked again.
  Term over_bits(bits::Operation operation, std::vector<Term> operands, Sort sort,
                 std::uint32_t low = 0);
  /// An operation of which its operands say all.
  Term make(Operation operation, std::vector<Term> operands,
            Rounding rounding = Rounding::nearest_even);

  // Integers and reals
  Term sum(std::vector<Term> terms) { return make(Operation::sum, std::move(terms)); }
  Term product(Term a, Term b) { return make(Operation::product, {a, b}); }
  Term at_most(Term a, Term b) { return make(Operation::at_most, {a, b}); }
  Term below(Term a, Term b) { return make(Operation::below, {a, b}); }

  // Floats
  /// -0 is below 0; of a number and a NaN it is the number.
  Term fp_min(Term a, Term b) { return least_or_greatest(Operation::fp_min, a, b); }
  Term fp_max(Term a, Term b) { return least_or_greatest(Operation::fp_max, a, b); }
  Term fp_from_bits(Term vector);
  Term fp_from_float(Term a, unsigned width);
  Term fp_from_integer(Term vector, bool is_signed, unsigned width);
  /// Whether the rounded value is one of a vector's; false of NaN.
  Term fp_fits(Term a, Rounding rounding, bool is_signed, unsigned width);
  /// 0 where it does not fit.
  Term fp_to_integer(Term a, Rounding rounding, bool is_signed, unsigned width);
  /// Whether a vector holds the bits of a float, of NaN those of the canonical one. SMT-LIB has no
  /// function from floats to their bits.
  Term fp_has_bits(Term a, Term vector);

  // Looking at terms
  [[nodiscard]] const Node& node(Term a) const { return nodes_[a.index]; }
  [[nodiscard]] Sort sort(Term a) const { return node(a).sort; }
  [[nodiscard]] std::span<const Term> operands(Term a) const {
    return {operands_.data() + node(a).first, node(a).count};
  }
  [[nodiscard]] bool is_constant(Term a) const { return node(a).operation == Operation::constant; }
  [[nodiscard]] const Value& constant_value(Term a) const { return values_[node(a).low]; }
  [[nodiscard]] const std::string& variable_name(Term a) const { return names_[node(a).low]; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  /// Refuses shape_mismatch (sorts that do not fit) and limit_exceeded (too many terms).
  [[nodiscard]] core::Result<core::Done> check() const;
  /// The term and everything that it consists of, operands first: a function of the term alone.
  [[nodiscard]] std::vector<Term> post_order(Term root) const;

 private:
  Term intern(Node node, std::span<const Term> operands);
  Term constant(Sort sort, const Value& value);
  Term convert(Operation operation, Term a, Sort sort, Rounding rounding = Rounding::nearest_even);
  Term least_or_greatest(Operation operation, Term a, Term b);
  Term refuse(const std::string& what, std::span<const Term> operands);
  [[nodiscard]] bool same(const Node& a, std::span<const Term> operands, const Node& b) const;
  [[nodiscard]] std::size_t slot_of(const Node& node, std::span<const Term> operands) const;
  Term fold_or_intern(const Node& node, std::span<const Term> operands);

  std::size_t terms_max_;
  std::optional<core::Refusal> refusal_;
  std::vector<Node> nodes_;
  std::vector<Term> operands_;
  std::vector<std::uint32_t> table_;  // open addressing; index + 1, 0 is free
  std::vector<Value> values_;
  std::map<Value, std::uint32_t> value_numbers_;
  std::vector<std::string> names_;
  std::map<std::string, Term, std::less<>> variables_;
};

}  // namespace isotrace::smt::sorted
