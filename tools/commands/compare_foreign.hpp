// `isotrace compare TRACE --against ort`: the run that a trace embeds, judged step by step against
// another engine.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// Returns 0 if all steps are equal or, with --bounds, within their bounds; 1 if one is not; 5 if a
/// difference has no bound or a step could not be executed there.
int compare_foreign(const Context& context, const Arguments& arguments);

}  // namespace isotrace::tools
