// Operations on floats as terms: of constants their value, of anything else any value, the same for
// the same operands. That is all that is said of them, and true of every function of bits; what
// is proved so holds of the real ones. Trust: part of the trusted base.
#pragma once

#include <map>
#include <span>
#include <vector>

#include <isotrace/proofs/obligation/integers.hpp>

namespace isotrace::proofs::obligation {

/// An operation of which only that is said.
struct FloatApplication {
  wasm::Opcode opcode;
  std::vector<bits::Term> operands;
  bits::Term value;  ///< a variable; of a comparison the choice of 1 or 0 by one
  bits::Term trap;   ///< a variable, or false
};

class FloatTerms {
 public:
  explicit FloatTerms(bits::TermPool& pool) : pool_(pool) {}

  /// Of an opcode that wasm::execute_numeric does and as many operands as it takes.
  Computed compute(wasm::Opcode opcode, std::span<const bits::Term> operands);
  /// That operations of one opcode have equal results wherever their operands are equal. Said of
  /// the first pairs_max pairs: less said is less proved.
  bits::Term consistent();
  [[nodiscard]] std::vector<FloatApplication> applications() const;

 private:
  using Application = std::pair<wasm::Opcode, std::vector<bits::Term>>;
  static constexpr std::size_t pairs_max = 1 << 14;

  std::optional<Computed> compute_constants(wasm::Opcode opcode,
                                            std::span<const bits::Term> operands);
  bits::Term agree(const Computed& a, const Computed& b);

  bits::TermPool& pool_;
  std::map<Application, Computed> known_;
};

}  // namespace isotrace::proofs::obligation
