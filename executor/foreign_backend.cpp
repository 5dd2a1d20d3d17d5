#include <isotrace/executor/foreign_backend.hpp>

#include <isotrace/trace/foreign.hpp>

namespace isotrace::executor {

using core::Result;
using core::Tensor;

backends::BackendInfo ForeignBackend::info() const {
  const std::string engine = engine_->name();
  return {std::string(trace::foreign_prefix) + engine, backends::BackendState::available, engine};
}

Result<OnnxStep> ForeignBackend::make_step(const core::Node& node, core::Operands operands) const {
  OnnxStep step{node, operands, {}};
  std::vector<std::optional<ValueInfo>> infos;
  for (const auto& operand : operands) {
    infos.push_back(operand ? std::optional(info_of(*operand)) : std::nullopt);
    step.constant.push_back(operand && held_.contains(operand->bytes().data()));
  }
  clear_if_all_constant(step);
  ISOTRACE_TRY(step.results, infer_node(node, infos));
  return step;
}

Result<std::vector<Tensor>> ForeignBackend::run(const core::Node& node, core::Operands operands) {
  core::Node asked = node;
  for (core::ValueId& output : asked.outputs) {
    if (output == core::no_value) output = 0;
  }
  ISOTRACE_TRY(const OnnxStep step, make_step(asked, operands));
  ISOTRACE_TRY(auto found, engine_->run(step));
  std::vector<Tensor> results;
  for (auto& result : found) {
    if (!result)
      return core::refuse(core::RefusalCode::foreign_step_failed, "", "a result is missing");
    results.push_back(*std::move(result));
  }
  return results;
}

void ForeignBackend::hold_constants(std::span<const Tensor> constants) {
  for (const Tensor& constant : constants) held_.insert(constant.bytes().data());
}

void ForeignBackend::release_constants(std::span<const Tensor> constants) {
  for (const Tensor& constant : constants) held_.extract(constant.bytes().data());
}

}  // namespace isotrace::executor
