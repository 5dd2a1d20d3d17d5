// The search for counterexamples of programs that no network stands for: an operation without
// bounds can still be executed. Untrusted; what is found was run on the reference.
#pragma once

#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/search/prove.hpp>

namespace isotrace::proofs::search {

/// A confirmed counterexample, or nothing: none was found, the program cannot be executed on such
/// inputs, it runs other programs inside it, or the question is about real arithmetic, of which
/// executions say nothing. The same for every number of threads.
std::optional<Counterexample> attack_blindly(const core::Program& program, const Property& property,
                                             const ProveOptions& options);

}  // namespace isotrace::proofs::search
