#include <isotrace/referee/single_step.hpp>

namespace isotrace::referee {
namespace {

/// The node as a program: its operands are inputs, its first result is the output.
core::Program isolate(core::Node node, OperandViews operands) {
  core::Program program;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i]) continue;
    node.inputs[i] = static_cast<core::ValueId>(program.inputs.size());
    program.inputs.push_back({"x" + std::to_string(i),
                              operands[i]->dtype(),
                              {operands[i]->shape().begin(), operands[i]->shape().end()}});
  }
  auto next = static_cast<core::ValueId>(program.inputs.size());
  for (core::ValueId& output : node.outputs) output = next++;
  node.name.clear();
  program.outputs = {{"y", node.outputs.front()}};
  program.nodes.push_back(std::move(node));
  return program;
}

}  // namespace

core::Result<std::vector<trace::TensorRecord>> execute_alone(
    const core::Node& node, OperandViews operands, backends::Backend& backend,
    const executor::ExecuteLimits& limits) {
  const core::Program program = isolate(node, operands);
  std::vector<executor::NamedTensor> inputs;
  for (const auto& operand : operands) {
    if (!operand) continue;
    const core::ProgramInput& input = program.inputs[inputs.size()];
    ISOTRACE_TRY(core::Tensor copy,
                 core::Tensor::from_bytes(input.dtype, input.shape, operand->bytes()));
    inputs.push_back({input.name, std::move(copy)});
  }
  std::vector<trace::TensorRecord> results;
  const auto observer = [&](const executor::StepView& view) -> core::Result<core::Done> {
    for (const core::TensorView& result : view.results) {
      results.push_back(trace::record_of(result));
    }
    return core::Done{};
  };
  ISOTRACE_TRY_DONE(executor::execute(program, inputs, backend, observer, limits));
  return results;
}

}  // namespace isotrace::referee
