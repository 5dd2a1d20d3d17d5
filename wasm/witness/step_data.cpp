// Operands, variables, references, tables and memory.
#include <algorithm>

#include <isotrace/wasm/numeric/numeric.hpp>
#include <isotrace/wasm/witness/step.hpp>

namespace isotrace::wasm {
namespace {

constexpr bool is_load(Opcode opcode) {
  return opcode >= Opcode::i32_load && opcode <= Opcode::i64_load32_u;
}

/// Opcodes of narrow loads alternate between signed, which are even, and unsigned.
constexpr bool is_signed_load(Opcode opcode) {
  return opcode >= Opcode::i32_load8_s && static_cast<unsigned>(opcode) % 2 == 0;
}

constexpr bool is_store(Opcode opcode) {
  return opcode >= Opcode::i32_store && opcode <= Opcode::i64_store32;
}

}  // namespace

Trap Step::execute_data() {
  if (is_numeric(opcode_)) return execute_numeric_opcode();
  if (is_load(opcode_)) return load_from_memory();
  if (is_store(opcode_)) return store_to_memory();
  switch (opcode_) {
    case Opcode::drop: pop(); break;
    case Opcode::select:
    case Opcode::select_typed: {
      const bool first = pop_u32() != 0;
      const Slot second = pop();
      if (!first) {
        pop();
        push(second);
      }
      break;
    }
    case Opcode::i32_const:
    case Opcode::i64_const:
    case Opcode::f32_const:
    case Opcode::f64_const: push(record_.constant); break;
    case Opcode::ref_null: push(null_reference); break;
    case Opcode::ref_is_null: push_u32(pop() == null_reference ? 1 : 0); break;
    case Opcode::ref_func: push(Slot{1} + record_.a); break;
    case Opcode::local_get:
    case Opcode::local_set:
    case Opcode::local_tee:
    case Opcode::global_get:
    case Opcode::global_set: execute_variable(); break;
    case Opcode::elem_drop:
    case Opcode::data_drop: store(segments_string, record_.a, std::uint32_t{0}); break;
    case Opcode::memory_size:
    case Opcode::memory_grow:
    case Opcode::memory_init:
    case Opcode::memory_copy:
    case Opcode::memory_fill: return execute_memory();
    default: return execute_table();
  }
  return Trap::none;
}

Trap Step::execute_numeric_opcode() {
  std::vector<Slot> operands(operands_);
  for (std::size_t i = operands.size(); i-- > 0;) operands[i] = pop();
  if (const Trap trap = execute_numeric(opcode_, operands); trap != Trap::none) return trap;
  push(operands);
  return Trap::none;
}

void Step::execute_variable() {
  const std::uint64_t local = frame_.slots_begin + record_.a;
  switch (opcode_) {
    case Opcode::local_get: push(load<Slot>(slots_string, local)); break;
    case Opcode::local_set: {
      const Slot value = pop();
      store(slots_string, local, value);
      break;
    }
    case Opcode::local_tee:
      store(slots_string, local, load<Slot>(slots_string, slot_count() - 1));
      break;
    case Opcode::global_get: push(load<Slot>(globals_string, record_.a)); break;
    default: store(globals_string, record_.a, pop()); break;  // global.set
  }
}

std::uint32_t Step::table_string(std::uint32_t table) {
  expect(table < state_.tables.size(), "there is no such table");
  return failed() ? 0 : first_table_string + table;
}

/// The size before if the limits allow that many more, which are zero; else 2^32 - 1.
std::uint32_t Step::grow(std::uint32_t string, std::uint64_t unit, std::uint64_t limit_index,
                         std::uint64_t profile_max, std::uint32_t more) {
  const std::uint64_t before = size_of(string) / unit;
  const auto maximum = load<std::uint32_t>(string_of(ProgramString::maxima), limit_index);
  if (before + more > std::min<std::uint64_t>(maximum, profile_max)) return UINT32_MAX;
  resize(string, (before + more) * unit);
  return static_cast<std::uint32_t>(before);
}

/// Of as many as the operands say. `from_size`: how many there are from `from_begin` on.
Trap Step::copy(std::uint32_t to, std::uint32_t from, std::uint64_t unit, std::uint64_t from_begin,
                std::uint64_t from_size, Trap out_of_bounds) {
  const std::uint64_t count = pop_u32();
  const std::uint64_t source = pop_u32();
  const std::uint64_t target = pop_u32();
  if (source + count > from_size || target + count > size_of(to) / unit) return out_of_bounds;
  core::Bytes bytes = load_bytes(from, (from_begin + source) * unit, count * unit);
  for (std::size_t i = 0; from == string_of(ProgramString::references) && i < bytes.size();
       i += sizeof(Slot)) {
    Slot reference = 0;
    std::memcpy(&reference, &bytes[i], sizeof(Slot));
    if ((reference & reference_of_global) == 0) continue;
    reference = load<Slot>(globals_string, reference & ~reference_of_global);
    std::memcpy(&bytes[i], &reference, sizeof(Slot));
  }
  store_bytes(to, target * unit, bytes);
  return Trap::none;
}

/// What is left of a segment, into a table or memory.
Trap Step::init(std::uint32_t to, ProgramString from, std::uint64_t unit, Trap out_of_bounds) {
  const auto size = load<std::uint32_t>(segments_string, record_.a);
  const auto begin = load<std::uint32_t>(string_of(ProgramString::segments), record_.a);
  return copy(to, string_of(from), unit, begin, size, out_of_bounds);
}

Trap Step::fill_table(std::uint32_t table) {
  const std::uint64_t count = pop_u32();
  const Slot value = pop();
  const std::uint64_t place = pop_u32();
  if (place + count > size_of(table) / sizeof(Slot)) return Trap::out_of_bounds_table_access;
  if (!use(table, place * sizeof(Slot), count * sizeof(Slot))) return Trap::none;
  store(table, place, std::span<const Slot>(std::vector<Slot>(count, value)));
  return Trap::none;
}

Trap Step::execute_table() {
  const bool inits = opcode_ == Opcode::table_init;
  const std::uint32_t table = table_string(inits ? record_.b : record_.a);
  const std::uint64_t size = size_of(table) / sizeof(Slot);
  constexpr Trap out_of_bounds = Trap::out_of_bounds_table_access;
  switch (opcode_) {
    case Opcode::table_get: {
      const std::uint32_t index = pop_u32();
      if (index >= size) return out_of_bounds;
      push(load<Slot>(table, index));
      break;
    }
    case Opcode::table_set: {
      const Slot value = pop();
      const std::uint32_t index = pop_u32();
      if (index >= size) return out_of_bounds;
      store(table, index, value);
      break;
    }
    case Opcode::table_size: push_u32(static_cast<std::uint32_t>(size)); break;
    case Opcode::table_grow: {
      const std::uint32_t more = pop_u32();
      const Slot value = pop();
      const std::uint32_t before =
          grow(table, sizeof(Slot), record_.a, witness_.program.limits.table_elements_max, more);
      if (before != UINT32_MAX && !failed()) {
        store(table, before, std::span<const Slot>(std::vector<Slot>(more, value)));
      }
      push_u32(before);
      break;
    }
    case Opcode::table_fill: return fill_table(table);
    case Opcode::table_copy: {
      const std::uint32_t from = table_string(record_.b);
      return copy(table, from, sizeof(Slot), 0, size_of(from) / sizeof(Slot), out_of_bounds);
    }
    default: return init(table, ProgramString::references, sizeof(Slot), out_of_bounds);
  }
  return Trap::none;
}

/// Where the access is; nothing if not all of it is in bounds.
std::optional<std::uint64_t> Step::pop_place() {
  const std::uint64_t place =
      std::uint64_t{pop_u32()} + static_cast<std::uint32_t>(record_.constant);
  if (place + access_bytes_ > size_of(memory_string())) return std::nullopt;
  return place;
}

Trap Step::load_from_memory() {
  const auto place = pop_place();
  if (!place) return Trap::out_of_bounds_memory_access;
  const core::Bytes bytes = load_bytes(memory_string(), *place, access_bytes_);
  Slot value = 0;
  std::ranges::copy(bytes, reinterpret_cast<std::uint8_t*>(&value));
  if (is_signed_load(opcode_)) {
    const unsigned shift = 64 - 8 * access_bytes_;
    value = static_cast<Slot>(static_cast<std::int64_t>(value << shift) >> shift);
    if (opcode_ <= Opcode::i32_load16_u) value = static_cast<std::uint32_t>(value);
  }
  push(value);
  return Trap::none;
}

Trap Step::store_to_memory() {
  const Slot value = pop();
  const auto place = pop_place();
  if (!place) return Trap::out_of_bounds_memory_access;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
  store_bytes(memory_string(), *place, {bytes, access_bytes_});
  return Trap::none;
}

Trap Step::execute_memory() {
  const std::uint32_t memory = memory_string();
  const std::uint64_t size = size_of(memory);
  constexpr Trap out_of_bounds = Trap::out_of_bounds_memory_access;
  switch (opcode_) {
    case Opcode::memory_size: push_u32(static_cast<std::uint32_t>(size / memory_page_bytes)); break;
    case Opcode::memory_grow:
      push_u32(grow(memory, memory_page_bytes, state_.tables.size(),
                    witness_.program.limits.memory_pages_max, pop_u32()));
      break;
    case Opcode::memory_copy: return copy(memory, memory, 1, 0, size, out_of_bounds);
    case Opcode::memory_init: return init(memory, ProgramString::module, 1, out_of_bounds);
    default: {  // memory.fill
      const std::uint64_t count = pop_u32();
      const auto value = static_cast<std::uint8_t>(pop_u32());
      const std::uint64_t place = pop_u32();
      if (place + count > size) return out_of_bounds;
      if (use(memory, place, count)) store_bytes(memory, place, core::Bytes(count, value));
      break;
    }
  }
  return Trap::none;
}

}  // namespace isotrace::wasm
