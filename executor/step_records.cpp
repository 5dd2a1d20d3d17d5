#include <isotrace/executor/step_records.hpp>

namespace isotrace::executor {

const trace::TensorRecord& StepRecorder::record_value(core::ValueId value,
                                                      const core::TensorView& tensor) {
  auto& record = records_[value];
  if (!record) record = trace::record_of(tensor);
  return *record;
}

std::vector<trace::NamedRecord> StepRecorder::record_inputs(const Run& run) {
  std::vector<trace::NamedRecord> inputs;
  for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
    inputs.push_back(
        {program_.inputs[i].name, record_value(static_cast<core::ValueId>(i), run.input(i))});
  }
  return inputs;
}

trace::StepRecord StepRecorder::record_step(const StepView& step) {
  trace::StepRecord record;
  record.index = step.index;
  record.op = step.node.op;
  record.attributes = core::attribute_digest(step.node);
  record.name = step.node.name;
  for (std::size_t i = 0; i < step.operands.size(); ++i) {
    if (step.operands[i]) {
      record.inputs.emplace_back(record_value(step.node.inputs[i], *step.operands[i]));
    } else {
      record.inputs.emplace_back(std::nullopt);
    }
  }
  for (std::size_t i = 0; i < step.results.size(); ++i) {
    const core::ValueId value = step.node.outputs[i];
    // A result that nobody reads still belongs to the computation.
    record.outputs.push_back(value == core::no_value ? trace::record_of(step.results[i])
                                                     : record_value(value, step.results[i]));
  }
  return record;
}

std::vector<trace::NamedRecord> StepRecorder::record_outputs() {
  std::vector<trace::NamedRecord> outputs;
  for (const core::ProgramOutput& output : program_.outputs) {
    // An output may be an unused constant: the one kind of value that no step has shown.
    const core::Tensor* constant = program_.find_constant(output.value);
    outputs.push_back({output.name, constant != nullptr ? record_value(output.value, *constant)
                                                        : *records_[output.value]});
  }
  return outputs;
}

}  // namespace isotrace::executor
