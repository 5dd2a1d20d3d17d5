// Runs code on words of wires as coq/bits/Execution.v does. Trust: none (function_circuit.hpp).
#pragma once

#include <isotrace/core/result.hpp>

#include "code_paths.hpp"
#include "function_circuit.hpp"

namespace isotrace::proofs {

/// Paths by how they end.
struct CodeEnds {
  MaybePath normal = {};
  std::vector<MaybePath> branches = {};  ///< by depth
  MaybePath returned = {};
  bits::Wire trapped = bits::wire_false;
  bits::Wire cut = bits::wire_false;
};

class CodeExecution {
 public:
  /// All must outlive it.
  CodeExecution(bits::Gates& gates, const CodeModule& module, const CircuitLimits& limits)
      : gates_(gates), module_(module), limits_(limits), memory_(gates, module) {}

  /// Calls a function (by its place) whose arguments lie on the path's stack. Refuses
  /// limit_exceeded and export_unsupported.
  core::Result<CodeEnds> call(std::uint32_t function, MaybePath path);

 private:
  struct Budget {
    std::uint32_t fuel;
    std::uint32_t depth;
  };

  core::Result<CodeEnds> follow(const std::vector<CodeNode>& code, MaybePath path, Budget budget);
  core::Result<CodeEnds> execute(const CodeNode& node, CodePath path, Budget budget);
  core::Result<CodeEnds> execute_block(const CodeNode& node, CodePath path, Budget budget);
  core::Result<CodeEnds> execute_loop(const CodeNode& node, CodePath path, Budget budget);
  core::Result<CodeEnds> execute_if(const CodeNode& node, CodePath path, Budget budget);
  core::Result<CodeEnds> execute_table(const CodeNode& node, CodePath path);
  core::Result<CodeEnds> execute_call(std::uint32_t function, CodePath path, Budget budget);
  core::Result<CodeEnds> execute_simple(const CodeNode& node, CodePath path);
  bits::Wire step(const CodeNode& node, CodeState& state);
  bits::Wire step_numeric(const CodeNode& node, CodeState& state);
  bits::Wire step_variable(const CodeNode& node, CodeState& state);
  bits::Wire step_memory(const CodeNode& node, CodeState& state);

  core::Result<CodeEnds> join(CodeEnds a, CodeEnds b);
  core::Result<CodeEnds> close(CodeEnds ends, const std::vector<bits::Word>& base,
                               std::uint32_t arity);
  core::Result<MaybePath> merge(MaybePath a, MaybePath b);
  CodeEnds cutting(const CodeGuard& guard);

  bits::Gates& gates_;
  const CodeModule& module_;
  const CircuitLimits& limits_;
  CodeMemory memory_;
  std::uint64_t work_ = 0;
};

}  // namespace isotrace::proofs
