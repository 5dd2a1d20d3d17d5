// Export of proofs to Coq: one theorem per case of the property, over the fixed library coq/core
// (docs/proofs/coq.md). Untrusted: Coq re-derives every bound, and replay regenerates the
// statement.
#pragma once

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/export/bundle.hpp>

namespace isotrace::proofs {

/// Deterministic. Levels E and A give theorems about every order of summation; level R about real
/// arithmetic. Refuses export_unsupported (a violated property, or one without cases), property_*
/// (as parse_vnnlib), property_mismatch, prove_unsupported (a program that is no chain of affine
/// layers and ReLUs), proof_malformed (trees that do not fit the property),
/// proof_semantics_unknown.
core::Result<Bundle> export_coq(const Proof& proof);

}  // namespace isotrace::proofs
