// `isotrace run` of WebAssembly modules.
#pragma once

#include <isotrace/executor/model_bytes.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

int run_module(const Context& context, const Arguments& arguments,
               const executor::ModelBytes& module);

/// --resume: goes on with a recording that was interrupted or halted.
int resume_recording(const Context& context, const Arguments& arguments);

}  // namespace isotrace::tools
