// What prove leaves for others besides proofs: answers as VNN-COMP's tools write them, and traces
// of counterexamples.
#pragma once

#include <isotrace/proofs/search/prove.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// "unsat" for a proved property, "sat" with the counterexample, "timeout" or "unknown". Numbers
/// are those of the run: read as binary64 they are equal to them.
std::string vnncomp_result(const proofs::ProveOutcome& outcome);

/// The file of --out, --result, --trace or --checkpoint for one question of several:
/// "safe.isoproof" becomes "safe.2.isoproof".
std::string answer_path(const std::string& path, std::size_t index, std::size_t count);

/// What the answers to several questions would write over each other or over what is read, if
/// anything: every question has files of its own, whose number is known only when all are read.
std::string answers_problem(const Arguments& arguments, std::size_t count);

/// Runs the counterexample on the reference and writes the trace of that. Refuses what execution
/// and writing refuse.
core::Result<core::Done> record_counterexample(const Context& context, const std::string& path,
                                               const core::Program& program,
                                               const proofs::Counterexample& counterexample);

}  // namespace isotrace::tools
