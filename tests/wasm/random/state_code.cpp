#include "tests/wasm/random/state_code.hpp"

namespace isotrace::wasm::tests {
namespace {

constexpr std::uint32_t place = 0;   // local: i32
constexpr std::uint32_t digest = 1;  // local: i64

/// digest = (digest ^ value) * odd number, then rotated. Value: code that pushes an i64.
Bytes mix(const Bytes& value) {
  return op(Opcode::local_get, digest) + value + op(Opcode::i64_xor) +
         push_i64(0x2545F4914F6CDD1D) + op(Opcode::i64_mul) + push_i64(23) + op(Opcode::i64_rotl) +
         op(Opcode::local_set, digest);
}

/// For place = 0, step, ... while place < end.
Bytes for_each_place(const Bytes& end, std::int32_t step, const Bytes& body) {
  return push_i32(0) + op(Opcode::local_set, place) + open_block(Opcode::block) +
         open_block(Opcode::loop) + op(Opcode::local_get, place) + end + op(Opcode::i32_ge_u) +
         op(Opcode::br_if, 1) + body + op(Opcode::local_get, place) + push_i32(step) +
         op(Opcode::i32_add) + op(Opcode::local_set, place) + op(Opcode::br, 0) + close_block() +
         close_block();
}

Bytes global_value(std::uint32_t global, ValueType type) {
  const Bytes value = op(Opcode::global_get, global);
  switch (type) {
    case i32: return value + op(Opcode::i64_extend_i32_u);
    case i64: return value;
    case f32: return value + op(Opcode::i32_reinterpret_f32) + op(Opcode::i64_extend_i32_u);
    case f64: return value + op(Opcode::i64_reinterpret_f64);
    default: return value + op(Opcode::ref_is_null) + op(Opcode::i64_extend_i32_u);
  }
}

}  // namespace

void add_state_function(ModuleBuilder& builder, const ModuleShape& shape) {
  Bytes code;
  for (std::uint32_t i = 0; i < shape.globals.size(); ++i) {
    code = code + mix(global_value(i, shape.globals[i].type.value));
  }
  if (shape.memory) {
    const Bytes end = op(Opcode::memory_size, 0) + push_i32(16) + op(Opcode::i32_shl);
    const Bytes word = op(Opcode::local_get, place) + op(Opcode::i64_load, 3, 0);
    code = code + for_each_place(end, 8, mix(word));
  }
  for (std::uint32_t i = 0; shape.edition == Edition::v2 && i < shape.tables.size(); ++i) {
    const Bytes element = op(Opcode::local_get, place) + op(Opcode::table_get, i) +
                          op(Opcode::ref_is_null) + op(Opcode::i64_extend_i32_u);
    code = code + for_each_place(op(Opcode::table_size, i), 1, mix(element));
  }
  builder.add_function({{}, {i64}}, code + op(Opcode::local_get, digest), {{1, i32}, {1, i64}});
  builder.add_export("state", ExternKind::function,
                     static_cast<std::uint32_t>(shape.functions.size()));
}

}  // namespace isotrace::wasm::tests
