// Export of proofs to Lean 4: one theorem per case of the property, over the fixed library
// lean/core (docs/proofs/lean.md), which needs nothing but Lean's core. Untrusted: Lean re-derives
// every bound, and replay regenerates the statement.
#pragma once

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/export/bundle.hpp>

namespace isotrace::proofs {

/// The toolchain that bundles name.
inline constexpr std::string_view lean_toolchain = "leanprover/lean4:v4.28.0";

/// Deterministic. Levels E and A give theorems about every order of summation, level R about real
/// arithmetic. Refuses export_unsupported (also nodes that Lean's checker does not know),
/// property_* (as parse_vnnlib), property_mismatch, prove_unsupported (a program that is no chain
/// of affine layers and ReLUs), proof_malformed, proof_semantics_unknown.
core::Result<Bundle> export_lean(const Proof& proof);

/// The file that Lean compiles, for "Isotrace.Gen.Net_0": "lean/Isotrace/Gen/Net_0.lean".
std::string lean_path(const std::string& module);

}  // namespace isotrace::proofs
