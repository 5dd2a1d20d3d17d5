// Validation of parametric instructions, variables, references and tables.
#include <isotrace/wasm/function_validator.hpp>

#include <algorithm>
#include <array>

#include <isotrace/core/check.hpp>

namespace isotrace::wasm {

using core::Done;
using core::Result;

namespace {

constexpr std::array<ValueType, 1> one_i32 = {ValueType::i32};

}  // namespace

Result<Done> FunctionValidator::check_drop() {
  ISOTRACE_TRY_DONE(stack_.pop());
  return Done{};
}

Result<Done> FunctionValidator::check_select() {
  ISOTRACE_TRY_DONE(stack_.pop(one_i32));
  ISOTRACE_TRY(const OperandType second, stack_.pop());
  ISOTRACE_TRY(const OperandType first, stack_.pop());
  for (const OperandType& type : {first, second}) {
    if (type && is_reference(*type)) {
      return stack_.refuse("type mismatch: select of references names their type");
    }
  }
  if (first && second && *first != *second) {
    return stack_.refuse("type mismatch: select of two types");
  }
  stack_.push(first ? first : second);
  return Done{};
}

Result<Done> FunctionValidator::check_select_typed() {
  if (now_.types.size() != 1) return stack_.refuse("invalid result arity of select");
  const OperandType type = now_.types[0];
  ISOTRACE_TRY_DONE(stack_.pop(one_i32));
  ISOTRACE_TRY_DONE(stack_.pop(type));
  ISOTRACE_TRY_DONE(stack_.pop(type));
  stack_.push(type);
  return Done{};
}

Result<ValueType> FunctionValidator::local_type() {
  const auto& parameters = module_.type_of(function_).parameters;
  if (now_.first < parameters.size()) return parameters[now_.first];
  const std::uint64_t index = now_.first - parameters.size();
  const auto run =
      std::upper_bound(function_.locals.begin(), function_.locals.end(), index,
                       [](std::uint64_t i, const LocalRun& other) { return i < other.end; });
  if (run != function_.locals.end()) return run->type;
  return stack_.refuse("unknown local " + std::to_string(now_.first));
}

Result<Done> FunctionValidator::check_local() {
  ISOTRACE_TRY(const OperandType type, local_type());
  if (now_.opcode != Opcode::local_get) {
    ISOTRACE_TRY_DONE(stack_.pop(type));
  }
  if (now_.opcode != Opcode::local_set) stack_.push(type);
  return Done{};
}

Result<Done> FunctionValidator::check_global() {
  if (now_.first >= module_.globals.size()) {
    return stack_.refuse("unknown global " + std::to_string(now_.first));
  }
  const GlobalType& type = module_.globals[now_.first].type;
  if (now_.opcode == Opcode::global_get) {
    stack_.push(OperandType(type.value));
    return Done{};
  }
  if (!type.is_mutable) return stack_.refuse("global is immutable");
  return stack_.pop(OperandType(type.value));
}

Result<Done> FunctionValidator::check_is_null() {
  ISOTRACE_TRY(const OperandType type, stack_.pop());
  if (type && !is_reference(*type)) {
    return stack_.refuse("type mismatch: a reference expected");
  }
  stack_.push(OperandType(ValueType::i32));
  return Done{};
}

Result<Done> FunctionValidator::check_function_reference() {
  if (now_.first >= module_.functions.size()) {
    return stack_.refuse("unknown function " + std::to_string(now_.first));
  }
  if (!declared_[now_.first]) {
    return stack_.refuse("undeclared function reference " + std::to_string(now_.first));
  }
  stack_.push(OperandType(ValueType::funcref));
  return Done{};
}

Result<TableType> FunctionValidator::find_table(std::uint32_t index) {
  if (index < module_.tables.size()) return module_.tables[index];
  return stack_.refuse("unknown table " + std::to_string(index));
}

Result<ValueType> FunctionValidator::find_segment_type(std::uint32_t index) {
  if (index < module_.elements.size()) return module_.elements[index].type;
  return stack_.refuse("unknown elem segment " + std::to_string(index));
}

Result<Done> FunctionValidator::apply(std::initializer_list<ValueType> operands,
                                      OperandType result) {
  ISOTRACE_TRY_DONE(stack_.pop(TypeList(operands.begin(), operands.size())));
  if (result) stack_.push(result);
  return Done{};
}

Result<Done> FunctionValidator::check_table() {
  using enum ValueType;
  if (now_.opcode == Opcode::elem_drop) {
    ISOTRACE_TRY_DONE(find_segment_type(now_.first));
    return Done{};
  }
  if (now_.opcode == Opcode::table_init || now_.opcode == Opcode::table_copy) {
    return check_table_move();
  }
  ISOTRACE_TRY(const TableType table, find_table(now_.first));
  switch (now_.opcode) {
    case Opcode::table_get: return apply({i32}, table.element);
    case Opcode::table_set: return apply({i32, table.element}, {});
    case Opcode::table_size: return apply({}, i32);
    case Opcode::table_grow: return apply({table.element, i32}, i32);
    case Opcode::table_fill: return apply({i32, table.element, i32}, {});
    default: ISOTRACE_CHECK(false, now_.info->text); return Done{};
  }
}

Result<Done> FunctionValidator::check_table_move() {
  using enum ValueType;
  const bool init = now_.opcode == Opcode::table_init;
  ISOTRACE_TRY(const TableType target, find_table(init ? now_.second : now_.first));
  ValueType source = target.element;
  if (init) {
    ISOTRACE_TRY(source, find_segment_type(now_.first));
  } else {
    ISOTRACE_TRY(const TableType table, find_table(now_.second));
    source = table.element;
  }
  if (source != target.element) return stack_.refuse("type mismatch: tables of two types");
  return apply({i32, i32, i32}, {});
}

}  // namespace isotrace::wasm
