// `isotrace compare` of two traces of WebAssembly runs.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::tools {

int compare_modules(const Context& context, const Arguments& arguments, const trace::Trace& a,
                    const trace::Trace& b);

}  // namespace isotrace::tools
