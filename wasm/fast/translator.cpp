#include <isotrace/wasm/fast/translator.hpp>

#include <algorithm>

#include <isotrace/core/check.hpp>

namespace isotrace::wasm::fast {
namespace {

bool is_float_letter(char letter) { return letter == 'f' || letter == 'F'; }

/// Whether the operands, or the result, of an opcode with a signature are floats.
bool takes_floats(Opcode opcode) { return is_float_letter(opcode_info(opcode).signature.front()); }
bool gives_float(Opcode opcode) { return is_float_letter(opcode_info(opcode).signature.back()); }

Allowed accumulator_of(Opcode opcode) {
  const bool floating = takes_floats(opcode);
  return {.constant = false, .integer = !floating, .floating = floating};
}

int index(From from) {
  return static_cast<int>(from == From::float_accumulator ? From::accumulator : from);
}

/// Products and sums of floats: as their NaNs are all the same, operands can be exchanged.
bool commutes(Opcode opcode) { return opcode == Opcode::f32_mul || opcode == Opcode::f64_mul; }

/// The opcode that does the same with its operands exchanged.
std::optional<Opcode> mirrored(Opcode opcode) {
  switch (opcode) {
    case Opcode::i32_eq:
    case Opcode::i32_ne:
    case Opcode::i32_add:
    case Opcode::i32_mul:
    case Opcode::i32_and:
    case Opcode::i32_or:
    case Opcode::i32_xor:
    case Opcode::i64_eq:
    case Opcode::i64_ne:
    case Opcode::i64_add:
    case Opcode::i64_mul:
    case Opcode::i64_and:
    case Opcode::i64_or:
    case Opcode::i64_xor: return opcode;
    case Opcode::i32_lt_s: return Opcode::i32_gt_s;
    case Opcode::i32_lt_u: return Opcode::i32_gt_u;
    case Opcode::i32_gt_s: return Opcode::i32_lt_s;
    case Opcode::i32_gt_u: return Opcode::i32_lt_u;
    case Opcode::i32_le_s: return Opcode::i32_ge_s;
    case Opcode::i32_le_u: return Opcode::i32_ge_u;
    case Opcode::i32_ge_s: return Opcode::i32_le_s;
    case Opcode::i32_ge_u: return Opcode::i32_le_u;
    case Opcode::i64_lt_s: return Opcode::i64_gt_s;
    case Opcode::i64_lt_u: return Opcode::i64_gt_u;
    case Opcode::i64_gt_s: return Opcode::i64_lt_s;
    case Opcode::i64_gt_u: return Opcode::i64_lt_u;
    case Opcode::i64_le_s: return Opcode::i64_ge_s;
    case Opcode::i64_le_u: return Opcode::i64_ge_u;
    case Opcode::i64_ge_s: return Opcode::i64_le_s;
    case Opcode::i64_ge_u: return Opcode::i64_le_u;
    default: return std::nullopt;
  }
}

const ModuleInstance& instance_of(const Store& store, const Routine& routine) {
  return store.instances[routine.instance];
}

}  // namespace

Translator::Translator(const Store& store, Translations& translations, Routine& routine)
    : store_(store),
      translations_(translations),
      routine_(routine),
      instance_(instance_of(store, routine)),
      module_(*instance_.module),
      function_(module_.functions[store.functions[routine.address].index]),
      walk_(module_, function_),
      stack_(routine.locals_end),
      notes_(translations.notes()) {
  if (notes_) bytes_ = effect_bytes_of_locals(module_, function_);
}

void Translator::translate() {
  stack_.word(routine_.locals_end);
  stack_.word(place(function_.body.begin));
  bool opens = true;  // a block, whose facts the walk has when it is inside
  while (walk_.next()) {
    if (opens) open_label(walk_.open().back());
    control_pc_ = walk_.now().offset;
    const Opcode opcode = walk_.now().opcode;
    opens = opcode == Opcode::block || opcode == Opcode::loop || opcode == Opcode::if_;
    if (walk_.reached()) {
      if (is_step(opcode)) ++owed_;
      instruction();
    } else {
      dead_instruction();
    }
  }
  finish();
}

/// Targets become addresses.
void Translator::finish() {
  routine_.code = std::move(stack_.code());
  for (const std::size_t at : targets_) {
    routine_.code[at] = std::bit_cast<Word>(&routine_.code[routine_.code[at]]);
  }
  routine_.entry = &routine_.code[2];
}

/// The operation that comes next can trap.
void Translator::mark_trap() {
  routine_.traps.push_back({static_cast<std::uint32_t>(stack_.position()), walk_.now().offset,
                            static_cast<std::int32_t>(owed_)});
}

void Translator::instruction() {
  const Instruction& now = walk_.now();
  if (now.opcode <= Opcode::call_indirect) return control();
  if (const LoadRow* row = find_load(now.opcode, notes_)) return load(*row);
  if (const StoreRow* row = find_store(now.opcode, notes_)) return store(*row);
  if (const SlowOperation operation = find_slow(now.opcode)) return slow(operation);
  switch (now.opcode) {
    case Opcode::drop: return stack_.drop(1);
    case Opcode::select:
    case Opcode::select_typed: return select();
    case Opcode::local_get: return stack_.push_local(now.first);
    case Opcode::local_set: return set_local();
    case Opcode::local_tee: set_local(); return stack_.push_local(now.first);
    case Opcode::global_get: return global_get();
    case Opcode::global_set: return global_set();
    case Opcode::i32_const:
    case Opcode::i64_const:
    case Opcode::f32_const:
    case Opcode::f64_const: return stack_.push_constant(now.constant);
    case Opcode::ref_null: return stack_.push_constant(null_reference);
    case Opcode::ref_func: return stack_.push_constant(Slot{1} + instance_.functions[now.first]);
    case Opcode::ref_is_null: return numeric(Opcode::i64_eqz);
    default: return numeric(now.opcode);
  }
}

void Translator::numeric(Opcode opcode) {
  if (opcode == Opcode::i32_eqz || opcode == Opcode::i64_eqz) {
    stack_.push_constant(0);
    opcode = opcode == Opcode::i32_eqz ? Opcode::i32_eq : Opcode::i64_eq;
  }
  if (const UnaryRow* row = find_unary(opcode)) return unary(opcode, *row);
  binary(opcode);
}

/// The operation just before, whose result is an operand of this one, becomes part of it.
bool Translator::pair(Opcode opcode) {
  const std::size_t depth = stack_.operation_of(0) != nullptr ? 0 : 1;
  const Latest* first = stack_.operation_of(depth);
  if (first == nullptr) return false;
  Operand x = first->a;
  Operand y = first->b;
  if (y.from != From::slot && y.from != From::constant) {
    if (mirrored(first->opcode) != first->opcode && !commutes(first->opcode)) return false;
    std::swap(x, y);
  }
  Operand z = stack_.use(1 - depth, {.constant = true});
  const bool subtracts_constant = opcode == Opcode::i32_sub && z.from == From::constant;
  if (subtracts_constant && depth == 1) {
    opcode = Opcode::i32_add;
    z.bits = static_cast<std::uint32_t>(0 - z.bits);
  }
  const UnaryRow* row = find_pair({first->opcode, y.from, opcode, z.from, depth == 0});
  if (row == nullptr) return false;
  stack_.retract(*first);
  stack_.drop(2);
  Latest about;
  about.is_float = gives_float(opcode);
  about.is_operand = true;
  stack_.emit(row->from[index(x.from)], x.slot, y.slot, stack_.slot_of(stack_.height()), {}, about);
  stack_.set_field_c(z.slot);
  if (y.from == From::constant) stack_.word(y.bits);
  if (z.from == From::constant) stack_.word(z.bits);
  stack_.push_operand();
  return true;
}

void Translator::binary(Opcode opcode) {
  if (pair(opcode)) return;
  // A constant is operand b, if there is an opcode for it.
  std::size_t depth_a = 1;
  const bool exchanges = stack_.is_constant(1) && !stack_.is_constant(0);
  if (const auto other = mirrored(opcode); exchanges && other) {
    opcode = *other;
    depth_a = 0;
  }
  Allowed allowed = accumulator_of(opcode);
  allowed.constant = true;
  Operand b = stack_.use(1 - depth_a, allowed);
  const bool kept = b.from == From::accumulator || b.from == From::float_accumulator;
  allowed.constant = false;
  const Operand a = stack_.use(depth_a, kept ? Allowed() : allowed);
  if (opcode == Opcode::i32_sub && b.from == From::constant) {  // there is more for sums
    opcode = Opcode::i32_add;
    b.bits = static_cast<std::uint32_t>(0 - b.bits);
  }
  emit_binary(opcode, a, b);
}

void Translator::emit_binary(Opcode opcode, const Operand& a, const Operand& b) {
  stack_.drop(2);
  const bool can_trap = (opcode >= Opcode::i32_div_s && opcode <= Opcode::i32_rem_u) ||
                        (opcode >= Opcode::i64_div_s && opcode <= Opcode::i64_rem_u);
  if (can_trap) mark_trap();
  Latest about;
  about.is_float = gives_float(opcode);
  about.is_operand = true;
  about.opcode = opcode;
  about.a = a;
  about.b = b;
  const ByResult& handlers = find_binary(opcode)->from[index(a.from)][index(b.from)];
  const std::uint16_t result = stack_.slot_of(stack_.height());
  if (b.from == From::constant) {
    stack_.emit(handlers, a.slot, 0, result, {b.bits}, about);
  } else {
    stack_.emit(handlers, a.slot, b.slot, result, {}, about);
  }
  stack_.push_operand();
}

void Translator::unary(Opcode opcode, const UnaryRow& row) {
  const Operand a = stack_.use(0, accumulator_of(opcode));
  stack_.drop(1);
  if (opcode >= Opcode::i32_trunc_f32_s && opcode <= Opcode::i64_trunc_f64_u) mark_trap();
  Latest about;
  about.is_float = gives_float(opcode);
  about.is_operand = true;
  stack_.emit(row.from[index(a.from)], a.slot, 0, stack_.slot_of(stack_.height()), {}, about);
  stack_.push_operand();
}

void Translator::load(const LoadRow& row) {
  if (load_at_sum(row)) return;
  Operand address = stack_.use(0, {.constant = true, .integer = true});
  stack_.drop(1);
  const Word offset = walk_.now().second + address.bits;
  mark_trap();
  Latest about;
  about.is_float = gives_float(walk_.now().opcode);
  about.is_operand = true;
  stack_.emit(row.plain.from[index(address.from)], address.slot, 0, stack_.slot_of(stack_.height()),
              {offset}, about);
  stack_.push_operand();
}

/// The sum that the address is becomes part of the load.
bool Translator::load_at_sum(const LoadRow& row) {
  const Latest* sum = stack_.operation_of(0);
  if (sum == nullptr || sum->opcode != Opcode::i32_add) return false;
  Operand a = sum->a;
  Operand b = sum->b;
  if (a.from != From::slot) std::swap(a, b);
  if (a.from != From::slot) return false;
  stack_.retract(*sum);
  stack_.drop(1);
  mark_trap();
  Latest about;
  about.is_float = gives_float(walk_.now().opcode);
  about.is_operand = true;
  const ByResult& handlers = row.sum[index(b.from)];
  const std::uint16_t result = stack_.slot_of(stack_.height());
  if (b.from == From::constant) {
    stack_.emit(handlers, a.slot, 0, result, {walk_.now().second, b.bits}, about);
  } else {
    stack_.emit(handlers, a.slot, b.slot, result, {walk_.now().second}, about);
  }
  stack_.push_operand();
  return true;
}

void Translator::store(const StoreRow& row) {
  if (store_at_sum(row)) return;
  const bool floating = is_float_letter(walk_.now().info->signature[1]);
  const Operand value =
      stack_.use(0, {.constant = true, .integer = !floating, .floating = floating});
  // The accumulators are two, but handlers read one of them.
  const bool from_slot = value.from == From::slot || value.from == From::constant;
  const Operand address = stack_.use(1, {.constant = true, .integer = from_slot});
  stack_.drop(2);
  mark_trap();
  stack_.emit(row.from[index(address.from)][index(value.from)],
              fields(address.slot, value.slot, 0));
  stack_.word(walk_.now().second + address.bits);
  if (value.from == From::constant) stack_.word(value.bits);
}

/// The sum that the address is, made just before a value that needs no operation.
bool Translator::store_at_sum(const StoreRow& row) {
  const Latest* sum = stack_.operation_of(1);
  if (sum == nullptr || sum->opcode != Opcode::i32_add || sum->a.from != From::slot ||
      sum->b.from == From::accumulator) {
    return false;
  }
  const Operand a = sum->a;
  const Operand addend = sum->b;
  const Operand value = stack_.use(0, {.constant = true});
  stack_.retract(*sum);
  stack_.drop(2);
  mark_trap();
  stack_.emit(row.sum[constants(addend.from)][constants(value.from)],
              fields(a.slot, value.slot, addend.slot));
  stack_.word(walk_.now().second);
  if (addend.from == From::constant) stack_.word(addend.bits);
  if (value.from == From::constant) stack_.word(value.bits);
  return true;
}

void Translator::select() {
  const Operand condition = stack_.use(0, {.integer = true});
  const Operand b = stack_.use(1, {.constant = true});
  const Operand a = stack_.use(2, {.constant = true});
  stack_.drop(3);
  Latest about;
  about.is_operand = true;
  const std::uint16_t result = stack_.slot_of(stack_.height());
  stack_.emit(select_handlers(condition.from, a.from, b.from), a.slot, b.slot, result, {}, about);
  stack_.set_field_c(condition.slot);
  if (a.from == From::constant) stack_.word(a.bits);
  if (b.from == From::constant) stack_.word(b.bits);
  stack_.push_operand();
}

void Translator::set_local() {
  stack_.set_local(walk_.now().first);
  if (notes_) changed_.insert(walk_.now().first);
}

void Translator::global_get() {
  Latest about;
  about.is_operand = true;
  stack_.emit(global_get_handlers(), 0, 0, stack_.slot_of(stack_.height()),
              {instance_.globals[walk_.now().first]}, about);
  stack_.push_operand();
}

void Translator::global_set() {
  const ValueType type = module_.globals[walk_.now().first].type.value;
  if (notes_) {
    stack_.settle();
    note_slots(stack_.height() - 1, 1, effect_bytes(type));
  }
  const Operand value = stack_.use(0, any_operand(type));
  stack_.drop(1);
  stack_.emit(global_set_handler(value.from), fields(value.slot, 0, 0));
  stack_.word(instance_.globals[walk_.now().first]);
  if (value.from == From::constant) stack_.word(value.bits);
}

/// All operands of a frame are in their slots.
void Translator::slow(SlowOperation operation) {
  const Instruction& now = walk_.now();
  stack_.settle();
  const auto [pops, pushes] = walk_.effect();
  if (notes_) note_slots(stack_.height() - pops, pops, 8);
  stack_.drop(pops);
  mark_trap();
  stack_.emit(slow_handler(), fields(stack_.slot_of(stack_.height()), 0, 0));
  stack_.word(std::bit_cast<Word>(operation));
  stack_.word(now.first);
  stack_.word(now.second);
  for (std::uint32_t i = 0; i < pushes; ++i) stack_.push_operand();
  if (notes_) note_slots(stack_.height() - pushes, pushes, 8);
}

}  // namespace isotrace::wasm::fast
