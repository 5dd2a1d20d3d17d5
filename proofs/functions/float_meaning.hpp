// What the operations on floats of an obligation compute, said to solvers that know floats: the
// obligation itself leaves their results open. Trust: none; what follows from an answer is
// executed, or labelled as asserted by a solver.
#pragma once

#include <isotrace/proofs/obligation/obligation.hpp>
#include <isotrace/smt/sorted.hpp>

namespace isotrace::proofs {

/// A term of the obligation, where its operations on floats have the results that the engine gives,
/// bit for bit. Its variables are those of the obligation. Refuses limit_exceeded.
core::Result<smt::sorted::Term> state_floats(smt::sorted::Pool& pool,
                                             const FunctionObligation& made, bits::Term term);

}  // namespace isotrace::proofs
