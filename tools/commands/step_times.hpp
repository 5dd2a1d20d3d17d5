// Times of single steps, measured by executing a recorded program again.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/tools/report/tensor_report.hpp>

namespace isotrace::tools {

/// How often a program is executed for its times.
inline constexpr unsigned timed_runs = 3;

/// On --backend, with --jobs and --isa. Needs program and inputs, from the trace or given. Refuses
/// what load_run, load_backend and execute refuse, and trace_digest_mismatch for a program that is
/// not the trace's.
core::Result<page::StepTimes> measure_steps(const Context& context, const Arguments& arguments,
                                            const trace::Trace& trace);

}  // namespace isotrace::tools
