// Step records of a run (internal to the executor). Every tensor is hashed once, when it appears,
// however often it is used: its record is kept beside it.
#pragma once

#include <isotrace/executor/run.hpp>
#include <isotrace/trace/record.hpp>

namespace isotrace::executor {

/// Records of the bound inputs, by name, in the program's order.
std::vector<trace::NamedRecord> record_inputs(const core::Program& program, Run& run);
trace::StepRecord record_step(const StepView& step);
/// Records of the program's outputs; all steps must have run.
std::vector<trace::NamedRecord> record_outputs(const core::Program& program, Run& run);

}  // namespace isotrace::executor
