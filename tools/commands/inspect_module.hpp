// `isotrace inspect` of traces of WebAssembly runs: what they hold, and the machine at any step.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/trace/reader.hpp>
#include <isotrace/wasm/record/step_effect.hpp>

namespace isotrace::tools {

Json module_trace_json(const trace::RecoveredTrace& recovered);

/// The state in front of step --step (default: the end), with --memory and --last-write.
core::Result<Json> module_step_json(const Context& context, const Arguments& arguments,
                                    const trace::Trace& trace);

/// A step that has been executed: {"step","function","pc","opcode","operands","results","writes"}.
Json effect_json(const wasm::Module& module, const std::vector<std::string>& names,
                 const wasm::StepEffect& effect);

}  // namespace isotrace::tools
