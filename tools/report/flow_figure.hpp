// Pictures of a run of a tensor program that has steps: its flow of values, and its memory from the
// first step to the last.
#pragma once

#include <isotrace/tools/report/html.hpp>
#include <isotrace/tools/report/tensor_report.hpp>

namespace isotrace::tools::page {

/// Steps that the picture of the flow shows at most.
inline constexpr std::size_t flow_rows_max = 240;

/// Rails beside the list of steps, around the divergence if there is one.
void put_flow_figure(Html& html, const TensorReport& report);

/// Bytes alive over all steps, and where steps differ: few columns, however many steps.
void put_memory_strip(Html& html, const TensorReport& report);

/// The step that a reader wants to see first: that of the divergence, else 0.
std::size_t focus_of(const TensorReport& report);

}  // namespace isotrace::tools::page
