// The independent checker (trusted base): core only, no code shared with the search. Every
// inequality is re-derived in binary64 with the processor rounding downward, so each number is a
// bound by construction.
#pragma once

#include <isotrace/core/verdict.hpp>
#include <isotrace/proofs/checker/proof.hpp>

namespace isotrace::proofs {

struct CheckReport {
  core::Verdict verdict;
  core::Digest program;      ///< core::program_digest of the embedded program
  core::Digest property;     ///< SHA-256 of the property text
  std::uint64_t leaves = 0;  ///< leaves whose bound was recomputed
};

/// accepted: the claim holds. rejected: a named step does not. undecided: a counterexample, whose
/// outputs only re-execution can confirm (the checker has no executor). Refuses what it cannot read
/// or interpret (property_*, prove_unsupported, proof_semantics_unknown).
core::Result<CheckReport> check_proof(const Proof& proof);

}  // namespace isotrace::proofs
