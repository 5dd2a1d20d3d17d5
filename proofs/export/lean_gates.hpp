// Literals and gates as lean/bits/Gates.lean makes them, and the circuits of lean/bits/Words.lean,
// so that a refutation can be searched before Lean checks it. Trust: none; if the two differ, Lean
// does not accept the refutation.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "wasm_code.hpp"

namespace isotrace::proofs {

/// 0: false, 1: true, 2 + 2v: variable v, 3 + 2v: its opposite.
using LeanLit = std::uint32_t;
/// The lowest bit first.
using LeanWord = std::vector<LeanLit>;

inline constexpr LeanLit lean_no = 0;
inline constexpr LeanLit lean_yes = 1;
inline LeanLit inverse(LeanLit a) { return a ^ 1U; }

struct LeanGate {
  bool is_xor = false;
  LeanLit a = lean_no;
  LeanLit b = lean_no;
};

/// Variables below `inputs` are inputs; gate i is variable inputs + i.
class LeanGates {
 public:
  explicit LeanGates(std::uint32_t inputs) : inputs_(inputs) {}

  LeanLit both(LeanLit a, LeanLit b);
  LeanLit either(LeanLit a, LeanLit b) { return inverse(both(inverse(a), inverse(b))); }
  LeanLit differ(LeanLit a, LeanLit b);
  LeanLit choose(LeanLit c, LeanLit a, LeanLit b);

  [[nodiscard]] std::uint32_t inputs() const { return inputs_; }
  [[nodiscard]] const std::vector<LeanGate>& gates() const { return gates_; }
  /// Numbers gates anew, in ascending order of their keys, with the later operand second; returns
  /// what became of a literal.
  LeanLit sort(LeanLit literal);

 private:
  LeanLit make(bool is_xor, LeanLit a, LeanLit b);

  std::uint32_t inputs_;
  std::vector<LeanGate> gates_;
  std::map<std::tuple<bool, LeanLit, LeanLit>, LeanLit> known_;
};

LeanWord lean_constant(std::size_t width, std::uint64_t value);
/// The first `width` literals, with z behind the end.
LeanWord lean_fit(LeanLit z, std::size_t width, const LeanWord& word);
LeanLit lean_zero(LeanGates& gates, const LeanWord& word);
/// Whether `from` is true and x = y.
LeanLit lean_equals(LeanGates& gates, const LeanWord& x, const LeanWord& y,
                    LeanLit from = lean_yes);
/// c ? x : y, of so many bits.
LeanWord lean_choose(LeanGates& gates, LeanLit c, std::size_t width, const LeanWord& x,
                     const LeanWord& y);
/// x + y + c modulo 2^width
LeanWord lean_sum(LeanGates& gates, std::size_t width, const LeanWord& x, const LeanWord& y,
                  LeanLit c);
/// `index` as in Wasm.v's `unary`; not eqz.
LeanWord lean_counted(LeanGates& gates, const CodeNode& node, const LeanWord& x);
/// `index` as in Wasm.v's `binary`; not a division.
LeanWord lean_compute(LeanGates& gates, const CodeNode& node, const LeanWord& x, const LeanWord& y);
LeanLit lean_compare(LeanGates& gates, std::uint32_t relation, LeanWord x, LeanWord y);
LeanWord lean_resize(const CodeNode& node, const LeanWord& x);
LeanWord lean_raised(LeanWord word);
/// x - y modulo 2^width
LeanWord lean_difference(LeanGates& gates, std::size_t width, const LeanWord& x, const LeanWord& y);
/// Whether x <= y (`from` = lean_yes) or x < y.
LeanLit lean_ordered(LeanGates& gates, const LeanWord& x, const LeanWord& y, LeanLit from);
LeanLit lean_same(LeanGates& gates, const LeanWord& x, const LeanWord& y);

}  // namespace isotrace::proofs
