#include <isotrace/executor/step_records.hpp>

#include <isotrace/core/limits.hpp>

namespace isotrace::executor {
namespace {

const trace::TensorRecord& record_value(const core::TensorView& tensor, RecordCell& cell) {
  if (!cell) cell = trace::record_of(tensor);
  return *cell;
}

}  // namespace

std::vector<trace::NamedRecord> record_inputs(const core::Program& program, Run& run) {
  std::vector<trace::NamedRecord> inputs;
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    const Value input = run.input(i);
    inputs.push_back({program.inputs[i].name, record_value(input.view, *input.record)});
  }
  return inputs;
}

trace::StepRecord record_step(const StepView& step) {
  trace::StepRecord record;
  record.index = step.index;
  record.op = step.node.op;
  record.attributes = core::attribute_digest(step.node);
  // Names inside names can become longer than a trace takes.
  record.name = display_name(step.node, step.path).substr(0, core::limits::name_bytes_max);
  for (std::size_t i = 0; i < step.operands.size(); ++i) {
    if (step.operands[i]) {
      record.inputs.emplace_back(record_value(*step.operands[i], *step.operand_records[i]));
    } else {
      record.inputs.emplace_back(std::nullopt);
    }
  }
  // A result that nobody reads still belongs to the computation.
  for (std::size_t i = 0; i < step.results.size(); ++i) {
    record.outputs.push_back(record_value(step.results[i], step.result_records[i]));
  }
  return record;
}

std::vector<trace::NamedRecord> record_outputs(const core::Program& program, Run& run) {
  std::vector<trace::NamedRecord> outputs;
  for (std::size_t i = 0; i < program.outputs.size(); ++i) {
    const Value output = run.output(i);
    outputs.push_back({program.outputs[i].name, record_value(output.view, *output.record)});
  }
  return outputs;
}

}  // namespace isotrace::executor
