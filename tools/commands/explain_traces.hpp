// What happened where two traces of tensor programs part, with what the files and options give.
#pragma once

#include <isotrace/executor/explain_step.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// Program and inputs of a trace, if it embeds them or they are given.
std::optional<executor::EmbeddedRun> find_run(const Context& context, const Arguments& arguments,
                                              const trace::Trace& trace);

/// With --against, b is a fresh run of a's program. Backends that are absent here are done without.
core::Result<executor::StepExplanation> explain_traces(const Context& context,
                                                       const Arguments& arguments,
                                                       const trace::Trace& a, const trace::Trace& b,
                                                       const trace::Divergence& divergence);

}  // namespace isotrace::tools
