#include "tests/wasm/module_builder.hpp"

#include <array>

namespace isotrace::wasm::tests {
namespace {

Bytes types_bytes(const std::vector<ValueType>& types) {
  Bytes out = unsigned_leb(types.size());
  for (const ValueType type : types) out.push_back(static_cast<std::uint8_t>(type));
  return out;
}

Bytes limits_bytes(std::uint32_t least, std::optional<std::uint32_t> most) {
  Bytes out = Bytes{static_cast<std::uint8_t>(most ? 1 : 0)} + unsigned_leb(least);
  return most ? out + unsigned_leb(*most) : out;
}

}  // namespace

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Bytes unsigned_leb(std::uint64_t value) {
  Bytes out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
  return out;
}

Bytes signed_leb(std::int64_t value) {
  Bytes out;
  for (; value < -64 || value > 63; value >>= 7) {
    out.push_back(static_cast<std::uint8_t>((value & 0x7F) | 0x80));
  }
  out.push_back(static_cast<std::uint8_t>(value & 0x7F));
  return out;
}

Bytes op(Opcode opcode) {
  const auto code = static_cast<unsigned>(opcode);
  if (code < 256) return {static_cast<std::uint8_t>(code)};
  return Bytes{prefix_byte} + unsigned_leb(code & 0xFF);
}
Bytes op(Opcode opcode, std::uint32_t index) { return op(opcode) + unsigned_leb(index); }
Bytes op(Opcode opcode, std::uint32_t first, std::uint32_t second) {
  return op(opcode, first) + unsigned_leb(second);
}
Bytes push_i32(std::int32_t value) { return op(Opcode::i32_const) + signed_leb(value); }
Bytes push_i64(std::int64_t value) { return op(Opcode::i64_const) + signed_leb(value); }
Bytes push_f32(std::uint32_t bits) {
  return op(Opcode::f32_const) + core::ByteWriter().u32(bits).take();
}
Bytes push_f64(std::uint64_t bits) {
  return op(Opcode::f64_const) + core::ByteWriter().u64(bits).take();
}
Bytes open_block(Opcode opcode, std::uint8_t type) { return op(opcode) + Bytes{type}; }

Bytes header() { return {0, 'a', 's', 'm', 1, 0, 0, 0}; }

Bytes section(std::uint8_t id, const Bytes& contents) {
  return Bytes{id} + unsigned_leb(contents.size()) + contents;
}

Bytes name_bytes(const std::string& name) {
  return unsigned_leb(name.size()) + Bytes(name.begin(), name.end());
}

std::uint32_t ModuleBuilder::add_type(const FunctionType& type) {
  add(type_section, Bytes{0x60} + types_bytes(type.parameters) + types_bytes(type.results));
  return sections_[type_section].count - 1;
}

ModuleBuilder& ModuleBuilder::add_import(const std::string& module, const std::string& name,
                                         ExternKind kind, const Bytes& type) {
  return add(import_section,
             name_bytes(module) + name_bytes(name) + Bytes{static_cast<std::uint8_t>(kind)} + type);
}

ModuleBuilder& ModuleBuilder::add_function(
    const FunctionType& type, const Bytes& code,
    const std::vector<std::pair<std::uint32_t, ValueType>>& locals) {
  add(function_section, unsigned_leb(add_type(type)));
  Bytes body = unsigned_leb(locals.size());
  for (const auto& [count, of] : locals) {
    body = body + unsigned_leb(count) + Bytes{static_cast<std::uint8_t>(of)};
  }
  body = body + code + close_block();
  return add(code_section, unsigned_leb(body.size()) + body);
}

ModuleBuilder& ModuleBuilder::add_export(const std::string& name, ExternKind kind,
                                         std::uint32_t index) {
  return add(export_section,
             name_bytes(name) + Bytes{static_cast<std::uint8_t>(kind)} + unsigned_leb(index));
}

ModuleBuilder& ModuleBuilder::add(std::uint8_t id, const Bytes& entry) {
  Section& to = sections_[id];
  ++to.count;
  to.counted = true;
  to.entries = to.entries + entry;
  return *this;
}

ModuleBuilder& ModuleBuilder::add_memory(std::uint32_t least, std::optional<std::uint32_t> most) {
  return add(memory_section, limits_bytes(least, most));
}

ModuleBuilder& ModuleBuilder::add_table(ValueType element, std::uint32_t least,
                                        std::optional<std::uint32_t> most) {
  return add(table_section, Bytes{static_cast<std::uint8_t>(element)} + limits_bytes(least, most));
}

ModuleBuilder& ModuleBuilder::set(std::uint8_t id, const Bytes& contents) {
  sections_[id].entries = contents;
  return *this;
}

Bytes ModuleBuilder::bytes() const {
  Bytes out = header();
  constexpr std::array<std::uint8_t, 12> order = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11};
  for (const std::uint8_t id : order) {
    const Section& from = sections_[id];
    if (from.entries.empty()) continue;
    out = out + section(id, from.counted ? unsigned_leb(from.count) + from.entries : from.entries);
  }
  return out;
}

namespace {

/// Recursion, blocks of several values, every way to branch.
Bytes control_code() {
  return op(Opcode::local_get, 0) + push_i32(2) + op(Opcode::i32_lt_s) +
         open_block(Opcode::if_, 0x7F) + push_i32(1) + op(Opcode::else_) +
         op(Opcode::local_get, 0) + push_i32(1) + op(Opcode::i32_sub) + op(Opcode::call, 1) +
         op(Opcode::local_get, 0) + op(Opcode::i32_mul) + close_block() +
         open_block(Opcode::block) + open_block(Opcode::loop) + op(Opcode::local_get, 1) +
         push_i32(1) + op(Opcode::i32_add) + op(Opcode::local_tee, 1) + push_i32(3) +
         op(Opcode::i32_eq) + op(Opcode::br_if, 1) + op(Opcode::local_get, 1) +
         op(Opcode::br_table) + Bytes{2, 0, 0, 0} + close_block() + close_block();
}

/// Loads, stores, bulk operations, tables and references.
Bytes data_code() {
  const Bytes grow = op(Opcode::ref_null) + Bytes{0x6F} + push_i32(3) + op(Opcode::table_grow, 1) +
                     op(Opcode::drop) + push_i32(1) + op(Opcode::memory_grow, 0) + op(Opcode::drop);
  return push_i32(8) + push_i64(-5) + op(Opcode::i64_store, 3, 4) + push_i32(0) + push_i32(1) +
         push_i32(2) + op(Opcode::memory_init, 1, 0) + op(Opcode::data_drop, 1) + push_i32(16) +
         push_i32(0) + push_i32(8) + op(Opcode::memory_copy, 0, 0) + push_i32(40) + push_i32(7) +
         push_i32(9) + op(Opcode::memory_fill, 0) + push_i32(1) + push_i32(0) + push_i32(1) +
         op(Opcode::table_init, 1, 0) + op(Opcode::elem_drop, 1) + grow + push_i32(0) +
         op(Opcode::i64_load, 3, 12) + op(Opcode::f64_convert_i64_s) +
         push_f64(0x4000000000000000) + op(Opcode::f64_sqrt) + op(Opcode::f64_mul) +
         op(Opcode::i32_trunc_sat_f64_s) + op(Opcode::global_get, 1) + op(Opcode::i32_add) +
         op(Opcode::global_set, 1) + op(Opcode::global_get, 1) + push_i32(2) + push_i32(1) +
         op(Opcode::call_indirect, 3, 0) + op(Opcode::i32_extend8_s) + op(Opcode::i32_xor);
}

}  // namespace

Bytes sample_module() {
  ModuleBuilder builder;
  const std::uint32_t nothing = builder.add_type({});
  builder.add_import("spectest", "print", ExternKind::function, unsigned_leb(nothing));
  builder.add_import("spectest", "global_i32", ExternKind::global, {0x7F, 0});
  builder.add_function({{i32}, {i32}}, control_code(), {{1, i32}});   // 1, type 1
  builder.add_function({{}, {i32}}, data_code());                     // 2, type 2
  builder.add_function({{i32}, {i32}}, op(Opcode::local_get, 0));     // 3, type 3
  builder.add_function({{}, {i32, i64}}, push_i32(1) + push_i64(2));  // 4, type 4
  builder.add_function({}, op(Opcode::call, 0) + op(Opcode::call, 4) + op(Opcode::drop) +
                               op(Opcode::drop));  // 5, type 5
  builder.add_table(funcref, 4, 8).add_table(externref, 2).add_memory(1, 3);
  builder.add(global_section, Bytes{0x7F, 1} + op(Opcode::global_get, 0) + close_block());
  builder.add(global_section, Bytes{0x70, 0} + op(Opcode::ref_func, 3) + close_block());
  builder.add_export("factorial", ExternKind::function, 1);
  builder.add_export("data", ExternKind::function, 2);
  builder.add_export("pair", ExternKind::function, 4);
  builder.add_export("memory", ExternKind::memory, 0);
  builder.set(start_section, unsigned_leb(5));
  builder.add(element_section, Bytes{0} + push_i32(0) + close_block() + Bytes{2, 1, 3});
  builder.add(element_section, Bytes{1, 0, 2, 3, 2});
  builder.add(element_section, Bytes{3, 0, 1, 1});
  builder.add(element_section, Bytes{6, 1} + push_i32(0) + close_block() + Bytes{0x6F, 1} +
                                   op(Opcode::ref_null) + Bytes{0x6F} + close_block());
  builder.set(data_count_section, unsigned_leb(2));
  builder.add(data_section, Bytes{0} + push_i32(4) + close_block() + Bytes{3, 'a', 'b', 'c'});
  builder.add(data_section, Bytes{1, 4, 'w', 'x', 'y', 'z'});
  return builder.bytes();
}

}  // namespace isotrace::wasm::tests
