#include <isotrace/backends/fallback_backend.hpp>

namespace isotrace::backends {
namespace {

bool falls_back(const core::Refusal& refusal) {
  return refusal.code == core::RefusalCode::backend_operation_unsupported ||
         refusal.code == core::RefusalCode::operation_dtype_unsupported ||
         refusal.code == core::RefusalCode::onnx_inexpressible ||
         refusal.code == core::RefusalCode::foreign_step_failed;
}

}  // namespace

FallbackBackend::FallbackBackend(std::unique_ptr<Backend> first, std::unique_ptr<Backend> second)
    : first_(std::move(first)), second_(std::move(second)) {}

BackendInfo FallbackBackend::info() const {
  BackendInfo info = first_->info();
  const BackendInfo second = second_->info();
  info.name += ", else " + second.name;
  std::string refused;
  for (const auto& [name, count] : fallen_back_) {
    refused += (refused.empty() ? "" : " ") + std::string(name);
  }
  info.device += "; " + second.name + " for: " + (refused.empty() ? "nothing so far" : refused);
  return info;
}

core::Result<core::Done> FallbackBackend::supports(
    const core::Node& node, std::span<const core::Dtype> operand_dtypes) const {
  auto supported = first_->supports(node, operand_dtypes);
  if (supported || !falls_back(supported.error())) return supported;
  auto elsewhere = second_->supports(node, operand_dtypes);
  if (elsewhere) fallen_back_.try_emplace(core::op_info(node.op).name, 0);
  return elsewhere;
}

core::Result<std::vector<core::Tensor>> FallbackBackend::run(const core::Node& node,
                                                             core::Operands operands) {
  fell_back_ = false;
  std::vector<core::Dtype> dtypes;
  for (const auto& operand : operands) {
    if (operand) dtypes.push_back(operand->dtype());
  }
  auto refused = first_->supports(node, dtypes);
  if (refused) {
    auto results = first_->run(node, operands);
    if (results) ++direct_;
    if (results || !falls_back(results.error())) return results;
  } else if (!falls_back(refused.error())) {
    return tl::make_unexpected(std::move(refused).error());
  }
  auto results = second_->run(node, operands);
  fell_back_ = results.has_value();
  if (results) ++fallen_back_[core::op_info(node.op).name];
  return results;
}

std::optional<RemoteResults> FallbackBackend::run_remote(const core::Node& node,
                                                         core::Operands operands,
                                                         RemoteOperands remote) {
  auto results = first_->run_remote(node, operands, remote);
  if (results) {
    fell_back_ = false;
    ++direct_;
  }
  return results;
}

void FallbackBackend::hold_constants(std::span<const core::Tensor> constants) {
  first_->hold_constants(constants);
  second_->hold_constants(constants);
}

void FallbackBackend::release_constants(std::span<const core::Tensor> constants) {
  first_->release_constants(constants);
  second_->release_constants(constants);
}

}  // namespace isotrace::backends
