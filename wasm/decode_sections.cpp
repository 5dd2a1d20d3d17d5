#include <isotrace/wasm/decode_sections.hpp>

#include <isotrace/core/limits.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;
using core::limits::wasm_entities_max;

/// How many entries a section has that adds to an index space of `present` entries.
Result<std::uint32_t> count_entries(Reader& reader, std::size_t present) {
  return reader.count(wasm_entities_max - present);
}

Result<std::vector<ValueType>> decode_value_types(Reader& reader, Edition edition) {
  ISOTRACE_TRY(const std::uint32_t count, reader.count(core::limits::wasm_parameters_max));
  std::vector<ValueType> types(count);
  for (ValueType& type : types) {
    ISOTRACE_TRY(type, reader.value_type(edition == Edition::v2));
  }
  return types;
}

Result<Limits> decode_limits(Reader& reader) {
  const std::uint32_t offset = reader.offset();
  ISOTRACE_TRY(const std::uint8_t flags, reader.byte());
  if (flags > 7) return refuse_malformed(offset, "malformed limits flags");
  if (flags > 1) {
    return refuse_at(RefusalCode::wasm_unsupported, offset,
                     flags > 3 ? "64-bit addresses: memory64" : "a shared memory: threads");
  }
  Limits limits;
  limits.offset = offset;
  ISOTRACE_TRY(limits.least, reader.u32());
  if (flags == 1) {
    ISOTRACE_TRY(limits.most, reader.u32());
  }
  return limits;
}

Result<ValueType> decode_reference_type(Reader& reader, Edition edition) {
  const std::uint32_t offset = reader.offset();
  if (edition == Edition::mvp) {
    ISOTRACE_TRY_DONE(reader.expect(static_cast<std::uint8_t>(ValueType::funcref),
                                    "malformed element type: 1.0 has only funcref"));
    return ValueType::funcref;
  }
  ISOTRACE_TRY(const ValueType type, reader.value_type(true));
  if (!is_reference(type)) return refuse_malformed(offset, "malformed reference type");
  return type;
}

Result<TableType> decode_table_type(Reader& reader, Edition edition) {
  TableType type;
  ISOTRACE_TRY(type.element, decode_reference_type(reader, edition));
  ISOTRACE_TRY(type.limits, decode_limits(reader));
  return type;
}

Result<GlobalType> decode_global_type(Reader& reader, Edition edition) {
  GlobalType type;
  ISOTRACE_TRY(type.value, reader.value_type(edition == Edition::v2));
  const std::uint32_t offset = reader.offset();
  ISOTRACE_TRY(const std::uint8_t mutability, reader.byte());
  if (mutability > 1) return refuse_malformed(offset, "malformed mutability");
  type.is_mutable = mutability == 1;
  return type;
}

Result<ExternKind> decode_kind(Reader& reader, const char* what) {
  const std::uint32_t offset = reader.offset();
  ISOTRACE_TRY(const std::uint8_t kind, reader.byte());
  if (kind == 4) return refuse_at(RefusalCode::wasm_unsupported, offset, "a tag: exceptions");
  if (kind > 4) return refuse_malformed(offset, what);
  return static_cast<ExternKind>(kind);
}

/// The kind's type, and the entry of its index space.
Result<Done> decode_import_type(Reader& reader, Module& module, Import& import) {
  ISOTRACE_TRY(const ExternKind kind, decode_kind(reader, "malformed import kind"));
  switch (kind) {
    case ExternKind::function: {
      ISOTRACE_TRY(const std::uint32_t index, reader.u32());
      import.type = TypeIndex{index};
      Function& function = module.functions.emplace_back();
      function.type = index;
      function.offset = import.offset;
      ++module.imported_functions;
      break;
    }
    case ExternKind::table: {
      ISOTRACE_TRY(const TableType type, decode_table_type(reader, module.edition));
      import.type = type;
      module.tables.push_back(type);
      break;
    }
    case ExternKind::memory: {
      ISOTRACE_TRY(const Limits limits, decode_limits(reader));
      import.type = MemoryType{limits};
      module.memories.push_back({limits});
      break;
    }
    case ExternKind::global: {
      ISOTRACE_TRY(const GlobalType type, decode_global_type(reader, module.edition));
      import.type = type;
      module.globals.push_back({type, {}});
      ++module.imported_globals;
      break;
    }
  }
  return Done{};
}

}  // namespace

Result<Done> decode_types(Reader& reader, Module& module) {
  ISOTRACE_TRY(const std::uint32_t count, count_entries(reader, 0));
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t begin = reader.offset();
    ISOTRACE_TRY(const std::uint8_t form, reader.byte());
    if (form == 0x4E || form == 0x4F || form == 0x50 || form == 0x5E || form == 0x5F) {
      return refuse_at(RefusalCode::wasm_unsupported, begin, "a type of garbage collection");
    }
    constexpr std::uint8_t function = 0x60;
    if (form != function) return refuse_malformed(begin, "malformed function type");
    FunctionType type;
    ISOTRACE_TRY(type.parameters, decode_value_types(reader, module.edition));
    const std::uint32_t offset = reader.offset();
    ISOTRACE_TRY(type.results, decode_value_types(reader, module.edition));
    if (type.results.size() > 1 && module.edition == Edition::mvp) {
      return refuse_at(RefusalCode::wasm_unsupported, offset, "a function of several results");
    }
    module.types.push_back(std::move(type));
  }
  return Done{};
}

Result<Done> decode_imports(Reader& reader, Module& module) {
  ISOTRACE_TRY(const std::uint32_t count, count_entries(reader, 0));
  for (std::uint32_t i = 0; i < count; ++i) {
    Import import;
    import.offset = reader.offset();
    ISOTRACE_TRY(import.module, reader.name());
    ISOTRACE_TRY(import.name, reader.name());
    ISOTRACE_TRY_DONE(decode_import_type(reader, module, import));
    module.imports.push_back(std::move(import));
  }
  return Done{};
}

Result<Done> decode_functions(Reader& reader, Module& module) {
  ISOTRACE_TRY(const std::uint32_t count, count_entries(reader, module.functions.size()));
  for (std::uint32_t i = 0; i < count; ++i) {
    Function function;
    ISOTRACE_TRY(function.type, reader.u32());
    module.functions.push_back(std::move(function));
  }
  return Done{};
}

Result<Done> decode_tables(Reader& reader, Module& module) {
  ISOTRACE_TRY(const std::uint32_t count, count_entries(reader, module.tables.size()));
  for (std::uint32_t i = 0; i < count; ++i) {
    ISOTRACE_TRY(const TableType type, decode_table_type(reader, module.edition));
    module.tables.push_back(type);
  }
  return Done{};
}

Result<Done> decode_memories(Reader& reader, Module& module) {
  ISOTRACE_TRY(const std::uint32_t count, count_entries(reader, module.memories.size()));
  for (std::uint32_t i = 0; i < count; ++i) {
    ISOTRACE_TRY(const Limits limits, decode_limits(reader));
    module.memories.push_back({limits});
  }
  return Done{};
}

Result<Done> decode_globals(Reader& reader, Module& module) {
  ISOTRACE_TRY(const std::uint32_t count, count_entries(reader, module.globals.size()));
  for (std::uint32_t i = 0; i < count; ++i) {
    Global global;
    ISOTRACE_TRY(global.type, decode_global_type(reader, module.edition));
    ISOTRACE_TRY(global.value, decode_expression(reader, module));
    module.globals.push_back(global);
  }
  return Done{};
}

Result<Done> decode_exports(Reader& reader, Module& module) {
  ISOTRACE_TRY(const std::uint32_t count, count_entries(reader, 0));
  for (std::uint32_t i = 0; i < count; ++i) {
    Export out;
    out.offset = reader.offset();
    ISOTRACE_TRY(out.name, reader.name());
    ISOTRACE_TRY(out.kind, decode_kind(reader, "malformed export kind"));
    ISOTRACE_TRY(out.index, reader.u32());
    module.exports.push_back(std::move(out));
  }
  return Done{};
}

Result<Done> decode_start(Reader& reader, Module& module) {
  module.start_offset = reader.offset();
  ISOTRACE_TRY(module.start, reader.u32());
  return Done{};
}

Result<Done> decode_data_count(Reader& reader, Module& module) {
  ISOTRACE_TRY(module.data_count, reader.u32());
  return Done{};
}

namespace {

Result<Done> decode_element_items(Reader& reader, Module& module, bool are_expressions,
                                  ElementSegment& segment) {
  ISOTRACE_TRY(const std::uint32_t count, reader.count(wasm_entities_max));
  for (std::uint32_t i = 0; i < count; ++i) {
    if (are_expressions) {
      ISOTRACE_TRY(const Expression expression, decode_expression(reader, module));
      segment.expressions.push_back(expression);
    } else {
      ISOTRACE_TRY(const std::uint32_t function, reader.u32());
      segment.functions.push_back(function);
    }
  }
  return Done{};
}

/// Bit 0: not active; bit 1: an explicit table (active) or declarative; bit 2: expressions.
Result<Done> decode_element(Reader& reader, Module& module, ElementSegment& segment) {
  segment.offset = reader.offset();
  ISOTRACE_TRY(const std::uint32_t flags, reader.u32());
  const bool active = (flags & 1U) == 0;
  const bool are_expressions = (flags & 4U) != 0;
  if (flags > 7) return refuse_malformed(segment.offset, "malformed elements segment kind");
  if (!active) {
    segment.mode = (flags & 2U) != 0 ? SegmentMode::declarative : SegmentMode::passive;
  } else if ((flags & 2U) != 0) {
    ISOTRACE_TRY(segment.table, reader.u32());
  }
  if (active) {
    ISOTRACE_TRY(segment.place, decode_expression(reader, module));
  }
  if ((flags & 3U) != 0) {
    if (are_expressions) {
      ISOTRACE_TRY(segment.type, decode_reference_type(reader, module.edition));
    } else {
      ISOTRACE_TRY_DONE(reader.expect(0, "malformed element kind"));
    }
  }
  return decode_element_items(reader, module, are_expressions, segment);
}

/// 1.0: a table index, a place, function indices.
Result<Done> decode_element_mvp(Reader& reader, Module& module, ElementSegment& segment) {
  segment.offset = reader.offset();
  ISOTRACE_TRY(segment.table, reader.u32());
  ISOTRACE_TRY(segment.place, decode_expression(reader, module));
  return decode_element_items(reader, module, false, segment);
}

Result<Done> decode_data(Reader& reader, Module& module, DataSegment& segment) {
  segment.offset = reader.offset();
  ISOTRACE_TRY(const std::uint32_t flags, reader.u32());
  if (module.edition == Edition::mvp) {
    segment.memory = flags;  // 1.0: the field is a memory index
  } else if (flags > 2) {
    return refuse_malformed(segment.offset, "malformed data segment kind");
  } else if (flags == 2) {
    ISOTRACE_TRY(segment.memory, reader.u32());
  } else if (flags == 1) {
    segment.mode = SegmentMode::passive;
  }
  if (segment.mode == SegmentMode::active) {
    ISOTRACE_TRY(segment.place, decode_expression(reader, module));
  }
  ISOTRACE_TRY(segment.size, reader.u32());
  segment.begin = reader.offset();
  ISOTRACE_TRY_DONE(reader.raw(segment.size));
  return Done{};
}

}  // namespace

Result<Done> decode_elements(Reader& reader, Module& module) {
  ISOTRACE_TRY(const std::uint32_t count, count_entries(reader, 0));
  for (std::uint32_t i = 0; i < count; ++i) {
    ElementSegment& segment = module.elements.emplace_back();
    ISOTRACE_TRY_DONE(module.edition == Edition::mvp ? decode_element_mvp(reader, module, segment)
                                                     : decode_element(reader, module, segment));
  }
  return Done{};
}

Result<Done> decode_datas(Reader& reader, Module& module) {
  ISOTRACE_TRY(const std::uint32_t count, count_entries(reader, 0));
  for (std::uint32_t i = 0; i < count; ++i) {
    ISOTRACE_TRY_DONE(decode_data(reader, module, module.datas.emplace_back()));
  }
  return Done{};
}

}  // namespace isotrace::wasm
