// Looks for a solution by trying inputs, 64 at a time, on the gates of a formula: numbers of every
// size, close to each other, and close to the constants of the question. Functions that are wrong
// for few arguments are mostly wrong for such ones. Trust: none; a solution is evaluated by whoever
// asked.
#pragma once

#include <optional>
#include <vector>

#include <isotrace/bits/blast.hpp>

namespace isotrace::smt {

/// By variable, as bits::read_solution takes it. Nothing if none of the inputs tried is one.
/// @param rounds  64 inputs each; fewer where there are more than 2^16 gates
std::optional<std::vector<bool>> sample_inputs(const bits::TermPool& pool,
                                               const bits::Blasted& blasted, std::size_t rounds);

}  // namespace isotrace::smt
