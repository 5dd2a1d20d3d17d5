// What steps read of a program, as plain strings of records: the commitment that every state root
// carries. Records are little-endian and as they stand here (docs/formats/wasm-program.md).
#pragma once

#include <array>
#include <bit>

#include <isotrace/core/limits.hpp>
#include <isotrace/trace/machine_record.hpp>
#include <isotrace/wasm/numeric/edition.hpp>

namespace isotrace::wasm {

static_assert(std::endian::native == std::endian::little);

/// The limits of the profile isowasm-1, the same on every machine. Growing a memory or a table
/// succeeds if and only if its own maximum and these allow it.
struct ProfileLimits {
  std::uint32_t memory_pages_max = core::limits::wasm_memory_pages_max;
  std::uint32_t table_elements_max = core::limits::wasm_table_elements_max;
  std::size_t frames_max = core::limits::wasm_frames_max;
  std::size_t slots_max = core::limits::wasm_slots_max;
  bool operator==(const ProfileLimits&) const = default;
};

/// An instruction that can be executed. Offsets are from the module's first byte.
struct CodeRecord {
  std::uint32_t offset = 0;
  std::uint32_t next = 0;  ///< pc behind it
  std::uint32_t opcode = 0;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;
  std::uint64_t constant = 0;
};

/// Where a branch leads: CodeRecord's a, b and c, and the entries of br_table.
struct BranchRecord {
  std::uint32_t pc = 0;      ///< 0: out of the function
  std::uint32_t arity = 0;   ///< slots that it takes along
  std::uint32_t height = 0;  ///< slots of the frame that stay below them
};

struct FunctionRecord {
  std::uint32_t begin = 0;  ///< pc of its first instruction; 0: the host's
  std::uint32_t parameters = 0;
  std::uint32_t results = 0;
  std::uint32_t locals = 0;
  std::uint32_t operands_max = 0;
  std::uint32_t type = 0;  ///< equal for equal types
};

/// In `references`: stands for the value of the global whose index is in the low bits, which is
/// imported and never changes.
inline constexpr std::uint64_t reference_of_global = std::uint64_t{1} << 63;
/// In `maxima`: there is none.
inline constexpr std::uint32_t no_maximum = UINT32_MAX;

/// The strings of a program, in the order of its digest.
enum class ProgramString : std::uint8_t {
  module,        ///< its bytes
  instructions,  ///< CodeRecord, in ascending order of offset
  targets,       ///< BranchRecord, of all br_table
  functions,     ///< FunctionRecord, by index
  segments,      ///< u32 each: of element segments the first reference, of data the first byte
  references,    ///< u64 each: slots, or reference_of_global
  maxima,        ///< u32 each: of tables, then of memories
};
inline constexpr std::size_t program_strings = 7;
inline constexpr std::array<std::size_t, program_strings> record_bytes = {
    1, sizeof(CodeRecord), sizeof(BranchRecord), sizeof(FunctionRecord), 4, 8, 4};

struct Program {
  Edition edition = Edition::v2;
  ProfileLimits limits;
  std::array<trace::Contents, program_strings> strings;  ///< sizes in records
};

/// SHA-256 over the canonical bytes of all of it.
core::Digest program_digest(const Program& program);

}  // namespace isotrace::wasm
