// Step records of a run (internal to the executor): every tensor is hashed once, when it appears,
// however often it is used.
#pragma once

#include <isotrace/executor/run.hpp>
#include <isotrace/trace/record.hpp>

namespace isotrace::executor {

class StepRecorder {
 public:
  explicit StepRecorder(const core::Program& program)
      : program_(program), records_(program.value_count()) {}

  /// Records of the bound inputs, by name, in the program's order.
  std::vector<trace::NamedRecord> record_inputs(const Run& run);
  /// The step's record; steps must come in order.
  trace::StepRecord record_step(const StepView& step);
  /// Records of the program's outputs; all steps must have been recorded.
  std::vector<trace::NamedRecord> record_outputs();

 private:
  const trace::TensorRecord& record_value(core::ValueId value, const core::TensorView& tensor);

  const core::Program& program_;
  std::vector<std::optional<trace::TensorRecord>> records_;  // by ValueId
};

}  // namespace isotrace::executor
