// The question of a proof as SMT-LIB 2 scripts that any solver for linear real arithmetic reads.
#pragma once

#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/export/bundle.hpp>

namespace isotrace::proofs {

/// One script (QF_LRA) per case: inputs in the box, outputs as real arithmetic gives them with the
/// exact weights, all constraints of the unsafe region. `unsat` says that the case is safe in real
/// arithmetic; roundings are not in it. Deterministic. Refuses what export_coq refuses of programs
/// and properties, and export_unsupported for a constraint over inputs and outputs together.
core::Result<Bundle> export_smtlib(const Proof& proof);

}  // namespace isotrace::proofs
