// Export of proofs about WebAssembly functions to Coq: one theorem about the functions' own
// semantics, over the library coq/bits (docs/proofs/coq-functions.md). Untrusted: Coq makes the
// circuit of the claim itself and checks the refutation against it; replay regenerates the
// statement.
#pragma once

#include <isotrace/proofs/export/bundle.hpp>
#include <isotrace/proofs/obligation/function_proof.hpp>

namespace isotrace::proofs {

inline constexpr std::string_view bundle_function_path = "subjects/function.isoproof";
inline constexpr std::string_view bundle_refutation_path = "certs/function.lrat";

/// What refutes the claim's circuit, searched in a sandboxed child. Refuses as export_coq_function,
/// and export_unsupported where none is found within `seconds`, sandbox_failed.
core::Result<core::Bytes> refute_function(const FunctionProof& proof, std::uint64_t seconds);

/// Deterministic. Whether the refutation is one is for Coq to find out. Refuses export_unsupported
/// with function, byte and instruction (violated and solver-asserted proofs; what coq/bits does not
/// cover), what load_module refuses, wasm_export_unknown, function_types_mismatch,
/// function_unsupported, limit_exceeded, proof_malformed.
core::Result<Bundle> export_coq_function(const FunctionProof& proof, core::ByteView refutation);

}  // namespace isotrace::proofs
