// `isotrace inspect` of traces of tensor programs.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::tools {

Json tensor_trace_json(const trace::RecoveredTrace& recovered);
/// Step `text`; refuses text_not_number and trace_step_unknown.
core::Result<Json> trace_step_json(const trace::Trace& trace, const std::string& text);

}  // namespace isotrace::tools
