// Decides a formula by cases of some input bits, those that decide the most of it: lengths, places,
// months. Each case that is found to be false rules out all that agree with it in what mattered,
// and one that is not decided at once is parted further. Trust: none; every case that is ruled out
// is a step of the proof.
#pragma once

#include <vector>

#include <isotrace/bits/blast.hpp>
#include <isotrace/smt/proof_stream.hpp>

namespace isotrace::smt {

struct CaseResult {
  int result = 0;              ///< CaDiCaL's: 10 satisfiable, 20 unsatisfiable, 0 given up
  std::vector<bool> solution;  ///< satisfiable: by variable
};

/// Gives up where even cases of 16 bits are not decided soon, or where there would be too many.
CaseResult split_cases(const bits::Blasted& blasted, ProofStream& proof);

}  // namespace isotrace::smt
