// The circuit of a claim as lean/bits/Claims.lean makes it, its formula, and refutations of it as
// text for Lean. Trust: none.
#pragma once

#include <isotrace/core/bytes.hpp>

#include "function_circuit.hpp"
#include "lean_gates.hpp"

namespace isotrace::proofs {

struct LeanCircuit {
  std::uint32_t fuel = 0;       ///< of Wasm.lean's `execute`
  std::uint32_t inputs = 0;     ///< bits of the arguments
  std::vector<LeanGate> gates;  ///< in Lean's order; operands are literals of lean_gates.hpp
  LeanLit good = lean_no;       ///< true for arguments for which the claim holds
  FunctionCircuit formula;      ///< without numbers for Coq
};

/// Refuses export_unsupported (a circuit that is too large, or too many paths or bytes at once; a
/// claim that does not hold within these limits).
core::Result<LeanCircuit> make_lean_circuit(const CodeClaim& claim, const CircuitLimits& limits);

/// A table of gates, as Gates of Gates.lean.
std::string lean_gates_text(const LeanCircuit& circuit);
/// A refutation in the format of bits/lrat.hpp as Steps of Refutation.lean. Refuses
/// proof_malformed: not a proof of that format.
core::Result<std::string> lean_steps_text(const LeanCircuit& circuit, core::ByteView lrat);
/// The same as an LRAT proof in its text format, of the formula that Native.lean makes of the
/// gates: as `circuit.formula`. Refuses proof_malformed.
core::Result<std::string> lean_lrat_text(const LeanCircuit& circuit, core::ByteView lrat);

}  // namespace isotrace::proofs
