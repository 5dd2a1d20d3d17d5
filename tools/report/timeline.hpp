// The checkpoints of a run of WebAssembly from its beginning to its end.
#pragma once

#include <isotrace/tools/report/html.hpp>
#include <isotrace/tools/report/module_report.hpp>

namespace isotrace::tools::page {

/// A picture of the whole run, and a table of at most `rows_max` checkpoints: the first, those
/// around the first that differs, the last.
void put_timeline(Html& html, const ModuleReport& report, std::size_t rows_max);

}  // namespace isotrace::tools::page
