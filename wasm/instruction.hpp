// One instruction of the binary format, read with its immediates: what the decoder checks the form
// of and the validator the types of. (The stepper reads validated code and needs no such care.)
#pragma once

#include <isotrace/wasm/numeric/opcode.hpp>
#include <isotrace/wasm/reader.hpp>

namespace isotrace::wasm {

/// No parameters and no result, one result, or a type of the module.
struct BlockType {
  enum class Kind : std::uint8_t { empty, value, index };
  Kind kind = Kind::empty;
  ValueType value = ValueType::i32;
  std::uint32_t index = 0;
};

struct Instruction {
  Opcode opcode = Opcode::nop;
  const OpcodeInfo* info = nullptr;
  std::uint32_t offset = 0;  ///< of the opcode
  BlockType block;
  std::uint32_t first = 0;            ///< index, depth, alignment
  std::uint32_t second = 0;           ///< second index, offset of an access
  std::uint64_t constant = 0;         ///< bits, as a slot holds them
  std::vector<std::uint32_t> depths;  ///< br_table, the default one last
  std::vector<ValueType> types;       ///< select; ref.null: one
};

/// Reads one instruction into `out`, whose vectors keep their memory. Refuses wasm_malformed, and
/// wasm_unsupported for opcodes and forms of other editions.
core::Result<core::Done> read_instruction(Reader& reader, Edition edition, Instruction& out);

}  // namespace isotrace::wasm
