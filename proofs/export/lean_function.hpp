// Export of proofs about WebAssembly functions to Lean 4: one theorem about the functions' own
// semantics, over the library lean/bits (docs/proofs/lean-functions.md). Untrusted: Lean makes the
// circuit of the claim itself and checks the refutation against it; replay regenerates the
// statement.
#pragma once

#include <isotrace/proofs/export/bundle.hpp>
#include <isotrace/proofs/export/lean_tier.hpp>
#include <isotrace/proofs/obligation/function_proof.hpp>

namespace isotrace::proofs {

/// What refutes the claim's circuit, searched in a sandboxed child. Refuses as
/// export_lean_function, and export_unsupported where none is found within `seconds`,
/// sandbox_failed.
core::Result<core::Bytes> refute_lean_function(const FunctionProof& proof, std::uint64_t seconds);

/// Deterministic. Whether the refutation is one is for Lean to find out. Refuses as
/// export_coq_function, and export_unsupported circuits that are too large (lean_refutation.hpp). A
/// claim of which nothing is left to refute is `closed` in either tier.
core::Result<Bundle> export_lean_function(const FunctionProof& proof, core::ByteView refutation,
                                          LeanTier tier = LeanTier::closed);

}  // namespace isotrace::proofs
