// Paths of coq/bits/Symbolic.v: states where guards hold, how they part and come together. Trust:
// none (function_circuit.hpp).
#pragma once

#include <optional>
#include <vector>

#include "code_memory.hpp"

namespace isotrace::proofs {

/// A conjunction of wires, the oldest first.
using CodeGuard = std::vector<bits::Wire>;

struct CodeState {
  std::vector<bits::Word> stack;  ///< the top last
  std::vector<bits::Word> locals;
  std::vector<bits::Word> globals;
  CodeWrites writes;
};

struct CodePath {
  CodeGuard guard;
  CodeState state;
};
/// Nothing: not reached.
using MaybePath = std::optional<CodePath>;

/// Of the wires from `begin` on.
bits::Wire all_of(bits::Gates& gates, const CodeGuard& guard, std::size_t begin = 0);
/// The path where the wire holds as well.
MaybePath restrict_path(MaybePath path, bits::Wire wire);
/// One path for two of which at most one is taken. Nothing as a whole: their states do not fit.
struct Merged {
  MaybePath path;
  bool fits = true;
};
Merged merge_paths(bits::Gates& gates, MaybePath first, MaybePath second);

}  // namespace isotrace::proofs
