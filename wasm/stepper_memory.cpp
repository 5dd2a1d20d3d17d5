// Loads, stores, and what else works on memory. Little-endian, as the host must be.
#include <bit>
#include <cstring>

#include <isotrace/core/check.hpp>
#include <isotrace/wasm/bulk.hpp>
#include <isotrace/wasm/numeric/slot.hpp>
#include <isotrace/wasm/sized_integers.hpp>
#include <isotrace/wasm/stepper.hpp>

namespace isotrace::wasm {

using namespace sized;

static_assert(std::endian::native == std::endian::little);

MemoryInstance& Stepper::memory() {
  return store_.memories[store_.instances[instance_].memories[0]];
}

/// base + the immediate offset; nothing if not all of the `size` bytes there are in bounds.
std::optional<std::uint64_t> Stepper::place(std::uint32_t base, std::size_t size) {
  read_u32();  // the alignment is a hint without meaning
  const std::uint64_t address = std::uint64_t{base} + read_u32();
  if (address + size > memory().data.size()) return std::nullopt;
  return address;
}

/// Reads a Stored and widens it to a Result of its sign.
template <class Stored, class Result>
Trap Stepper::load() {
  const auto from = place(pop_u32(), sizeof(Stored));
  if (!from) return Trap::out_of_bounds_memory_access;
  Stored value;
  std::memcpy(&value, memory().data.bytes().data() + *from, sizeof value);
  push_slot(to_slot(static_cast<Result>(value)));
  return Trap::none;
}

/// Writes the low bytes of the operand.
template <class Stored>
Trap Stepper::store() {
  const auto value = static_cast<Stored>(pop_slot());
  const auto to = place(pop_u32(), sizeof(Stored));
  if (!to) return Trap::out_of_bounds_memory_access;
  memory().data.mark(*to, sizeof value);
  std::memcpy(memory().data.bytes().data() + *to, &value, sizeof value);
  return Trap::none;
}

Trap Stepper::execute_access(Opcode opcode) {
  switch (opcode) {
    case Opcode::i32_load:
    case Opcode::f32_load: return load<u32, u32>();
    case Opcode::i64_load:
    case Opcode::f64_load: return load<u64, u64>();
    case Opcode::i32_load8_s: return load<i8, u32>();
    case Opcode::i32_load8_u: return load<u8, u32>();
    case Opcode::i32_load16_s: return load<i16, u32>();
    case Opcode::i32_load16_u: return load<u16, u32>();
    case Opcode::i64_load8_s: return load<i8, u64>();
    case Opcode::i64_load8_u: return load<u8, u64>();
    case Opcode::i64_load16_s: return load<i16, u64>();
    case Opcode::i64_load16_u: return load<u16, u64>();
    case Opcode::i64_load32_s: return load<i32, u64>();
    case Opcode::i64_load32_u: return load<u32, u64>();
    case Opcode::i32_store:
    case Opcode::f32_store:
    case Opcode::i64_store32: return store<u32>();
    case Opcode::i64_store:
    case Opcode::f64_store: return store<u64>();
    case Opcode::i32_store8:
    case Opcode::i64_store8: return store<u8>();
    default:
      ISOTRACE_CHECK(opcode == Opcode::i32_store16 || opcode == Opcode::i64_store16,
                     opcode_info(opcode).text);
      return store<u16>();
  }
}

Trap Stepper::execute_memory(Opcode opcode) {
  switch (opcode) {
    case Opcode::memory_size:
      read_byte();
      push_u32(memory().data.pages());
      return Trap::none;
    case Opcode::memory_grow: memory_grow(); return Trap::none;
    case Opcode::memory_init: return memory_init();
    case Opcode::data_drop:
      store_.instances[instance_].data_sizes[read_u32()] = 0;
      return Trap::none;
    case Opcode::memory_copy: return memory_copy();
    case Opcode::memory_fill: return memory_fill();
    default: return execute_access(opcode);
  }
}

void Stepper::memory_grow() {
  read_byte();
  const std::uint32_t more = pop_u32();
  push_u32(wasm::grow_memory(store_, memory(), more).value_or(UINT32_MAX));
}

Trap Stepper::memory_init() {
  const std::uint32_t segment = read_u32();
  read_byte();
  const std::uint32_t count = pop_u32();
  const std::uint32_t source = pop_u32();
  return init_memory(store_.instances[instance_], segment, memory().data, pop_u32(), source, count);
}

Trap Stepper::memory_copy() {
  read_byte();
  read_byte();
  const std::uint32_t count = pop_u32();
  const std::uint32_t source = pop_u32();
  return copy_memory(memory().data, pop_u32(), source, count);
}

Trap Stepper::memory_fill() {
  read_byte();
  const std::uint32_t count = pop_u32();
  const auto value = static_cast<std::uint8_t>(pop_u32());
  return fill_memory(memory().data, pop_u32(), value, count);
}

}  // namespace isotrace::wasm
