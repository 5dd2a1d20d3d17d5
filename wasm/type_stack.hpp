// The stacks of the validation algorithm (specification, appendix "Validation Algorithm"): operand
// types, some of them unknown behind an unconditional branch, and the blocks that are open.
#pragma once

#include <isotrace/wasm/instruction.hpp>

namespace isotrace::wasm {

/// Nothing: unknown, fits every type.
using OperandType = std::optional<ValueType>;

struct OpenBlock {
  Opcode opcode;
  TypeList parameters;
  TypeList results;
  std::size_t height;  ///< operands below it
  bool unreachable = false;

  /// What a branch to it takes along.
  [[nodiscard]] TypeList label() const { return opcode == Opcode::loop ? parameters : results; }
};

/// Refuses wasm_invalid at the instruction set by at().
class TypeStack {
 public:
  void at(std::uint32_t offset) { offset_ = offset; }

  void push(OperandType type);
  void push(TypeList types);
  core::Result<OperandType> pop();
  core::Result<core::Done> pop(OperandType expected);
  /// The last type is on top.
  core::Result<core::Done> pop(TypeList expected);

  /// Opens a block whose parameters are pushed (they have been popped).
  void open(Opcode opcode, TypeList parameters, TypeList results);
  /// Closes the innermost block, whose results must be all that it left.
  core::Result<OpenBlock> close();
  /// The block that many levels out.
  core::Result<const OpenBlock*> label(std::uint32_t depth) const;
  /// Nothing behind this instruction is reached in this block.
  void leave();

  [[nodiscard]] bool finished() const { return blocks_.empty(); }
  [[nodiscard]] const OpenBlock& innermost() const { return blocks_.back(); }
  [[nodiscard]] const std::vector<OperandType>& operands() const { return operands_; }
  [[nodiscard]] std::size_t operands_max() const { return operands_max_; }
  [[nodiscard]] tl::unexpected<core::Refusal> refuse(std::string detail) const;

 private:
  std::vector<OperandType> operands_;
  std::vector<OpenBlock> blocks_;
  std::size_t operands_max_ = 0;
  std::uint32_t offset_ = 0;
};

}  // namespace isotrace::wasm
