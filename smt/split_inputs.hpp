// Decides a formula with few input bits by going through them: each question fixes all inputs, so
// that the gates follow, and what made it false mostly rules out many other inputs as well. Trust:
// none; every part that is ruled out is a step of the proof.
#pragma once

#include <vector>

#include <isotrace/bits/blast.hpp>
#include <isotrace/smt/proof_stream.hpp>

namespace isotrace::smt {

/// The variables of input bits that the solver has not found to be always the same; nothing if the
/// formula has other inputs (memory), or there are too many to go through: more than 12, or 2^bits
/// times the clauses is more than 2^31. `is_fixed` is asked about variables.
template <class IsFixed>
std::vector<int> find_open_inputs(const bits::Blasted& blasted, const IsFixed& is_fixed) {
  if (!blasted.reads.empty()) return {};
  std::vector<int> open;
  for (const bits::Blasted::Input& input : blasted.inputs) {
    for (const std::int32_t literal : input.literals) {
      if (literal > 0 && literal != bits::literal_true && !is_fixed(literal)) {
        open.push_back(literal);
      }
    }
  }
  constexpr std::size_t work_max = std::size_t{1} << 31;
  if (open.size() > 12 || blasted.cnf.size() << open.size() > work_max) return {};
  return open;
}

struct SplitResult {
  int result = 0;              ///< CaDiCaL's: 10 satisfiable, 20 unsatisfiable
  std::vector<bool> solution;  ///< satisfiable: by variable
};

/// @param open  1..12 variables
SplitResult split_inputs(const bits::Blasted& blasted, const std::vector<int>& open,
                         ProofStream& proof);

}  // namespace isotrace::smt
