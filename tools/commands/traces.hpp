// Traces as commands name them.
#pragma once

#include <isotrace/executor/replay.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::tools {

core::Result<trace::Trace> load_trace(const Context& context, const std::string& path);

/// The program and inputs to replay: --program and --input where given, else what the trace embeds.
core::Result<executor::EmbeddedRun> load_run(const Context& context, const Arguments& arguments,
                                             const trace::Trace& trace);

}  // namespace isotrace::tools
