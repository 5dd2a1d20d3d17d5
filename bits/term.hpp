// Hash-consed terms over Booleans, bit-vectors of 1 to 128 bits and byte memories (arrays of 32-bit
// addresses to bytes), as SMT-LIB's QF_ABV. Equal terms are one term; operands come before what is
// made of them, so nothing here or in what reads terms recurses. Rewriting on the way in is kept to
// what is right at a glance. Trust: part of the trusted base. Spec: SMT-LIB 2.6.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <isotrace/bits/value.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::bits {

/// A term of one pool. The first term of every pool is `false`.
struct Term {
  std::uint32_t index = 0;

  auto operator<=>(const Term&) const = default;
};

struct Sort {
  enum class Kind : std::uint8_t { boolean, vector, memory };
  Kind kind = Kind::boolean;
  std::uint8_t width = 0;  ///< of a vector: 1..128

  auto operator<=>(const Sort&) const = default;
};

inline constexpr Sort boolean_sort{Sort::Kind::boolean, 0};
inline constexpr Sort memory_sort{Sort::Kind::memory, 0};
/// @param width 1..128
constexpr Sort vector_sort(unsigned width) {
  return {Sort::Kind::vector, static_cast<std::uint8_t>(width)};
}

/// How two addresses relate for every value of the variables.
enum class Relation : std::uint8_t { equal, different, unknown };

/// Makes terms. Wrong sorts and widths are bugs of the caller (ISOTRACE_CHECK). A pool that holds
/// as many terms as it may becomes `full` for good: what is made from then on is meaningless, and
/// print, evaluate, blast and decide refuse such a pool with limit_exceeded.
class TermPool {
 public:
  explicit TermPool(std::size_t terms_max = core::limits::smt_terms_max);

  /// From now on the pool is full, too, when this says so; it is asked now and then.
  void fill_when(std::function<bool()> stop) { stop_ = std::move(stop); }
  /// Whether that says so; blast and print ask, too.
  [[nodiscard]] bool is_stopped() const { return stop_ && stop_(); }

  // Leaves. A variable's name is letters, digits and "._$!", no digit first; a name has one sort.
  Term boolean(bool value);
  /// The lowest `width` bits of `value`.
  Term constant(Value value, unsigned width);
  Term variable(std::string_view name, Sort sort);
  /// The memory with one byte everywhere; `byte` is a constant of width 8.
  Term array_constant(Term byte);

  // Booleans
  Term bool_not(Term a);
  Term bool_and(Term a, Term b);
  Term bool_or(Term a, Term b);
  Term bool_xor(Term a, Term b);
  Term implies(Term a, Term b) { return bool_or(bool_not(a), b); }
  /// Both of one sort, not memories.
  Term equal(Term a, Term b);
  Term distinct(Term a, Term b) { return bool_not(equal(a, b)); }
  /// Any sort, memories too.
  Term ite(Term condition, Term then, Term otherwise);

  // Bit-vectors of one width
  Term bvnot(Term a);
  Term bvneg(Term a);
  Term bvand(Term a, Term b);
  Term bvor(Term a, Term b);
  Term bvxor(Term a, Term b);
  Term bvadd(Term a, Term b);
  Term bvsub(Term a, Term b);
  Term bvmul(Term a, Term b);
  Term bvudiv(Term a, Term b);
  Term bvurem(Term a, Term b);
  Term bvsdiv(Term a, Term b);
  Term bvsrem(Term a, Term b);
  Term bvshl(Term a, Term b);
  Term bvlshr(Term a, Term b);
  Term bvashr(Term a, Term b);
  Term bvult(Term a, Term b);
  Term bvule(Term a, Term b);
  Term bvslt(Term a, Term b);
  Term bvsle(Term a, Term b);

  // Other widths
  Term concat(Term high, Term low);
  /// Bits `high` down to `low`, both included.
  Term extract(Term a, unsigned high, unsigned low);
  /// To a width of at least that of the operand.
  Term zero_extend(Term a, unsigned to_width);
  Term sign_extend(Term a, unsigned to_width);
  /// The vector of one bit that is 1 where the Boolean is true.
  Term bit(Term boolean_term);

  // Memories
  Term select(Term memory, Term address);
  Term store(Term memory, Term address, Term byte);

  /// The operation of `like` (and its sort, or which bits it takes) on other operands of its sorts.
  Term remake(Term like, const std::array<Term, 3>& operands);

  // Looking at terms
  [[nodiscard]] Operation operation(Term a) const { return nodes_[a.index].operation; }
  [[nodiscard]] Sort sort(Term a) const { return nodes_[a.index].sort; }
  /// Width of a vector; 0 of a Boolean.
  [[nodiscard]] unsigned width(Term a) const { return sort(a).width; }
  [[nodiscard]] unsigned operand_count(Term a) const;
  [[nodiscard]] Term operand(Term a, unsigned i) const { return {nodes_[a.index].operands[i]}; }
  /// The value of a constant of Boolean or vector sort.
  [[nodiscard]] std::optional<Value> constant_value(Term a) const;
  [[nodiscard]] bool is_true(Term a) const { return a.index == 1; }
  [[nodiscard]] bool is_false(Term a) const { return a.index == 0; }
  [[nodiscard]] const std::string& variable_name(Term a) const;
  /// extract: the lowest bit taken.
  [[nodiscard]] unsigned low_bit(Term a) const { return nodes_[a.index].operands[1]; }
  [[nodiscard]] Relation compare_addresses(Term a, Term b) const;

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] bool full() const { return full_; }
  /// Refuses limit_exceeded if the pool is full.
  [[nodiscard]] core::Result<core::Done> check() const;

  /// Everything that the roots consist of, operands before what uses them, depth first in the order
  /// of roots and operands: a function of the terms, whatever else the pool holds.
  [[nodiscard]] std::vector<Term> post_order(const std::vector<Term>& roots) const;

 private:
  struct Node {
    Operation operation;
    Sort sort;
    std::uint32_t operands[3];  // constant: index in values_; variable: in names_; extract: low bit

    bool operator==(const Node&) const = default;
  };

  // term.cpp
  Term intern(const Node& node);
  Term make(Operation operation, Sort sort, Term a, Term b = {}, Term c = {});
  Term constant_of(Value value, Sort sort);
  void grow_table();
  [[nodiscard]] std::size_t slot_of(const Node& node) const;

  // make_terms.cpp
  void check_booleans(Term a, Term b) const;
  void check_vectors(Term a, Term b) const;
  void check_access(Term memory, Term address) const;
  [[nodiscard]] bool is_constant(Term a, Value value) const;
  [[nodiscard]] bool are_opposite(Term a, Term b) const;
  std::optional<Term> fold(Operation operation, Sort sort, std::initializer_list<Term> operands,
                           unsigned low = 0);
  std::optional<Term> equal_constant(Term a, Value k);
  Term vector_operation(Operation operation, Term a, Term b);
  Term comparison(Operation operation, Term a, Term b);
  Term shift(Operation operation, Term a, Term b);
  Term extend(Operation kind, Term a, unsigned to_width);

  std::size_t terms_max_;
  std::function<bool()> stop_;
  bool full_ = false;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> table_;  // open addressing; index + 1, 0 is free
  std::vector<Value> values_;
  std::map<Value, std::uint32_t> constant_numbers_;  // index in values_
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t, std::less<>> variables_;  // name to term
  std::unordered_map<std::uint64_t, Term> lifted_;               // concat: choices, high and low
  unsigned lift_depth_ = 0;
};

}  // namespace isotrace::bits
