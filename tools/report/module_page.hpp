// The page of a run of a WebAssembly module.
#pragma once

#include <isotrace/tools/report/module_report.hpp>

namespace isotrace::tools::page {

/// The whole file; at most `rows_max` checkpoints are listed. Depends on nothing but the report.
std::string make_module_page(const ModuleReport& report, std::size_t rows_max);

}  // namespace isotrace::tools::page
