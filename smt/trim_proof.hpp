// From the proof that a SAT solver writes (binary DRAT: clauses added and deleted, no reasons) to
// one that bits::check_lrat follows without searching: the reasons are searched here, and what the
// refutation does not rest on is left out. Trust: none, the result is checked.
#pragma once

#include <isotrace/bits/cnf.hpp>
#include <isotrace/core/bytes.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::smt {

/// The proof in the format of bits/lrat.hpp. Refuses solver_answer_wrong: the bytes are not a DRAT
/// proof, some clause that is needed does not follow by unit propagation, or nothing is refuted.
core::Result<core::Bytes> trim_proof(const bits::Cnf& cnf, core::ByteView drat);

}  // namespace isotrace::smt
