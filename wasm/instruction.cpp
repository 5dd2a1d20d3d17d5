#include <isotrace/wasm/instruction.hpp>

#include <isotrace/core/limits.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;

/// "opcode 0x1a", "opcode 0xfc 17".
std::string opcode_text(std::uint32_t code) {
  constexpr std::string_view digits = "0123456789abcdef";
  const std::uint32_t first = code > 255 ? code >> 8 : code;
  std::string text = {'0', 'x', digits[first >> 4], digits[first & 15]};
  if (code > 255) text += " " + std::to_string(code & 255);
  return "opcode " + text;
}

/// What an opcode that no edition has belongs to; empty where no proposal defines it.
std::string_view find_proposal(std::uint8_t opcode) {
  switch (opcode) {
    case 0x06:
    case 0x07:
    case 0x08:
    case 0x09:
    case 0x0A:
    case 0x18:
    case 0x19:
    case 0x1F: return "exceptions";
    case 0x12:
    case 0x13: return "tail calls";
    case 0x14:
    case 0x15:
    case 0xD4:
    case 0xD5:
    case 0xD6: return "function references";
    case 0xD3:
    case 0xFB: return "garbage collection";
    case 0xFD: return "SIMD";
    case 0xFE: return "threads";
    default: return {};
  }
}

Result<const OpcodeInfo*> read_opcode(Reader& reader, Edition edition) {
  const std::uint32_t offset = reader.offset();
  ISOTRACE_TRY(const std::uint8_t first, reader.byte());
  std::uint32_t code = first;
  if (first == prefix_byte) {
    ISOTRACE_TRY(const std::uint32_t number, reader.u32());
    if (number > 255) return refuse_malformed(offset, "illegal opcode: number behind 0xfc");
    code = std::uint32_t{prefix_byte} << 8 | number;
  }
  if (const auto proposal = find_proposal(first); !proposal.empty()) {
    return refuse_at(RefusalCode::wasm_unsupported, offset,
                     opcode_text(code) + ": " + std::string(proposal));
  }
  const OpcodeInfo* info = find_opcode(code);
  if (info == nullptr) return refuse_malformed(offset, "illegal " + opcode_text(code));
  if (info->edition > edition) {
    return refuse_at(
        RefusalCode::wasm_unsupported, offset,
        opcode_text(code) + ": " + std::string(info->text) + " is not in WebAssembly 1.0");
  }
  return info;
}

Result<BlockType> read_block_type(Reader& reader, Edition edition) {
  const std::uint32_t offset = reader.offset();
  ISOTRACE_TRY(const std::int64_t value, Reader(reader).s33());
  constexpr std::int64_t empty = -64;  // the byte 0x40
  if (value == empty) {
    ISOTRACE_TRY_DONE(reader.byte());
    return BlockType{};
  }
  if (value < 0) {
    ISOTRACE_TRY(const ValueType type, reader.value_type(edition == Edition::v2));
    return BlockType{BlockType::Kind::value, type, 0};
  }
  if (edition == Edition::mvp) {
    return refuse_at(RefusalCode::wasm_unsupported, offset, "a block with a type index");
  }
  ISOTRACE_TRY_DONE(reader.s33());
  return BlockType{BlockType::Kind::index, ValueType::i32, static_cast<std::uint32_t>(value)};
}

Result<Done> read_depths(Reader& reader, std::vector<std::uint32_t>& depths) {
  ISOTRACE_TRY(const std::uint32_t count, reader.count(core::limits::wasm_entities_max));
  depths.clear();
  for (std::uint32_t i = 0; i <= count; ++i) {
    ISOTRACE_TRY(const std::uint32_t depth, reader.u32());
    depths.push_back(depth);
  }
  return Done{};
}

Result<Done> read_select_types(Reader& reader, std::vector<ValueType>& types) {
  ISOTRACE_TRY(const std::uint32_t count, reader.count(core::limits::wasm_parameters_max));
  types.clear();
  for (std::uint32_t i = 0; i < count; ++i) {
    ISOTRACE_TRY(const ValueType type, reader.value_type(true));
    types.push_back(type);
  }
  return Done{};
}

Result<Done> read_reference_type(Reader& reader, std::vector<ValueType>& types) {
  const std::uint32_t offset = reader.offset();
  ISOTRACE_TRY(const ValueType type, reader.value_type(true));
  if (!is_reference(type)) return refuse_malformed(offset, "malformed reference type");
  types.assign(1, type);
  return Done{};
}

/// One or two indices; an index of memories is a zero byte.
Result<Done> read_indices(Reader& reader, Instruction& out, unsigned indices, unsigned zeros) {
  if (indices > 0) {
    ISOTRACE_TRY(out.first, reader.u32());
  }
  if (indices > 1) {
    ISOTRACE_TRY(out.second, reader.u32());
  }
  for (unsigned i = 0; i < zeros; ++i) {
    ISOTRACE_TRY_DONE(reader.expect(0, "zero byte expected"));
  }
  return Done{};
}

/// Alignment and offset. 2.0 keeps the high bits of the alignment for flags of later editions.
Result<Done> read_access(Reader& reader, Edition edition, Instruction& out) {
  const std::uint32_t offset = reader.offset();
  ISOTRACE_TRY_DONE(read_indices(reader, out, 2, 0));
  constexpr std::uint32_t flags_from = 32;
  if (edition == Edition::v2 && out.first >= flags_from) {
    return refuse_malformed(offset, "malformed memop flags");
  }
  return Done{};
}

Result<Done> read_constant(Reader& reader, Instruction& out) {
  switch (out.info->immediates) {
    case Immediates::i32: {
      ISOTRACE_TRY(const std::int32_t value, reader.s32());
      out.constant = static_cast<std::uint32_t>(value);
      return Done{};
    }
    case Immediates::i64: {
      ISOTRACE_TRY(const std::int64_t value, reader.s64());
      out.constant = static_cast<std::uint64_t>(value);
      return Done{};
    }
    default: {
      ISOTRACE_TRY(out.constant, reader.fixed(out.opcode == Opcode::f32_const ? 4 : 8));
      return Done{};
    }
  }
}

Result<Done> read_immediates(Reader& reader, Edition edition, Instruction& out) {
  switch (out.info->immediates) {
    case Immediates::none: return Done{};
    case Immediates::block: {
      ISOTRACE_TRY(out.block, read_block_type(reader, edition));
      return Done{};
    }
    case Immediates::label_table: return read_depths(reader, out.depths);
    case Immediates::select_types: return read_select_types(reader, out.types);
    case Immediates::reference_type: return read_reference_type(reader, out.types);
    case Immediates::type_table:
      return edition == Edition::mvp ? read_indices(reader, out, 1, 1)
                                     : read_indices(reader, out, 2, 0);
    case Immediates::label:
    case Immediates::function:
    case Immediates::local:
    case Immediates::global:
    case Immediates::table:
    case Immediates::element:
    case Immediates::data: return read_indices(reader, out, 1, 0);
    case Immediates::two_tables:
    case Immediates::element_table: return read_indices(reader, out, 2, 0);
    case Immediates::memory_access: return read_access(reader, edition, out);
    case Immediates::memory: return read_indices(reader, out, 0, 1);
    case Immediates::two_memories: return read_indices(reader, out, 0, 2);
    case Immediates::data_memory: return read_indices(reader, out, 1, 1);
    case Immediates::i32:
    case Immediates::i64:
    case Immediates::f32:
    case Immediates::f64: return read_constant(reader, out);
  }
  return Done{};
}

}  // namespace

Result<Done> read_instruction(Reader& reader, Edition edition, Instruction& out) {
  out.offset = reader.offset();
  ISOTRACE_TRY(out.info, read_opcode(reader, edition));
  out.opcode = out.info->opcode;
  out.first = 0;
  out.second = 0;
  return read_immediates(reader, edition, out);
}

}  // namespace isotrace::wasm
