#include <isotrace/wasm/instruction.hpp>
#include <isotrace/wasm/validate_code.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::Result;

Result<ValueType> constant_type(const Module& module, const Instruction& instruction) {
  const auto refuse = [&](std::string detail) {
    return refuse_at(core::RefusalCode::wasm_invalid, instruction.offset, std::move(detail));
  };
  switch (instruction.opcode) {
    case Opcode::i32_const: return ValueType::i32;
    case Opcode::i64_const: return ValueType::i64;
    case Opcode::f32_const: return ValueType::f32;
    case Opcode::f64_const: return ValueType::f64;
    case Opcode::ref_null: return instruction.types[0];
    case Opcode::ref_func:
      if (instruction.first >= module.functions.size()) return refuse("unknown function");
      return ValueType::funcref;
    case Opcode::global_get: {
      if (instruction.first >= module.imported_globals) return refuse("unknown global");
      const GlobalType& type = module.globals[instruction.first].type;
      if (type.is_mutable) return refuse("constant expression required: the global is mutable");
      return type.value;
    }
    default: return refuse("constant expression required");
  }
}

}  // namespace

Result<Done> validate_constant(const Module& module, Expression expression, ValueType type) {
  const auto refuse = [&](std::uint32_t offset) {
    return refuse_at(
        core::RefusalCode::wasm_invalid, offset,
        "type mismatch: one constant of type " + std::string(type_name(type)) + " expected");
  };
  if (expression.begin == expression.end) return refuse(expression.begin);
  Reader reader(module.bytes, expression.begin, expression.end);
  std::optional<ValueType> found;
  while (!reader.at_end()) {
    Instruction instruction;
    ISOTRACE_TRY_DONE(read_instruction(reader, module.edition, instruction));
    ISOTRACE_TRY(const ValueType next, constant_type(module, instruction));
    if (found) return refuse(instruction.offset);
    found = next;
  }
  if (*found != type) return refuse(expression.begin);
  return Done{};
}

}  // namespace isotrace::wasm
