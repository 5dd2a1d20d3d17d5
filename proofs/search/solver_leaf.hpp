// Z3 as an oracle for counterexamples over the reals, for tiny networks. Its `unsat` is ignored.
#pragma once

#include <optional>

#include <isotrace/proofs/search/problem.hpp>

namespace isotrace::proofs::search {

/// Inputs that satisfy the case in real arithmetic, according to the solver (nearest doubles);
/// nothing if the network is too large, the case has none, or the solver does not answer.
std::optional<std::vector<double>> find_real_counterexample(const Network& network,
                                                            const Case& unsafe,
                                                            int wall_milliseconds);

}  // namespace isotrace::proofs::search
