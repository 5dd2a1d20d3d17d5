// The page of a run of a tensor program.
#pragma once

#include <isotrace/tools/report/tensor_report.hpp>

namespace isotrace::tools::page {

struct PageOptions {
  std::size_t rows_max = 1000;  ///< rows of the table of steps or checkpoints
  std::string reproduce;        ///< a command line for the divergent step; may be empty
};

/// The whole file. Depends on nothing but the report.
std::string make_tensor_page(const TensorReport& report, const PageOptions& options);

}  // namespace isotrace::tools::page
