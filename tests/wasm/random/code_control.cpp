// Random code: statements, blocks, branches, calls.
#include <algorithm>
#include <utility>

#include "tests/wasm/module_builder.hpp"
#include "tests/wasm/random/code.hpp"

namespace isotrace::wasm::tests {

using enum ValueType;

void RandomCode::guarded_body() {
  if (entry_) {
    constexpr std::uint32_t amounts[] = {4, 16, 16, 64, 64, 200};
    word(dice_.one_in(30) ? 100'000 : dice_.pick(amounts));
    emit(Opcode::global_set, shape_.fuel);
    pop(1);
  } else if (!leaf_) {
    out_of_fuel();
  }
  statements(2 + dice_.below(8));
  finish(type_.results);
}

/// Uses up one unit; returns if there is none. Nothing for code that need not end.
void RandomCode::out_of_fuel() {
  if (shape_.endless) return;
  emit(Opcode::global_get, shape_.fuel);
  push(ValueType::i32);
  word(1);
  emit(Opcode::i32_sub);
  pop(1);
  emit(Opcode::global_set, shape_.fuel);
  pop(1);
  emit(Opcode::global_get, shape_.fuel);
  push(ValueType::i32);
  word(0);
  emit(Opcode::i32_lt_s);
  pop(2);
  open(Opcode::if_, {{}, {}, {0x40}});
  const int budget = std::exchange(budget_, 0);  // leaves only
  operands(type_.results);
  emit(Opcode::return_);
  leave();
  close();
  budget_ = budget;
}

void RandomCode::statements(std::uint32_t count) {
  for (; count > 0 && (budget_ > 0 || blocks_.size() == 1); --count) {
    statement();
    if (blocks_.back().dead && dice_.one_in(2)) return;
  }
}

void RandomCode::statement() {
  switch (dice_.below(24)) {
    case 0:
    case 1: return store();
    case 2: return store();
    case 3: return expression(random_type(dice_, shape_.edition, shape_.integers));
    case 4:
    case 5:
    case 6: return nests() ? block_if(random_form()) : store();
    case 7:
    case 8: return nests() ? block(random_form()) : assign();
    case 9:
    case 10:
    case 11: return nests() ? loop(random_form()) : assign();
    case 12:
    case 13: return branch_if();
    case 14: return blocks_.size() > 1 || dice_.one_in(4) ? branch() : branch_if();
    case 15: return blocks_.size() > 1 ? branch_table() : assign();
    case 16: return call_any();
    case 17: return call_indirect();
    case 18: return memory_statement();
    case 19: return table_statement();
    case 20: return trap();
    case 21: return drop();
    default: return assign();
  }
}

void RandomCode::assign() {
  const ValueType type = random_type(dice_, shape_.edition, shape_.integers);
  const auto global = dice_.one_in(4) ? global_of(type, true) : std::nullopt;
  const auto local = global ? std::nullopt : local_of(type, true);
  if (!global && !local) return emit(Opcode::nop);
  operands({&type, 1});
  emit(global ? Opcode::global_set : Opcode::local_set, global ? *global : *local);
  pop(1);
}

/// Takes away the operand on top.
void RandomCode::drop() {
  if (operands_here().empty()) return emit(Opcode::nop);
  const ValueType type = stack_.back();
  if (const auto local = dice_.one_in(2) ? local_of(type, true) : std::nullopt) {
    emit(Opcode::local_set, *local);
  } else {
    emit(Opcode::drop);
  }
  pop(1);
}

/// Whether unreachable code is to take unknown operands instead of further ones.
bool RandomCode::unknown_suffices(TypeList types) {
  if (!blocks_.back().dead || floor_ > blocks_.back().height || dice_.one_in(2)) return false;
  const TypeList here = operands_here();
  return here.size() <= types.size() && std::ranges::equal(here, types.last(here.size()));
}

void RandomCode::finish(TypeList types) {
  if (unknown_suffices(types)) return;
  const auto common = [&] {
    const auto differs = std::ranges::mismatch(operands_here(), types);
    return static_cast<std::size_t>(differs.in2 - types.begin());
  };
  while (operands_here().size() > common()) drop();
  for (const ValueType type : types.subspan(common())) expression(type);
}

// ---- blocks

RandomCode::Form RandomCode::form_of(std::uint32_t type) {
  return {shape_.types[type].parameters, shape_.types[type].results, signed_leb(type)};
}

RandomCode::Form RandomCode::value_form(ValueType type) {
  return {{}, {type}, {static_cast<std::uint8_t>(type)}};
}

RandomCode::Form RandomCode::random_form() {
  if (v2() && dice_.one_in(2)) return form_of(dice_.below(shape_.types.size()));
  if (dice_.one_in(2)) return {{}, {}, {0x40}};
  return value_form(random_type(dice_, shape_.edition, shape_.integers));
}

void RandomCode::block(const Form& form) {
  operands(form.parameters);
  open(Opcode::block, form);
  statements(1 + dice_.below(4));
  finish(form.results);
  close();
}

void RandomCode::block_if(const Form& form) {
  std::vector<ValueType> types = form.parameters;
  types.push_back(ValueType::i32);
  operands(types);
  pop(1);
  open(Opcode::if_, form);
  statements(1 + dice_.below(3));
  finish(form.results);
  if (form.parameters != form.results || dice_.one_in(2)) {
    open_else();
    statements(dice_.below(3));
    finish(form.results);
  }
  close();
}

void RandomCode::loop(const Form& form) {
  operands(form.parameters);
  const auto counter = static_cast<std::uint32_t>(locals_.size());
  locals_.push_back(ValueType::i32);
  is_counter_.push_back(true);
  constexpr std::uint32_t loops_often = 4;  // those inside go round once
  const std::uint32_t rounds_most = loops_ == 0 ? 16 : loops_ <= loops_often ? 3 : 1;
  const std::uint32_t rounds = 1 + dice_.below(rounds_most);
  const bool up = dice_.one_in(2);
  word(up ? 0 : rounds);
  emit(Opcode::local_set, counter);
  pop(1);
  open(Opcode::loop, form);
  ++loops_;
  statements(1 + dice_.below(4));
  finish(form.parameters);
  if (shape_.endless && dice_.one_in(3)) {
    emit(Opcode::br, 0);
    leave();
  } else {
    count_down(counter, up ? rounds : 0);
    emit(Opcode::br_if, 0);
    pop(1);
    apply(form.parameters, form.parameters);  // unknown ones are known now
  }
  --loops_;
  finish(form.results);
  close();
}

/// Leaves whether to go on. Rounds: up to them, or 0: down to zero.
void RandomCode::count_down(std::uint32_t counter, std::uint32_t rounds) {
  emit(Opcode::local_get, counter);
  push(ValueType::i32);
  word(1);
  emit(rounds > 0 ? Opcode::i32_add : Opcode::i32_sub);
  pop(1);
  if (dice_.one_in(2)) {
    emit(Opcode::local_tee, counter);
  } else {
    emit(Opcode::local_set, counter);
    emit(Opcode::local_get, counter);
  }
  if (rounds == 0) return;
  constexpr Opcode comparisons[] = {Opcode::i32_lt_u, Opcode::i32_lt_s, Opcode::i32_ne};
  word(rounds);
  emit(dice_.pick(comparisons));
  pop(1);
}

// ---- branches

std::vector<ValueType> RandomCode::label_types(std::uint32_t depth) const {
  const Open& target = blocks_[blocks_.size() - 1 - depth];
  return target.opcode == Opcode::loop ? target.form.parameters : target.form.results;
}

bool RandomCode::leads_back(std::uint32_t depth) const {
  return blocks_[blocks_.size() - 1 - depth].opcode == Opcode::loop;
}

void RandomCode::branch() {
  const std::uint32_t depth = dice_.below(blocks_.size());
  const std::vector<ValueType> types = label_types(depth);
  if (leads_back(depth)) {
    if (leaf_) return assign();
    out_of_fuel();
  }
  operands(types);
  if (depth + 1 == blocks_.size() && dice_.one_in(2)) {
    emit(Opcode::return_);
  } else {
    emit(Opcode::br, depth);
  }
  leave();
}

void RandomCode::branch_if() {
  const std::uint32_t depth = dice_.below(blocks_.size());
  std::vector<ValueType> types = label_types(depth);
  if (leads_back(depth)) {
    if (leaf_) return assign();
    out_of_fuel();
  }
  types.push_back(ValueType::i32);
  operands(types);
  emit(Opcode::br_if, depth);
  pop(types.size());
  types.pop_back();
  push(types);
}

void RandomCode::branch_table() {
  std::vector<ValueType> types = label_types(dice_.below(blocks_.size()));
  std::vector<std::uint32_t> depths;
  bool back = false;
  for (std::uint32_t depth = 0; depth < blocks_.size(); ++depth) {
    if (label_types(depth) != types || (leaf_ && leads_back(depth))) continue;
    back = back || leads_back(depth);
    depths.push_back(depth);
  }
  if (depths.empty()) return assign();
  if (back) out_of_fuel();
  types.push_back(ValueType::i32);
  operands(types);
  const bool large = rarely(10);
  const std::uint32_t count = dice_.below(large ? 300 : 6);
  if (!risky()) {  // as often one of the targets as the default one
    word(large ? 0x1FF : 7);
    emit(Opcode::i32_and);
    pop(1);
  }
  emit(Opcode::br_table, count);
  for (std::uint32_t i = 0; i <= count; ++i) {
    index(dice_.pick(depths));
  }
  leave();
}

void RandomCode::trap() {
  if (!risky() || blocks_.size() == 1) return emit(Opcode::nop);
  emit(Opcode::unreachable);
  leave();
}

// ---- calls

std::optional<std::uint32_t> RandomCode::random_callable() {
  const auto all = static_cast<std::uint32_t>(shape_.functions.size());
  const std::uint32_t imported = leaf_ ? shape_.imported_functions() : all - shape_.entries;
  if (imported == 0) return {};
  const std::uint32_t chosen = dice_.below(imported);
  return chosen < shape_.imported_functions() ? chosen : chosen + shape_.entries;
}

void RandomCode::call(std::uint32_t function) {
  const FunctionType& callee = shape_.type_of(function);
  operands(callee.parameters);
  emit(Opcode::call, function);
  apply(callee.parameters, callee.results);
}

void RandomCode::call_any() {
  const auto function = random_callable();
  return function ? call(*function) : assign();
}

void RandomCode::call_indirect() {
  const auto table = table_of(funcref);
  if (!table || leaf_) return call_any();
  std::uint32_t type = dice_.below(shape_.types.size());
  std::optional<std::uint32_t> place;
  for (const ShapeElements& segment : shape_.elements) {
    if (segment.mode != SegmentMode::active || segment.table != *table) continue;
    if (segment.functions.empty() || (place && dice_.one_in(2))) continue;
    const std::uint32_t i = dice_.below(segment.functions.size());
    if (!segment.functions[i]) continue;
    place = segment.place + i;
    if (!risky()) type = shape_.functions[*segment.functions[i]];
  }
  if (!place && !risky()) return call_any();
  const FunctionType callee = shape_.types[type];
  operands(callee.parameters);
  if (place && !risky()) {
    word(*place);
  } else if (dice_.one_in(2)) {
    table_index(*table);
  } else {
    expression(ValueType::i32);
  }
  emit(Opcode::call_indirect, type);
  if (v2()) {
    index(*table);
  } else {
    out_.push_back(0);
  }
  pop(1);
  apply(callee.parameters, callee.results);
}

}  // namespace isotrace::wasm::tests
