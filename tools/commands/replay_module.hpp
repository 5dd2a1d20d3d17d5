// `isotrace replay` of WebAssembly runs.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::tools {

int replay_module(const Context& context, const Arguments& arguments, const trace::Trace& trace);

}  // namespace isotrace::tools
