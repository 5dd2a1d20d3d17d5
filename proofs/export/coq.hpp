// Export of proofs to Coq: theorems per case of the property, over the fixed library coq/core and,
// for those about executed floats, coq/float (docs/proofs/coq.md). Untrusted: Coq re-derives every
// bound, and replay regenerates the statement.
#pragma once

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/export/bundle.hpp>
#include <isotrace/proofs/export/coq_tier.hpp>

namespace isotrace::proofs {

/// Names the tier of a bundle that is not `closed`.
inline constexpr std::string_view bundle_tier_path = "subjects/tier";

/// Deterministic. Certificates are checked in `tier`; large ones in parts. Levels E and A give, per
/// case, a theorem about every order of summation and one about the floats that isonum-1 computes;
/// level R one about real arithmetic. Refuses export_unsupported (a violated property, or one
/// without cases), property_* (as parse_vnnlib), property_mismatch, prove_unsupported (a program
/// that is no chain of affine layers and ReLUs), proof_malformed (trees that do not fit the
/// property), proof_semantics_unknown.
core::Result<Bundle> export_coq(const Proof& proof, CoqTier tier = CoqTier::closed);

}  // namespace isotrace::proofs
