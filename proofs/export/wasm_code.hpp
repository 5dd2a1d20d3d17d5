// Functions of a module as trees of instructions, for what proof assistants are told: only those
// that a claim reaches, in ascending order, with calls renumbered.
#pragma once

#include <optional>

#include <isotrace/core/result.hpp>
#include <isotrace/proofs/obligation/claim.hpp>
#include <isotrace/proofs/obligation/instance.hpp>
#include <isotrace/wasm/instruction.hpp>
#include <isotrace/wasm/module.hpp>

namespace isotrace::proofs {

/// The forms of coq/bits/Wasm.v.
enum class CodeKind : std::uint8_t {
  constant,
  unary,
  binary,
  compare,
  extend,
  nop,
  unreachable,
  drop,
  select,
  local_get,
  local_set,
  local_tee,
  global_get,
  global_set,
  load,
  store,
  memory_size,
  memory_fill,
  memory_copy,
  block,
  loop,
  if_,
  br,
  br_if,
  br_table,
  return_,
  call,
  call_indirect,
};

struct CodeNode {
  CodeKind kind = CodeKind::nop;
  bool wide = false;                       ///< the numeric ones, extend (to), load, store: 64 bits
  bool from_wide = false;                  ///< extend
  bool with_sign = false;                  ///< extend, load
  unsigned bytes = 0;                      ///< load, store: in memory
  std::uint64_t offset = 0;                ///< load, store
  std::uint32_t index = 0;                 ///< operation; variable; depth; function; extend: bits
  std::uint64_t constant = 0;              ///< constant
  std::uint32_t takes = 0;                 ///< block, loop, if, call_indirect
  std::uint32_t leaves = 0;                ///< block, loop, if, call_indirect
  std::vector<CodeNode> body;              ///< block, loop, if; call_indirect: the block that it is
  std::vector<CodeNode> no = {};           ///< if: the other side
  std::vector<std::uint32_t> depths = {};  ///< br_table, the default one last
  std::vector<std::optional<std::uint32_t>> table = {};  ///< call_indirect: functions by index
};

/// Widths are 32 or 64.
struct CodeFunction {
  std::uint32_t index = 0;  ///< in the module
  std::vector<unsigned> parameters;
  std::vector<unsigned> results;
  std::vector<unsigned> locals;
  std::vector<CodeNode> body;
};

struct CodeModule {
  std::vector<CodeFunction> functions;
  std::vector<std::pair<unsigned, std::uint64_t>> globals;  ///< widths and first values
  obligation::MemoryImage image;                            ///< as instantiated
  std::uint64_t memory_bytes = 0;

  /// The place of a function of the module among `functions`, where it must be.
  [[nodiscard]] std::uint32_t place_of(std::uint32_t function) const;
};

/// Whether any of its code may set a global or write to memory: nothing else outlasts a call.
bool has_effects(const CodeModule& module);
/// Whether any of its code may read memory.
bool reads_memory(const CodeModule& module);

/// What the functions and everything they call consist of. Refuses export_unsupported, naming
/// function, byte and instruction: what Wasm.v does not define, or functions that are imported;
/// function_unsupported, limit_exceeded (as make_initial_instance).
core::Result<CodeModule> read_code(const wasm::Module& module,
                                   const std::vector<std::uint32_t>& functions);

}  // namespace isotrace::proofs
