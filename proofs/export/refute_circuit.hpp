// Refutations of function circuits: found by CaDiCaL in a sandboxed child, and as the numbers that
// coq/bits/Certificate.v reads. Trust: none.
#pragma once

#include <isotrace/smt/sandbox.hpp>

#include "function_circuit.hpp"

namespace isotrace::proofs {

/// A proof in the format of bits/lrat.hpp that the circuit's formula has no solution. Refuses
/// export_unsupported (it has one, or none was found in time), sandbox_failed.
core::Result<core::Bytes> refute_circuit(const FunctionCircuit& circuit,
                                         const smt::SandboxLimits& limits);

/// The same as terms `words` of Certificate.v, of bounded depth. Refuses proof_malformed: not a
/// proof of that format.
core::Result<std::vector<std::string>> coq_refutation(const FunctionCircuit& circuit,
                                                      core::ByteView lrat);

}  // namespace isotrace::proofs
