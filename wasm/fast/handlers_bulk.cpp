// Operations on tables, on whole ranges, and on sizes: they need not be fast, only right. Operands
// are in their slots; the result takes the place of the first.
#include <isotrace/wasm/bulk.hpp>
#include <isotrace/wasm/fast/handlers.hpp>

namespace isotrace::wasm::fast {
namespace {

std::uint32_t low(Slot slot) { return static_cast<std::uint32_t>(slot); }

ModuleInstance& instance(Context& context) { return context.store->instances[context.instance]; }

TableInstance& table(Context& context, Word index) {
  return context.store->tables[instance(context).tables[index]];
}

MemoryInstance& memory(Context& context) {
  return context.store->memories[instance(context).memories[0]];
}

Trap table_get(Context& context, Slot* operands, const Word* immediates) {
  const TableInstance& from = table(context, immediates[0]);
  const std::uint32_t index = low(operands[0]);
  if (index >= from.elements.size()) return Trap::out_of_bounds_table_access;
  operands[0] = from.elements[index];
  return Trap::none;
}

Trap table_set(Context& context, Slot* operands, const Word* immediates) {
  TableInstance& to = table(context, immediates[0]);
  const std::uint32_t index = low(operands[0]);
  if (index >= to.elements.size()) return Trap::out_of_bounds_table_access;
  to.elements[index] = operands[1];
  return Trap::none;
}

Trap table_size(Context& context, Slot* operands, const Word* immediates) {
  operands[0] = low(table(context, immediates[0]).elements.size());
  return Trap::none;
}

Trap table_grow(Context& context, Slot* operands, const Word* immediates) {
  TableInstance& grown = table(context, immediates[0]);
  const auto before = grow_table(*context.store, grown, low(operands[1]), operands[0]);
  operands[0] = before.value_or(UINT32_MAX);
  return Trap::none;
}

Trap table_fill(Context& context, Slot* operands, const Word* immediates) {
  return fill_table(table(context, immediates[0]), low(operands[0]), operands[1], low(operands[2]));
}

Trap table_copy(Context& context, Slot* operands, const Word* immediates) {
  return copy_table(table(context, immediates[0]), table(context, immediates[1]), low(operands[0]),
                    low(operands[1]), low(operands[2]));
}

Trap table_init(Context& context, Slot* operands, const Word* immediates) {
  return init_table(instance(context), low(immediates[0]), table(context, immediates[1]),
                    low(operands[0]), low(operands[1]), low(operands[2]));
}

Trap elem_drop(Context& context, Slot* /*operands*/, const Word* immediates) {
  instance(context).elements[immediates[0]].clear();
  return Trap::none;
}

Trap memory_size(Context& context, Slot* operands, const Word* /*immediates*/) {
  operands[0] = memory(context).data.pages();
  return Trap::none;
}

Trap memory_grow(Context& context, Slot* operands, const Word* /*immediates*/) {
  const auto before = grow_memory(*context.store, memory(context), low(operands[0]));
  operands[0] = before.value_or(UINT32_MAX);
  context.load_instance(context.instance);
  return Trap::none;
}

Trap memory_fill(Context& context, Slot* operands, const Word* /*immediates*/) {
  return fill_memory(memory(context).data, low(operands[0]), static_cast<std::uint8_t>(operands[1]),
                     low(operands[2]));
}

Trap memory_copy(Context& context, Slot* operands, const Word* /*immediates*/) {
  return copy_memory(memory(context).data, low(operands[0]), low(operands[1]), low(operands[2]));
}

Trap memory_init(Context& context, Slot* operands, const Word* immediates) {
  return init_memory(instance(context), low(immediates[0]), memory(context).data, low(operands[0]),
                     low(operands[1]), low(operands[2]));
}

Trap data_drop(Context& context, Slot* /*operands*/, const Word* immediates) {
  instance(context).data_sizes[immediates[0]] = 0;
  return Trap::none;
}

}  // namespace

SlowOperation find_slow(Opcode opcode) {
  switch (opcode) {
    case Opcode::table_get: return table_get;
    case Opcode::table_set: return table_set;
    case Opcode::table_size: return table_size;
    case Opcode::table_grow: return table_grow;
    case Opcode::table_fill: return table_fill;
    case Opcode::table_copy: return table_copy;
    case Opcode::table_init: return table_init;
    case Opcode::elem_drop: return elem_drop;
    case Opcode::memory_size: return memory_size;
    case Opcode::memory_grow: return memory_grow;
    case Opcode::memory_fill: return memory_fill;
    case Opcode::memory_copy: return memory_copy;
    case Opcode::memory_init: return memory_init;
    case Opcode::data_drop: return data_drop;
    default: return nullptr;
  }
}

}  // namespace isotrace::wasm::fast
