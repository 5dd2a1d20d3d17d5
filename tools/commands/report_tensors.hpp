// `isotrace report` on runs of tensor programs.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::tools {

/// `b`: nullptr for a alone. `rows_max`: of the page's table.
int report_tensors(const Context& context, const Arguments& arguments,
                   const trace::RecoveredTrace& a, const trace::Trace* b, std::size_t rows_max);

}  // namespace isotrace::tools
