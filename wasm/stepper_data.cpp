// Variables, references and tables.
#include <isotrace/core/check.hpp>
#include <isotrace/wasm/bulk.hpp>
#include <isotrace/wasm/stepper.hpp>

namespace isotrace::wasm {

Trap Stepper::execute_parametric(Opcode opcode) {
  if (opcode == Opcode::drop) {
    pop_slot();
    return Trap::none;
  }
  if (opcode == Opcode::select_typed) {
    for (std::uint32_t types = read_u32(); types > 0; --types) read_byte();
  }
  const bool condition = pop_u32() != 0;
  const Slot second = pop_slot();
  if (!condition) state_.slots.back() = second;
  return Trap::none;
}

Trap Stepper::execute_variable(Opcode opcode) {
  const std::uint32_t index = read_u32();
  const auto local = [&]() -> Slot& {
    return state_.slots[state_.frames.back().slots_begin + index];
  };
  const auto global = [&]() -> Slot& {
    return store_.globals[store_.instances[instance_].globals[index]].value;
  };
  switch (opcode) {
    case Opcode::local_get: push_slot(Slot{local()}); break;
    case Opcode::local_set: {
      const Slot value = pop_slot();
      local() = value;
      break;
    }
    case Opcode::local_tee: local() = state_.slots.back(); break;
    case Opcode::global_get: push_slot(global()); break;
    default: global() = pop_slot(); break;  // validated: global.set
  }
  return Trap::none;
}

Trap Stepper::execute_reference(Opcode opcode) {
  switch (opcode) {
    case Opcode::ref_null:
      read_byte();
      push_slot(null_reference);
      break;
    case Opcode::ref_is_null: push_u32(pop_slot() == null_reference ? 1 : 0); break;
    default: push_slot(Slot{1} + store_.instances[instance_].functions[read_u32()]); break;
  }
  return Trap::none;
}

TableInstance& Stepper::table(std::uint32_t index) {
  return store_.tables[store_.instances[instance_].tables[index]];
}

Trap Stepper::execute_table(Opcode opcode) {
  switch (opcode) {
    case Opcode::table_get: {
      const TableInstance& from = table(read_u32());
      const std::uint32_t index = pop_u32();
      if (index >= from.elements.size()) return Trap::out_of_bounds_table_access;
      push_slot(from.elements[index]);
      break;
    }
    case Opcode::table_set: {
      TableInstance& to = table(read_u32());
      const Slot value = pop_slot();
      const std::uint32_t index = pop_u32();
      if (index >= to.elements.size()) return Trap::out_of_bounds_table_access;
      to.elements[index] = value;
      break;
    }
    case Opcode::table_size:
      push_u32(static_cast<std::uint32_t>(table(read_u32()).elements.size()));
      break;
    case Opcode::table_grow: table_grow(); break;
    case Opcode::table_fill: return table_fill();
    case Opcode::table_copy: return table_copy();
    case Opcode::table_init: return table_init();
    default:
      ISOTRACE_CHECK(opcode == Opcode::elem_drop, opcode_info(opcode).text);
      store_.instances[instance_].elements[read_u32()].clear();
      break;
  }
  return Trap::none;
}

void Stepper::table_grow() {
  TableInstance& grown = table(read_u32());
  const std::uint32_t more = pop_u32();
  const Slot value = pop_slot();
  push_u32(grow_table(store_, grown, more, value).value_or(UINT32_MAX));
}

Trap Stepper::table_fill() {
  TableInstance& to = table(read_u32());
  const std::uint32_t count = pop_u32();
  const Slot value = pop_slot();
  return fill_table(to, pop_u32(), value, count);
}

Trap Stepper::table_copy() {
  TableInstance& to = table(read_u32());
  const TableInstance& from = table(read_u32());
  const std::uint32_t count = pop_u32();
  const std::uint32_t source = pop_u32();
  return copy_table(to, from, pop_u32(), source, count);
}

Trap Stepper::table_init() {
  const std::uint32_t segment = read_u32();
  TableInstance& to = table(read_u32());
  const std::uint32_t count = pop_u32();
  const std::uint32_t source = pop_u32();
  return init_table(store_.instances[instance_], segment, to, pop_u32(), source, count);
}

}  // namespace isotrace::wasm
