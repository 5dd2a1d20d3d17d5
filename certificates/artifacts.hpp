// What proofs and traces say, in the words of a statement. The signer and the verifier derive the
// same values from the same bytes with these functions. Trusted base; not for other rooms.
#pragma once

#include <isotrace/certificates/statement.hpp>
#include <isotrace/core/verdict.hpp>
#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::certificates {

inline constexpr std::string_view property_language = "vnnlib-1.0";
inline constexpr std::string_view proof_format = "isoproof-1";

/// A trace file, read and reduced to what a certificate binds.
struct TraceFacts {
  StatementTrace reference;
  StatementInputs inputs;
  StatementBackend backend;  ///< role "recorded"
  std::string semantics;
  core::Digest program;
  /// SHA-256 of an embedded WebAssembly module. Whether it is the program, this room cannot tell.
  std::optional<core::Digest> module;
};
/// Refuses what parse_trace refuses, trace_foreign, and evidence_inconsistent if an embedded tensor
/// program is not the one that the trace names.
core::Result<TraceFacts> read_trace_facts(core::ByteView bytes);

/// A proof file, read and judged by the independent checker.
struct ProofFacts {
  ProofReference reference;
  core::Digest property;
  std::string property_text;
  std::string semantics;
  ModelIdentity model;
  ClaimLevel level = ClaimLevel::none;  ///< that the proof claims; exact_order for counterexamples
  bool counterexample = false;
  core::Verdict verdict;  ///< of the checker
};
/// Refuses what parse_proof, check_proof and parse_program refuse.
core::Result<ProofFacts> read_proof_facts(core::ByteView bytes);

/// The result that a proof entitles to. `rerun` is the verdict of executing a counterexample again
/// (accepted: the outputs came out as stored), where somebody did.
ClaimResult result_of(const ProofFacts& proof, const std::optional<core::Verdict>& rerun);
/// The result that a replay entitles to.
ClaimResult result_of(const core::Verdict& replay);

}  // namespace isotrace::certificates
