// Opcodes: the enum and its table, both from opcodes.def.
#pragma once

#include <cstdint>
#include <string_view>

#include <isotrace/wasm/numeric/edition.hpp>

namespace isotrace::wasm {

/// The byte, or 0xFC00 + the number behind the prefix 0xFC.
enum class Opcode : std::uint16_t {
#define ISOTRACE_WASM_OPCODE(code, name, text, immediates, signature, alignment, edition) \
  name = code,
#include <isotrace/wasm/numeric/opcodes.def>
#undef ISOTRACE_WASM_OPCODE
};

inline constexpr std::uint8_t prefix_byte = 0xFC;

/// What follows the opcode in the binary format.
enum class Immediates : std::uint8_t {
  none,
  block,           ///< block type
  label,           ///< depth
  label_table,     ///< depths and the default one
  function,        ///< index
  type_table,      ///< type index, table index (1.0: a zero byte)
  reference_type,  ///< a byte
  select_types,    ///< list of value types
  local,
  global,
  table,
  two_tables,     ///< destination, source
  element,        ///< element segment
  element_table,  ///< element segment, table
  memory_access,  ///< alignment, offset
  memory,         ///< a zero byte
  two_memories,   ///< two zero bytes
  data,           ///< data segment
  data_memory,    ///< data segment, a zero byte
  i32,
  i64,
  f32,
  f64,
};

struct OpcodeInfo {
  Opcode opcode;
  std::string_view text;  ///< "i32.add"
  Immediates immediates;
  std::string_view signature;  ///< "ii:i"; "*" where the type depends on the context
  std::uint8_t alignment;      ///< log2 of the bytes moved
  Edition edition;             ///< the first that has it
};

/// The table row of a code (see Opcode); nullptr if no edition has it.
const OpcodeInfo* find_opcode(std::uint32_t code);
/// The row of an opcode.
const OpcodeInfo& opcode_info(Opcode opcode);

/// Whether executing the opcode is a step: all but block, loop, else, end and nop, which only say
/// where things begin and end.
constexpr bool is_step(Opcode opcode) {
  return opcode != Opcode::block && opcode != Opcode::loop && opcode != Opcode::else_ &&
         opcode != Opcode::end && opcode != Opcode::nop;
}

}  // namespace isotrace::wasm
