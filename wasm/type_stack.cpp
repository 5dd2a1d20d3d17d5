#include <isotrace/wasm/type_stack.hpp>

#include <algorithm>

namespace isotrace::wasm {

using core::Done;
using core::Result;

tl::unexpected<core::Refusal> TypeStack::refuse(std::string detail) const {
  return refuse_at(core::RefusalCode::wasm_invalid, offset_, std::move(detail));
}

void TypeStack::push(OperandType type) {
  operands_.push_back(type);
  operands_max_ = std::max(operands_max_, operands_.size());
}

void TypeStack::push(TypeList types) {
  for (const ValueType type : types) push(OperandType(type));
}

Result<OperandType> TypeStack::pop() {
  const OpenBlock& block = blocks_.back();
  if (operands_.size() == block.height) {
    if (block.unreachable) return OperandType();
    return refuse("type mismatch: an operand is missing");
  }
  const OperandType type = operands_.back();
  operands_.pop_back();
  return type;
}

Result<Done> TypeStack::pop(OperandType expected) {
  ISOTRACE_TRY(const OperandType found, pop());
  if (found && expected && *found != *expected) {
    return refuse("type mismatch: " + std::string(type_name(*expected)) + " expected, " +
                  std::string(type_name(*found)) + " found");
  }
  return Done{};
}

Result<Done> TypeStack::pop(TypeList expected) {
  for (std::size_t i = expected.size(); i-- > 0;) {
    ISOTRACE_TRY_DONE(pop(OperandType(expected[i])));
  }
  return Done{};
}

void TypeStack::open(Opcode opcode, TypeList parameters, TypeList results) {
  blocks_.push_back({opcode, parameters, results, operands_.size()});
  push(parameters);
}

Result<OpenBlock> TypeStack::close() {
  const OpenBlock block = blocks_.back();
  ISOTRACE_TRY_DONE(pop(block.results));
  if (operands_.size() != block.height) {
    return refuse("type mismatch: " + std::to_string(operands_.size() - block.height) +
                  " operands left at the end of a block");
  }
  blocks_.pop_back();
  return block;
}

Result<const OpenBlock*> TypeStack::label(std::uint32_t depth) const {
  if (depth >= blocks_.size()) return refuse("unknown label " + std::to_string(depth));
  return &blocks_[blocks_.size() - 1 - depth];
}

void TypeStack::leave() {
  operands_.resize(blocks_.back().height);
  blocks_.back().unreachable = true;
}

}  // namespace isotrace::wasm
