// Which rule an instruction falls under; blocks, branches and calls.
#include <isotrace/wasm/function_validator.hpp>

#include <algorithm>
#include <array>

#include <isotrace/core/check.hpp>
#include <isotrace/wasm/validate_code.hpp>

namespace isotrace::wasm {

using core::Done;
using core::Result;

namespace {

constexpr std::array<ValueType, 1> one_i32 = {ValueType::i32};

/// A list of one type that outlives every block.
TypeList list_of(ValueType type) {
  static constexpr std::array<ValueType, 6> all = {ValueType::i32,     ValueType::i64,
                                                   ValueType::f32,     ValueType::f64,
                                                   ValueType::funcref, ValueType::externref};
  return {std::find(all.begin(), all.end(), type), 1};
}

ValueType signature_type(char letter) {
  switch (letter) {
    case 'i': return ValueType::i32;
    case 'I': return ValueType::i64;
    case 'f': return ValueType::f32;
    default: ISOTRACE_CHECK(letter == 'F', letter); return ValueType::f64;
  }
}

}  // namespace

Result<std::size_t> FunctionValidator::validate() {
  Reader reader(module_.bytes, function_.body.begin, module_.bytes.size());
  stack_.open(Opcode::block, {}, module_.type_of(function_).results);
  while (!stack_.finished()) {
    ISOTRACE_TRY_DONE(read_instruction(reader, module_.edition, now_));
    ISOTRACE_TRY_DONE(check_instruction());
  }
  return stack_.operands_max();
}

std::vector<OperandType> FunctionValidator::operands_at(std::uint32_t pc) {
  Reader reader(module_.bytes, function_.body.begin, module_.bytes.size());
  stack_.open(Opcode::block, {}, module_.type_of(function_).results);
  while (reader.offset() != pc) {
    const bool valid = read_instruction(reader, module_.edition, now_) && check_instruction();
    ISOTRACE_CHECK(valid && !stack_.finished(), pc);
  }
  return stack_.operands();
}

Result<Done> FunctionValidator::check_instruction() {
  stack_.at(now_.offset);
  return now_.info->signature == "*" ? check_special() : check_signature();
}

Result<Done> FunctionValidator::check_signature() {
  if (now_.info->immediates == Immediates::memory_access) {
    ISOTRACE_TRY_DONE(check_alignment());
  }
  ISOTRACE_TRY_DONE(check_memory_and_data());
  const std::string_view signature = now_.info->signature;
  const std::size_t colon = signature.find(':');
  for (std::size_t i = colon; i-- > 0;) {
    ISOTRACE_TRY_DONE(stack_.pop(OperandType(signature_type(signature[i]))));
  }
  for (const char letter : signature.substr(colon + 1)) {
    stack_.push(OperandType(signature_type(letter)));
  }
  return Done{};
}

Result<Done> FunctionValidator::check_alignment() {
  if (now_.first <= now_.info->alignment) return Done{};
  return stack_.refuse("alignment must not be larger than natural");
}

Result<Done> FunctionValidator::check_memory_and_data() {
  const Immediates kind = now_.info->immediates;
  const bool names_data = kind == Immediates::data || kind == Immediates::data_memory;
  const bool names_memory = kind == Immediates::memory_access || kind == Immediates::memory ||
                            kind == Immediates::two_memories || kind == Immediates::data_memory;
  if (names_memory && module_.memories.empty()) return stack_.refuse("unknown memory 0");
  if (names_data && now_.first >= module_.data_count.value_or(0)) {
    return stack_.refuse("unknown data segment " + std::to_string(now_.first));
  }
  return Done{};
}

Result<Done> FunctionValidator::check_special() {
  switch (now_.opcode) {
    case Opcode::nop: return Done{};
    case Opcode::unreachable: stack_.leave(); return Done{};
    case Opcode::block:
    case Opcode::loop:
    case Opcode::if_: return check_block();
    case Opcode::else_: return check_else();
    case Opcode::end: return check_end();
    case Opcode::br: return check_branch();
    case Opcode::br_if: return check_branch_if();
    case Opcode::br_table: return check_branch_table();
    case Opcode::return_: return check_return();
    case Opcode::call: return check_call();
    case Opcode::call_indirect: return check_call_indirect();
    case Opcode::drop: return check_drop();
    case Opcode::select: return check_select();
    case Opcode::select_typed: return check_select_typed();
    default: return check_variables_and_references();
  }
}

Result<Done> FunctionValidator::check_variables_and_references() {
  switch (now_.opcode) {
    case Opcode::local_get:
    case Opcode::local_set:
    case Opcode::local_tee: return check_local();
    case Opcode::global_get:
    case Opcode::global_set: return check_global();
    case Opcode::ref_null: stack_.push(OperandType(now_.types[0])); return Done{};
    case Opcode::ref_is_null: return check_is_null();
    case Opcode::ref_func: return check_function_reference();
    default: return check_table();
  }
}

Result<FunctionValidator::BlockTypes> FunctionValidator::block_types() {
  switch (now_.block.kind) {
    case BlockType::Kind::empty: return BlockTypes{};
    case BlockType::Kind::value: return BlockTypes{{}, list_of(now_.block.value)};
    case BlockType::Kind::index: break;
  }
  ISOTRACE_TRY(const FunctionType* type, find_type(now_.block.index));
  return BlockTypes{type->parameters, type->results};
}

Result<Done> FunctionValidator::check_block() {
  if (now_.opcode == Opcode::if_) {
    ISOTRACE_TRY_DONE(stack_.pop(one_i32));
  }
  ISOTRACE_TRY(const BlockTypes types, block_types());
  ISOTRACE_TRY_DONE(stack_.pop(types.parameters));
  stack_.open(now_.opcode, types.parameters, types.results);
  return Done{};
}

Result<Done> FunctionValidator::check_else() {
  ISOTRACE_TRY(const OpenBlock block, stack_.close());
  stack_.open(Opcode::else_, block.parameters, block.results);
  return Done{};
}

Result<Done> FunctionValidator::check_end() {
  ISOTRACE_TRY(const OpenBlock block, stack_.close());
  if (block.opcode == Opcode::if_ && !std::ranges::equal(block.parameters, block.results)) {
    return stack_.refuse("type mismatch: an if without else must leave its parameters");
  }
  if (!stack_.finished()) stack_.push(block.results);
  return Done{};
}

Result<Done> FunctionValidator::check_branch() {
  ISOTRACE_TRY(const OpenBlock* target, stack_.label(now_.first));
  ISOTRACE_TRY_DONE(stack_.pop(target->label()));
  stack_.leave();
  return Done{};
}

Result<Done> FunctionValidator::check_branch_if() {
  ISOTRACE_TRY_DONE(stack_.pop(one_i32));
  ISOTRACE_TRY(const OpenBlock* target, stack_.label(now_.first));
  const TypeList types = target->label();
  ISOTRACE_TRY_DONE(stack_.pop(types));
  stack_.push(types);
  return Done{};
}

Result<Done> FunctionValidator::check_branch_table() {
  ISOTRACE_TRY_DONE(stack_.pop(one_i32));
  ISOTRACE_TRY(const OpenBlock* usual, stack_.label(now_.depths.back()));
  const TypeList usual_types = usual->label();
  // Each label once, or a long table costs more than its bytes.
  std::vector<std::uint32_t>& depths = now_.depths;
  std::sort(depths.begin(), depths.end());
  depths.erase(std::unique(depths.begin(), depths.end()), depths.end());
  for (const std::uint32_t depth : depths) {
    ISOTRACE_TRY(const OpenBlock* target, stack_.label(depth));
    ISOTRACE_TRY_DONE(check_table_target(target->label(), usual_types));
  }
  ISOTRACE_TRY_DONE(stack_.pop(usual_types));
  stack_.leave();
  return Done{};
}

Result<Done> FunctionValidator::check_table_target(TypeList types, TypeList usual) {
  if (types.size() != usual.size()) return stack_.refuse("type mismatch: labels of br_table");
  if (module_.edition == Edition::mvp && !std::ranges::equal(types, usual)) {
    return stack_.refuse("type mismatch: labels of br_table");
  }
  std::vector<OperandType> popped;
  for (std::size_t i = types.size(); i-- > 0;) {
    ISOTRACE_TRY(const OperandType found, stack_.pop());
    if (found && *found != types[i]) {
      return stack_.refuse("type mismatch: an operand does not fit a label of br_table");
    }
    popped.push_back(found);
  }
  for (std::size_t i = popped.size(); i-- > 0;) stack_.push(popped[i]);
  return Done{};
}

Result<Done> FunctionValidator::check_return() {
  ISOTRACE_TRY_DONE(stack_.pop(TypeList(module_.type_of(function_).results)));
  stack_.leave();
  return Done{};
}

Result<const FunctionType*> FunctionValidator::find_type(std::uint32_t index) {
  if (index < module_.types.size()) return &module_.types[index];
  return stack_.refuse("unknown type " + std::to_string(index));
}

Result<Done> FunctionValidator::check_signature_of(const FunctionType& type) {
  ISOTRACE_TRY_DONE(stack_.pop(TypeList(type.parameters)));
  stack_.push(TypeList(type.results));
  return Done{};
}

Result<Done> FunctionValidator::check_call() {
  if (now_.first >= module_.functions.size()) {
    return stack_.refuse("unknown function " + std::to_string(now_.first));
  }
  return check_signature_of(module_.type_of(module_.functions[now_.first]));
}

Result<Done> FunctionValidator::check_call_indirect() {
  ISOTRACE_TRY(const TableType table, find_table(now_.second));
  if (table.element != ValueType::funcref) {
    return stack_.refuse("type mismatch: call_indirect needs a table of funcref");
  }
  ISOTRACE_TRY(const FunctionType* type, find_type(now_.first));
  ISOTRACE_TRY_DONE(stack_.pop(one_i32));
  return check_signature_of(*type);
}

Result<Done> validate_function(const Module& module, const std::vector<bool>& declared,
                               Function& function) {
  ISOTRACE_TRY(const std::size_t operands_max,
               FunctionValidator(module, declared, function).validate());
  function.operands_max = static_cast<std::uint32_t>(operands_max);
  return Done{};
}

}  // namespace isotrace::wasm
