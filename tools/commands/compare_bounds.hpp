// `isotrace compare A B --bounds`: a trace judged by bounds derived from its steps.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// Returns 0 if all steps of B are equal or within their bounds, 1 if one is not or B is no such
/// run of A's program, 5 if a difference has no bound.
int compare_bounds(const Context& context, const Arguments& arguments);

}  // namespace isotrace::tools
