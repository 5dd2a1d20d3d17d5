// `isotrace inspect` of traces of WebAssembly runs: what they hold, and the machine at any step.
#pragma once

#include <optional>

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/trace/reader.hpp>
#include <isotrace/wasm/record/step_effect.hpp>

namespace isotrace::tools {

Json module_trace_json(const trace::RecoveredTrace& recovered);

/// The state in front of step --step (default: the end), with --memory and --last-write.
core::Result<Json> module_step_json(const Context& context, const Arguments& arguments,
                                    const trace::Trace& trace);

/// The same from the file itself, of which no more is read than that takes. Nothing where the whole
/// file must be read: for --last-write, and where it is no closed and sound trace of a run.
std::optional<core::Result<Json>> stored_step_json(const Context& context,
                                                   const Arguments& arguments,
                                                   const std::string& path);

/// A step that has been executed: {"step","function","pc","opcode","operands","results","writes"}.
Json effect_json(const wasm::Module& module, const std::vector<std::string>& names,
                 const wasm::StepEffect& effect);

}  // namespace isotrace::tools
