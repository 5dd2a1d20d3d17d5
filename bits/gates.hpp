// Circuits of and-gates and exclusive-or-gates with one output per literal. Equal gates are one
// gate, gates with a constant or twice the same input vanish; with `sums`, exclusive-ors of the
// same wires in any order are one wire, and adders know what their digits are worth. Trust: part of
// the trusted base.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <unordered_map>
#include <vector>

#include <isotrace/bits/cnf.hpp>
#include <isotrace/bits/digit_sums.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::bits {

/// Node number times two, plus one if negated. Node 0 is the constant true.
using Wire = std::uint32_t;
inline constexpr Wire wire_true = 0;
inline constexpr Wire wire_false = 1;
constexpr Wire invert(Wire a) { return a ^ 1; }

class Gates {
 public:
  explicit Gates(std::size_t clauses_max, bool sums = false);

  Wire input();
  Wire conjunction(Wire a, Wire b);
  Wire disjunction(Wire a, Wire b) { return invert(conjunction(invert(a), invert(b))); }
  Wire exclusive(Wire a, Wire b);
  Wire choose(Wire condition, Wire then, Wire otherwise);

  /// What digits are worth, for adders; nothing if not wanted.
  DigitSums* digit_sums() { return with_sums_ ? &digit_sums_ : nullptr; }

  /// More gates than the formula may have clauses for: what is made from then on is meaningless.
  [[nodiscard]] bool full() const { return full_; }

  /// Demands that one of these wires is true.
  void demand(std::initializer_list<Wire> clause);
  /// Keeps a wire in the formula although no demand needs it.
  void keep(Wire wire) { kept_.push_back(wire); }
  /// The demands, and the meaning of every gate that they or what is kept rest on. Refuses
  /// limit_exceeded.
  [[nodiscard]] core::Result<Cnf> formula();
  /// After formula(): the literal of a wire, literal_true or literal_false; 0 if the wire is not
  /// part of the formula.
  [[nodiscard]] std::int32_t literal(Wire wire) const;

 private:
  struct Gate {
    enum class Kind : std::uint8_t { input, conjunction, exclusive };
    Kind kind;
    Wire a;
    Wire b;

    bool operator==(const Gate&) const = default;
  };

  using Sum = std::vector<std::uint32_t>;  // nodes whose exclusive-or it is, ascending

  Wire make(Gate gate);
  [[nodiscard]] Sum sum_of(Wire wire) const;
  Wire first_of_sum(Wire made);
  [[nodiscard]] std::size_t slot_of(const Gate& gate) const;
  void grow_table();
  [[nodiscard]] std::vector<bool> find_cone() const;
  void add_gate(Cnf& cnf, std::uint32_t node) const;

  std::size_t clauses_max_;
  bool full_ = false;
  std::vector<Gate> gates_;
  std::vector<std::uint32_t> table_;  // open addressing; node number, 0 is free
  std::vector<Wire> demands_;         // one after the other, each ended by wire_true
  std::size_t demand_count_ = 0;
  std::vector<Wire> kept_;
  bool with_sums_;
  std::size_t sum_parts_ = 0;
  std::unordered_map<std::uint32_t, Sum> sums_;  // by node: of the first gate of each sum
  std::map<Sum, std::uint32_t> first_of_sum_;
  std::unordered_map<std::uint32_t, Wire> same_sum_;  // by node
  DigitSums digit_sums_;
  std::vector<std::int32_t> variables_;  // by node, 0: not in the formula
};

}  // namespace isotrace::bits
