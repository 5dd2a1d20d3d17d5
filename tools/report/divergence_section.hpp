// Where two runs of tensor programs part: the step, the first element, and of every tensor that
// differs a map of where and a histogram of how far.
#pragma once

#include <isotrace/tools/report/html.hpp>
#include <isotrace/tools/report/tensor_report.hpp>

namespace isotrace::tools::page {

/// The report's divergence, which is there. `reproduce` is a command line, or empty.
void put_divergence(Html& html, const TensorReport& report, const std::string& reproduce);

}  // namespace isotrace::tools::page
