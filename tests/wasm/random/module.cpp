#include "tests/wasm/random/module.hpp"

#include "tests/wasm/module_builder.hpp"
#include "tests/wasm/random/code.hpp"
#include "tests/wasm/random/state_code.hpp"

namespace isotrace::wasm::tests {
namespace {

constexpr std::uint8_t custom_section = 0;

Bytes byte_of(ValueType type) { return {static_cast<std::uint8_t>(type)}; }

Bytes limits_bytes(const Limits& limits) {
  Bytes out = Bytes{static_cast<std::uint8_t>(limits.most ? 1 : 0)} + unsigned_leb(limits.least);
  return limits.most ? out + unsigned_leb(*limits.most) : out;
}

Bytes table_bytes(const TableType& table) {
  return byte_of(table.element) + limits_bytes(table.limits);
}

Bytes global_type_bytes(const GlobalType& type) {
  return byte_of(type.value) + Bytes{static_cast<std::uint8_t>(type.is_mutable ? 1 : 0)};
}

Bytes reference(ValueType type, std::optional<std::uint32_t> function) {
  const Bytes value = function ? op(Opcode::ref_func, *function)
                               : op(Opcode::ref_null, static_cast<std::uint32_t>(type));
  return value + close_block();
}

Bytes initial_value(const ShapeGlobal& global) {
  if (global.copied) return op(Opcode::global_get, *global.copied) + close_block();
  const Slot value = global.value;
  switch (global.type.value) {
    case i32: return push_i32(static_cast<std::int32_t>(value)) + close_block();
    case i64: return push_i64(static_cast<std::int64_t>(value)) + close_block();
    case f32: return push_f32(static_cast<std::uint32_t>(value)) + close_block();
    case f64: return push_f64(value) + close_block();
    default: return reference(global.type.value, global.function);
  }
}

void add_imports(ModuleBuilder& builder, const ModuleShape& shape) {
  for (std::size_t i = 0; i < shape.function_imports.size(); ++i) {
    const auto& [module, name] = shape.function_imports[i];
    builder.add_import(module, name, ExternKind::function, unsigned_leb(shape.functions[i]));
  }
  for (std::size_t i = 0; i < shape.global_imports.size(); ++i) {
    const auto& [module, name] = shape.global_imports[i];
    const Bytes type = global_type_bytes(shape.globals[i].type);
    builder.add_import(module, name, ExternKind::global, type);
  }
  if (shape.table_import) {
    builder.add_import(shape.table_import->module, shape.table_import->name, ExternKind::table,
                       table_bytes(shape.tables[0]));
  }
  if (shape.memory_import) {
    builder.add_import(shape.memory_import->module, shape.memory_import->name, ExternKind::memory,
                       limits_bytes(*shape.memory));
  }
}

void add_tables_memory_globals(ModuleBuilder& builder, const ModuleShape& shape) {
  for (std::size_t i = shape.table_import ? 1 : 0; i < shape.tables.size(); ++i) {
    builder.add(table_section, table_bytes(shape.tables[i]));
  }
  if (shape.memory && !shape.memory_import) {
    builder.add(memory_section, limits_bytes(*shape.memory));
  }
  for (std::size_t i = shape.global_imports.size(); i < shape.globals.size(); ++i) {
    const ShapeGlobal& global = shape.globals[i];
    builder.add(global_section, global_type_bytes(global.type) + initial_value(global));
  }
}

/// The eight forms of the binary format, as far as they fit the segment.
Bytes element_bytes(const ShapeElements& segment) {
  const bool active = segment.mode == SegmentMode::active;
  const bool named =
      active && (segment.table != 0 || segment.type != funcref || segment.names_table);
  const bool second_bit = active ? named : segment.mode == SegmentMode::declarative;
  const unsigned flags =
      (active ? 0U : 1U) | (second_bit ? 2U : 0U) | (segment.as_expressions ? 4U : 0U);
  Bytes out = unsigned_leb(flags);
  if (named) out = out + unsigned_leb(segment.table);
  if (active) out = out + push_i32(static_cast<std::int32_t>(segment.place)) + close_block();
  if ((flags & 3U) != 0) out = out + (segment.as_expressions ? byte_of(segment.type) : Bytes{0});
  out = out + unsigned_leb(segment.functions.size());
  for (const auto function : segment.functions) {
    if (segment.copied && !function) {
      out = out + op(Opcode::global_get, *segment.copied) + close_block();
    } else {
      out = out +
            (segment.as_expressions ? reference(segment.type, function) : unsigned_leb(*function));
    }
  }
  return out;
}

Bytes data_bytes(const ShapeData& segment) {
  const Bytes contents = unsigned_leb(segment.bytes.size()) + segment.bytes;
  if (segment.mode == SegmentMode::passive) return Bytes{1} + contents;
  const Bytes head = segment.names_memory ? Bytes{2, 0} : Bytes{0};
  const Bytes place = segment.place_global ? op(Opcode::global_get, *segment.place_global)
                                           : push_i32(static_cast<std::int32_t>(segment.place));
  return head + place + close_block() + contents;
}

void add_segments(ModuleBuilder& builder, const ModuleShape& shape) {
  for (const ShapeElements& segment : shape.elements) {
    builder.add(element_section, element_bytes(segment));
  }
  if (shape.datas.empty()) return;
  if (shape.edition == Edition::v2) {
    builder.set(data_count_section, unsigned_leb(shape.datas.size()));
  }
  for (const ShapeData& segment : shape.datas) builder.add(data_section, data_bytes(segment));
}

void add_functions(ModuleBuilder& builder, const ModuleShape& shape, Dice& dice) {
  const auto count = static_cast<std::uint32_t>(shape.functions.size());
  for (std::uint32_t function = shape.imported_functions(); function < count; ++function) {
    builder.add(function_section, unsigned_leb(shape.functions[function]));
    builder.add(code_section, RandomCode(shape, dice, function).make());
  }
}

void add_exports(ModuleBuilder& builder, const ModuleShape& shape, Dice& dice) {
  for (std::uint32_t i = 0; i < shape.entries; ++i) {
    builder.add_export("run" + std::to_string(i), ExternKind::function,
                       shape.imported_functions() + i);
  }
  if (shape.memory && dice.one_in(2)) builder.add_export("memory", ExternKind::memory, 0);
  if (!shape.tables.empty() && dice.one_in(4)) builder.add_export("table", ExternKind::table, 0);
  // Mutable globals are exported by 2.0 only.
  if (shape.edition == Edition::v2) builder.add_export("fuel", ExternKind::global, shape.fuel);
}

/// Names of functions, of a few or of all.
Bytes names_section(const ModuleShape& shape, Dice& dice) {
  Bytes names;
  std::uint32_t count = 0;
  for (std::uint32_t function = 0; function < shape.functions.size(); ++function) {
    if (dice.one_in(4)) continue;
    names = names + unsigned_leb(function) + name_bytes("f" + std::to_string(function));
    ++count;
  }
  names = unsigned_leb(count) + names;
  return section(custom_section,
                 name_bytes("name") + Bytes{1} + unsigned_leb(names.size()) + names);
}

}  // namespace

core::Bytes random_module(std::uint64_t seed, const RandomOptions& options) {
  Dice dice(seed);
  const ModuleShape shape = random_shape(dice, options);
  ModuleBuilder builder;
  for (const FunctionType& type : shape.types) builder.add_type(type);
  add_imports(builder, shape);
  add_functions(builder, shape, dice);
  add_tables_memory_globals(builder, shape);
  add_exports(builder, shape, dice);
  if (shape.start) builder.set(start_section, unsigned_leb(*shape.start));
  add_segments(builder, shape);
  if (options.standalone) add_state_function(builder, shape);
  return dice.one_in(8) ? builder.bytes() + names_section(shape, dice) : builder.bytes();
}

}  // namespace isotrace::wasm::tests
