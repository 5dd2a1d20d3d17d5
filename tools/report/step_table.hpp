// The table of steps: each row in short, and everything that its record says behind it.
#pragma once

#include <isotrace/tools/report/html.hpp>
#include <isotrace/tools/report/tensor_report.hpp>

namespace isotrace::tools::page {

/// At most `rows_max` rows: the first, those around the divergence, the last; a row in between says
/// how many are left out.
void put_step_table(Html& html, const TensorReport& report, std::size_t rows_max);

}  // namespace isotrace::tools::page
