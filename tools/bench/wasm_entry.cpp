#include <isotrace/tools/bench/wasm_entry.hpp>

#include <isotrace/core/check.hpp>
#include <isotrace/wasm/numeric/opcode.hpp>
#include <isotrace/wasm/reader.hpp>

namespace isotrace::tools::bench {
namespace {

using core::Bytes;
using wasm::Opcode;

constexpr std::size_t header_bytes = 8;
constexpr std::uint8_t type_section = 1;
constexpr std::uint8_t function_section = 3;
constexpr std::uint8_t export_section = 7;
constexpr std::uint8_t code_section = 10;

void append(Bytes& out, core::ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

void append_count(Bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

void append_signed(Bytes& out, std::int64_t value) {
  for (; value < -64 || value > 63; value >>= 7) {
    out.push_back(static_cast<std::uint8_t>((value & 0x7F) | 0x80));
  }
  out.push_back(static_cast<std::uint8_t>(value & 0x7F));
}

void append_opcode(Bytes& out, Opcode opcode) { out.push_back(static_cast<std::uint8_t>(opcode)); }

void append_constant(Bytes& out, wasm::ValueType type, wasm::Slot value) {
  switch (type) {
    case wasm::ValueType::i32:
      append_opcode(out, Opcode::i32_const);
      return append_signed(out, static_cast<std::int32_t>(value));
    case wasm::ValueType::i64:
      append_opcode(out, Opcode::i64_const);
      return append_signed(out, static_cast<std::int64_t>(value));
    case wasm::ValueType::f32:
      append_opcode(out, Opcode::f32_const);
      return append(out, core::ByteWriter().u32(static_cast<std::uint32_t>(value)).bytes());
    case wasm::ValueType::f64:
      append_opcode(out, Opcode::f64_const);
      return append(out, core::ByteWriter().u64(value).bytes());
    default:
      ISOTRACE_CHECK(value == wasm::null_reference);
      append_opcode(out, Opcode::ref_null);
      return out.push_back(static_cast<std::uint8_t>(type));
  }
}

Bytes sized(core::ByteView contents) {
  Bytes out;
  append_count(out, contents.size());
  append(out, contents);
  return out;
}

Bytes type_entry(const std::vector<wasm::ValueType>& results) {
  Bytes out = {0x60, 0};
  append_count(out, results.size());
  for (const wasm::ValueType type : results) out.push_back(static_cast<std::uint8_t>(type));
  return out;
}

/// The contents of a section with one more entry behind those that are there.
Bytes with_entry(core::ByteView contents, core::ByteView entry) {
  wasm::Reader reader(contents, 0, contents.size());
  Bytes out;
  append_count(out, *reader.u32() + 1U);
  append(out, contents.subspan(reader.offset()));
  append(out, entry);
  return out;
}

/// `code`: the body of the new function without its `end`.
Bytes with_function(const wasm::Module& module, const std::vector<wasm::ValueType>& results,
                    core::ByteView code) {
  Bytes body = {0};  // no locals
  append(body, code);
  append_opcode(body, Opcode::end);
  Bytes type_index;
  append_count(type_index, module.types.size());
  Bytes exports = {1, 3, 'r', 'u', 'n', static_cast<std::uint8_t>(wasm::ExternKind::function)};
  append_count(exports, module.functions.size());

  Bytes out(module.bytes.begin(), module.bytes.begin() + header_bytes);
  wasm::Reader reader(module.bytes, header_bytes, module.bytes.size());
  while (!reader.at_end()) {
    const std::uint8_t id = *reader.byte();
    const core::ByteView contents = *reader.raw(*reader.u32());
    out.push_back(id);
    switch (id) {
      case type_section: append(out, sized(with_entry(contents, type_entry(results)))); break;
      case function_section: append(out, sized(with_entry(contents, type_index))); break;
      case export_section: append(out, sized(exports)); break;
      case code_section: append(out, sized(with_entry(contents, sized(body)))); break;
      default: append(out, sized(contents)); break;
    }
  }
  return out;
}

}  // namespace

Bytes call_with(const wasm::Module& module, std::uint32_t function,
                std::span<const wasm::Slot> arguments) {
  const wasm::FunctionType& type = module.type_of(module.functions[function]);
  ISOTRACE_CHECK(arguments.size() == type.parameters.size());
  Bytes code;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    append_constant(code, type.parameters[i], arguments[i]);
  }
  append_opcode(code, Opcode::call);
  append_count(code, function);
  return with_function(module, type.results, code);
}

Bytes call_nothing(const wasm::Module& module) { return with_function(module, {}, {}); }

}  // namespace isotrace::tools::bench
