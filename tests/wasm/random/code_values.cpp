// Random code: expressions.
#include <algorithm>
#include <array>
#include <utility>

#include "tests/wasm/module_builder.hpp"
#include "tests/wasm/random/code.hpp"

namespace isotrace::wasm::tests {
namespace {

ValueType type_of_letter(char letter) {
  switch (letter) {
    case 'i': return ValueType::i32;
    case 'I': return ValueType::i64;
    case 'f': return ValueType::f32;
    default: return ValueType::f64;
  }
}

std::size_t letter_index(ValueType type) { return 0x7F - static_cast<std::size_t>(type); }

/// By edition and result: the numeric instructions but constants.
using NumericTable = std::array<std::array<std::vector<const OpcodeInfo*>, 4>, 2>;

NumericTable make_numeric_table() {
  NumericTable table;
  for (std::uint32_t code = 0x45; code < 0xFC08; ++code) {
    const OpcodeInfo* info = find_opcode(code);
    if (info == nullptr || info->immediates != Immediates::none || info->signature == "*") continue;
    const std::size_t result = letter_index(type_of_letter(info->signature.back()));
    table[1][result].push_back(info);
    if (info->edition == Edition::mvp) table[0][result].push_back(info);
  }
  return table;
}

bool divides(Opcode opcode) {
  return (opcode >= Opcode::i32_div_s && opcode <= Opcode::i32_rem_u) ||
         (opcode >= Opcode::i64_div_s && opcode <= Opcode::i64_rem_u);
}

bool truncates(Opcode opcode) {
  return (opcode >= Opcode::i32_trunc_f32_s && opcode <= Opcode::i32_trunc_f64_u) ||
         (opcode >= Opcode::i64_trunc_f32_s && opcode <= Opcode::i64_trunc_f64_u);
}

}  // namespace

void RandomCode::operands(TypeList types) {
  if (unknown_suffices(types)) return;
  const TypeList here = operands_here();
  std::size_t have = std::min(here.size(), types.size());
  while (have > 0 && !std::ranges::equal(here.last(have), types.first(have))) --have;
  if (dice_.one_in(4)) have = 0;
  for (const ValueType type : types.subspan(have)) expression(type);
}

void RandomCode::expression(ValueType type) {
  if (budget_ <= 0 || depth_ >= 5 || dice_.one_in(3)) return leaf(type);
  const std::size_t floor = std::exchange(floor_, stack_.size());
  ++depth_;
  bool made = false;
  switch (dice_.below(16)) {
    case 0: made = select(type); break;
    case 1: made = block_expression(type); break;
    case 2: made = call_for(type); break;
    case 3:
    case 4: made = special_value(type); break;
    case 5:
    case 6: made = load(type); break;
    case 7:
      if (const auto local = local_of(type, true)) {
        expression(type);
        emit(Opcode::local_tee, *local);
        made = true;
      }
      break;
    default: made = numeric(type); break;
  }
  --depth_;
  floor_ = floor;
  if (!made) leaf(type);
}

std::optional<std::uint32_t> RandomCode::local_of(ValueType type, bool to_write) {
  if (locals_.empty()) return {};
  std::uint32_t local = dice_.below(locals_.size());
  for (std::size_t i = 0; i < locals_.size(); ++i, ++local) {
    if (local == locals_.size()) local = 0;
    if (locals_[local] == type && !(to_write && is_counter_[local])) return local;
  }
  return {};
}

std::optional<std::uint32_t> RandomCode::global_of(ValueType type, bool to_write) {
  const std::uint32_t global = dice_.below(shape_.globals.size());
  const GlobalType& found = shape_.globals[global].type;
  if (found.value != type) return {};
  if (to_write && (!found.is_mutable || global == shape_.fuel)) return {};
  return global;
}

std::optional<std::uint32_t> RandomCode::table_of(ValueType type) {
  if (shape_.tables.empty()) return {};
  const std::uint32_t table = dice_.below(shape_.tables.size());
  if (shape_.tables[table].element != type) return {};
  return table;
}

void RandomCode::leaf(ValueType type) {
  const auto local = dice_.one_in(3) ? std::nullopt : local_of(type, false);
  const auto global = local || !dice_.one_in(3) ? std::nullopt : global_of(type, false);
  if (local) {
    emit(Opcode::local_get, *local);
    push(type);
  } else if (global) {
    emit(Opcode::global_get, *global);
    push(type);
  } else if (!is_reference(type)) {
    number(type, random_number(dice_, type));
  } else if (type == ValueType::funcref && !shape_.declared.empty() && !dice_.one_in(4)) {
    emit(Opcode::ref_func, dice_.pick(shape_.declared));
    push(type);
  } else {
    emit_with(Opcode::ref_null, static_cast<std::uint8_t>(type));
    push(type);
  }
}

bool RandomCode::numeric(ValueType type) {
  static const NumericTable table = make_numeric_table();
  if (is_reference(type)) return false;
  const auto& rows = table[v2() ? 1 : 0][letter_index(type)];
  const OpcodeInfo* picked = dice_.pick(rows);
  const auto floats = [](std::string_view signature) {
    return signature.find_first_of("fF") != std::string_view::npos;
  };
  while (shape_.integers && floats(picked->signature)) picked = dice_.pick(rows);
  const OpcodeInfo& info = *picked;
  numeric_operands(info);
  emit(info.opcode);
  pop(info.signature.find(':'));
  push(type);
  return true;
}

void RandomCode::numeric_operands(const OpcodeInfo& info) {
  std::vector<ValueType> types;
  for (const char letter : info.signature.substr(0, info.signature.find(':'))) {
    types.push_back(type_of_letter(letter));
  }
  const bool is_f32 = types[0] == ValueType::f32;
  const bool is_i32 = types[0] == ValueType::i32;
  if (truncates(info.opcode) && !risky()) {
    expression(ValueType::i32);
    word(0xFFFF);
    emit(Opcode::i32_and);
    emit(is_f32 ? Opcode::f32_convert_i32_u : Opcode::f64_convert_i32_s);
    pop(2);
    return push(types[0]);
  }
  operands(types);
  if (divides(info.opcode) && !risky()) {
    number(types[0], 1);
    emit(is_i32 ? Opcode::i32_or : Opcode::i64_or);
    pop(1);
  }
}

bool RandomCode::select(ValueType type) {
  const bool typed = is_reference(type) || (v2() && dice_.one_in(2));
  const ValueType types[] = {type, type, ValueType::i32};
  operands(types);
  if (typed) {
    emit(Opcode::select_typed, 1);
    out_.push_back(static_cast<std::uint8_t>(type));
  } else {
    emit(Opcode::select);
  }
  pop(3);
  push(type);
  return true;
}

bool RandomCode::block_expression(ValueType type) {
  if (!nests()) return false;
  const Form form = value_form(type);
  switch (dice_.below(3)) {
    case 0: block(form); break;
    case 1: loop(form); break;
    default: block_if(form); break;
  }
  return true;
}

/// Values of instructions that are neither arithmetic nor loads.
bool RandomCode::special_value(ValueType type) {
  if (type == ValueType::i32 && shape_.memory && dice_.one_in(3)) {
    emit_with(Opcode::memory_size, 0);
    push(type);
    return true;
  }
  if (!v2() || shape_.integers) return false;
  if (is_reference(type)) {
    const auto table = table_of(type);
    if (!table) return false;
    table_index(*table);
    emit(Opcode::table_get, *table);
    pop(1);
    push(type);
    return true;
  }
  if (type != ValueType::i32) return false;
  if (!shape_.tables.empty() && dice_.one_in(2)) {
    emit(Opcode::table_size, dice_.below(shape_.tables.size()));
    push(type);
    return true;
  }
  expression(dice_.one_in(2) ? ValueType::funcref : ValueType::externref);
  emit(Opcode::ref_is_null);
  pop(1);
  push(type);
  return true;
}

bool RandomCode::call_for(ValueType type) {
  for (int i = 0; i < 3; ++i) {
    const auto function = random_callable();
    if (!function) return false;
    const FunctionType& callee = shape_.type_of(*function);
    if (callee.results.size() != 1 || callee.results[0] != type) continue;
    call(*function);
    return true;
  }
  return false;
}

}  // namespace isotrace::wasm::tests
