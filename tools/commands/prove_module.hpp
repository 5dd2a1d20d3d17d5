// prove for WebAssembly modules: a claim about one function.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// `bytes` begin like a module.
int prove_module(const Context& context, const Arguments& arguments, core::Bytes bytes);

}  // namespace isotrace::tools
