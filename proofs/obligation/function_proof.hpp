// The file that carries a claim about a function and what shows it
// (docs/formats/function-proof.md). Nothing in it is believed: see check_function.hpp. Trust: part
// of the trusted base.
#pragma once

#include <isotrace/core/digest.hpp>
#include <isotrace/core/verdict.hpp>
#include <isotrace/proofs/obligation/obligation.hpp>

namespace isotrace::proofs {

struct FunctionProof {
  /// Numbers are part of what a file says; never reused.
  enum class Outcome : std::uint8_t {
    proved = 1,
    violated = 2,
    asserted = 3,  ///< a solver says that it is proved; there is nothing to check
  };
  Outcome outcome = Outcome::proved;
  FunctionClaim claim;
  core::Bytes lrat;       ///< proved: see bits/lrat.hpp
  FunctionInputs inputs;  ///< violated

  bool operator==(const FunctionProof&) const = default;
};

/// Whether the bytes say that they are such a file.
bool is_function_proof(core::ByteView bytes);

core::Bytes write_function_proof(const FunctionProof& proof);
/// Takes only what write_function_proof writes. Refuses proof_malformed,
/// proof_version_unsupported, proof_digest_mismatch, limit_exceeded.
core::Result<FunctionProof> parse_function_proof(core::ByteView bytes);
/// SHA-256 over the fields: the identity of the proof.
core::Digest function_proof_digest(const FunctionProof& proof);

/// "clamp satisfies is_clamped, assuming limits_ordered": one line.
std::string claim_text(const FunctionClaim& claim);
/// "proved", "violated", "solver-asserted".
std::string_view outcome_name(FunctionProof::Outcome outcome);

struct FunctionReport {
  core::Verdict verdict;
  core::Digest module;      ///< SHA-256 of its bytes
  std::size_t clauses = 0;  ///< of the formula that was made again
  std::uint64_t steps = 0;  ///< clauses that the proof adds
};

/// Makes the obligation again from the claim and its module, and from that its formula. Proved:
/// accepted if the proof refutes the formula. Violated: accepted if the inputs make the claim
/// false. Asserted: undecided. Refuses what make_obligation and bits::blast refuse.
core::Result<FunctionReport> check_function_proof(const FunctionProof& proof);

}  // namespace isotrace::proofs
