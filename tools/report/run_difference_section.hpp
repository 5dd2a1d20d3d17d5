// Where two runs of WebAssembly modules part, down to the opcode.
#pragma once

#include <isotrace/tools/cli/context.hpp>
#include <isotrace/tools/report/html.hpp>

namespace isotrace::tools::page {

/// `difference`: from run_difference_json.
void put_run_difference(Html& html, const Json& difference);

}  // namespace isotrace::tools::page
