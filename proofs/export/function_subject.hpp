// What is exported of a proof about functions: their code and the claim. Trust: none.
#pragma once

#include <memory>

#include <isotrace/core/result.hpp>
#include <isotrace/proofs/obligation/function_proof.hpp>

#include "function_circuit.hpp"

namespace isotrace::proofs {

/// What is exported, read from the proof.
struct FunctionSubject {
  CodeModule module;
  CodeModule other_module;  ///< if the claim names one
  bool has_other = false;
  CodeClaim claim;  ///< points at the modules above
  CircuitLimits limits;
  unsigned width = 32;  ///< range: of the result
};

/// Refuses export_unsupported, function_types_mismatch, and whatever read_code refuses.
core::Result<std::unique_ptr<FunctionSubject>> read_function_subject(const FunctionProof& proof);

/// What may stand in a comment of Coq or Lean.
std::string comment_text(std::string name);

}  // namespace isotrace::proofs
