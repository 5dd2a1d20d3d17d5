// A witness of one step: the state before it and the root after it, and of all strings of bytes
// that the two cover the few chunks that the step reads or writes
// (docs/formats/wasm-witness.md).
#pragma once

#include <isotrace/core/blake3_opening.hpp>
#include <isotrace/wasm/witness/program.hpp>

namespace isotrace::wasm {

/// Strings are numbered: those of the program (ProgramString), these, then each table and each
/// memory.
enum StateString : std::uint32_t {
  frames_string = program_strings,
  slots_string,
  globals_string,
  segments_string,
  first_table_string,
};

constexpr std::uint32_t string_of(ProgramString string) {
  return static_cast<std::uint32_t>(string);
}

struct StringOpening {
  std::uint32_t string = 0;
  core::Blake3Opening opening;
};

struct Witness {
  Program program;
  trace::StateRecord before;                       ///< of that program, and running
  std::uint32_t instruction = 0;                   ///< number of the next opcode's record
  std::optional<trace::HostCallRecord> host_call;  ///< if the step calls the host
  std::vector<StringOpening> openings;             ///< in ascending order of string
  core::Digest after;
};

/// The only bytes of this witness.
core::Bytes write_witness(const Witness& witness);

/// Refuses witness_malformed, bytes_truncated, bytes_trailing and limit_exceeded. Says nothing of
/// what the bytes claim.
core::Result<Witness> parse_witness(core::ByteView bytes);

}  // namespace isotrace::wasm
