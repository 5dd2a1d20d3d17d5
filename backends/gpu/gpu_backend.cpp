#include <isotrace/backends/gpu/gpu_backend.hpp>

#include <algorithm>
#include <map>
#include <mutex>

#include <isotrace/backends/capability.hpp>
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/gpu/driver.hpp>
#include <isotrace/backends/gpu/images.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/backends/make_backends.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::backends::gpu {
namespace {

using Outcome = core::Result<std::vector<core::Tensor>>;

class GpuBackend final : public Backend {
 public:
  GpuBackend(std::string name, std::unique_ptr<Device> device, CapabilityMatrix matrix)
      : name_(std::move(name)), device_(std::move(device)), matrix_(std::move(matrix)) {}

  [[nodiscard]] BackendInfo info() const override {
    return {name_, BackendState::available, device_->description()};
  }

  [[nodiscard]] core::Result<core::Done> supports(
      const core::Node& node, std::span<const core::Dtype> operand_dtypes) const override {
    ISOTRACE_TRY_DONE(find_support(matrix_, node, operand_dtypes));
    return core::Done{};
  }

  Outcome run(const core::Node& node, core::Operands operands) override {
    const std::lock_guard lock(mutex_);
    const core::FloatEnvironment environment;
    ISOTRACE_TRY_DONE(core::check_float_environment());
    ISOTRACE_TRY(const Support support, find_support(matrix_, node, dtypes_of(operands)));
    if (support == Support::reference_loop || !cpu::is_well_formed(node, operands)) {
      return reference::evaluate(node, operands);  // a change of shape, or a refusal
    }
    Outcome outcome = run_on_device(node, operands);
    if (outcome || is_the_devices(outcome.error().code)) return outcome;
    // A call that is not well-formed is refused in the words of the reference.
    Outcome judged = reference::evaluate(node, operands);
    if (!judged) return judged;
    return core::refuse(core::RefusalCode::backend_operation_unsupported,
                        std::string(core::op_info(node.op).name), outcome.error().detail);
  }

  [[nodiscard]] std::size_t chain_length(std::span<const core::Node> nodes) const override {
    const auto end = std::ranges::find_if(nodes, [](const core::Node& node) {
      return node.outputs.size() != 1 || !takes_from_device(node.op, 0);
    });
    return std::max<std::size_t>(1, static_cast<std::size_t>(end - nodes.begin()));
  }

  std::optional<core::Tensor> run_chain(std::span<const ChainStep> chain) override {
    const std::lock_guard lock(mutex_);
    const core::FloatEnvironment environment;
    if (!core::check_float_environment()) return std::nullopt;
    Work work(*device_);
    std::optional<Array> before;
    for (const ChainStep& step : chain) {
      Made result = run_link(work, step, before);
      if (!result) return std::nullopt;  // the steps say why, one by one
      before = *std::move(result);
    }
    auto tensor = work.download(*before);
    return tensor ? std::optional(*std::move(tensor)) : std::nullopt;
  }

  void hold_constants(std::span<const core::Tensor> constants) override {
    const std::lock_guard lock(mutex_);
    for (const core::Tensor& constant : constants) {
      if (constant.bytes().empty()) continue;
      Held& held = held_[constant.bytes().data()];
      if (held.holds++ == 0) held.tensor = &constant;
    }
  }

  void release_constants(std::span<const core::Tensor> constants) override {
    const std::lock_guard lock(mutex_);
    for (const core::Tensor& constant : constants) {
      const auto held = held_.find(constant.bytes().data());
      if (held == held_.end() || --held->second.holds != 0) continue;
      residents_.erase(held->first);
      held_.erase(held);
    }
  }

 private:
  /// A constant that somebody holds; it is sent to the device when a step first reads it.
  struct Held {
    const core::Tensor* tensor = nullptr;
    std::size_t holds = 0;
  };

  static std::vector<core::Dtype> dtypes_of(core::Operands operands) {
    std::vector<core::Dtype> dtypes;
    for (const auto& operand : operands) {
      if (operand) dtypes.push_back(operand->dtype());
    }
    return dtypes;
  }

  static bool is_the_devices(core::RefusalCode code) {
    return code == core::RefusalCode::limit_exceeded || code == core::RefusalCode::device_failed;
  }

  /// Sends the constants among the operands that are not there yet. Without memory for them they
  /// travel with every step, like other operands.
  void settle_constants(Work& work, core::Operands operands) {
    for (const auto& operand : operands) {
      if (!operand || residents_.contains(operand->bytes().data())) continue;
      const auto held = held_.find(operand->bytes().data());
      if (held == held_.end()) continue;
      if (auto array = work.upload(*held->second.tensor)) {
        residents_.emplace(held->first, *std::move(array));
      }
    }
  }

  /// One step of a chain, whose result stays on the device.
  Made run_link(Work& work, const ChainStep& step, const std::optional<Array>& before) {
    std::vector<std::optional<core::TensorView>> operands(step.operands.begin(),
                                                          step.operands.end());
    if (before) {
      // A view for its type and shape; nobody looks at the elements (takes_from_device).
      const auto* address = reinterpret_cast<const std::uint8_t*>(before->buffer->address());
      operands[step.chained] =
          core::TensorView(before->dtype, before->shape, {address, before->bytes()});
    }
    const bool fits = !before || takes_from_device(step.node.op, step.chained);
    if (!fits || !cpu::is_well_formed(step.node, operands)) {
      return core::refuse(core::RefusalCode::backend_operation_unsupported, "");
    }
    ISOTRACE_TRY(const Support support, find_support(matrix_, step.node, dtypes_of(operands)));
    if (support != Support::device) {
      return core::refuse(core::RefusalCode::backend_operation_unsupported, "");
    }
    settle_constants(work, operands);
    const reference::Call call{step.node, operands};
    DeviceCall on_device(work, call, residents_);
    if (before) on_device.give(step.chained, *before);
    ISOTRACE_TRY(auto arrays, run_operation(on_device));
    return std::move(arrays.front());
  }

  Outcome run_on_device(const core::Node& node, core::Operands operands) {
    Work work(*device_);
    settle_constants(work, operands);
    const reference::Call call{node, operands};
    DeviceCall on_device(work, call, residents_);
    ISOTRACE_TRY(const auto arrays, run_operation(on_device));
    std::vector<core::Tensor> tensors;
    for (const Array& array : arrays) {
      ISOTRACE_TRY(tensors.emplace_back(), work.download(array));
    }
    return tensors;
  }

  std::string name_;
  std::unique_ptr<Device> device_;
  CapabilityMatrix matrix_;
  std::map<const std::uint8_t*, Held> held_;
  Residents residents_;  ///< those of held_ that a step has read; after device_, whose memory it is
  std::mutex mutex_;
};

}  // namespace

core::Result<std::unique_ptr<Backend>> make_gpu_backend(std::string name,
                                                        std::unique_ptr<Device> device) {
  ISOTRACE_TRY(CapabilityMatrix matrix, capability_matrix(name));
  return std::make_unique<GpuBackend>(std::move(name), std::move(device), std::move(matrix));
}

}  // namespace isotrace::backends::gpu

namespace isotrace::backends {
namespace {

core::Result<std::unique_ptr<Backend>> make(const char* name, const BackendOptions& options,
                                            const gpu::DriverNames& driver,
                                            std::span<const core::ByteView> images) {
  if (!options.isa.empty()) {
    return core::refuse(core::RefusalCode::backend_unknown, name,
                        "has no instruction set '" + options.isa + "' to choose");
  }
  ISOTRACE_TRY(auto device, gpu::open_driver_device(driver, images));
  return gpu::make_gpu_backend(name, std::move(device));
}

}  // namespace

core::Result<std::unique_ptr<Backend>> make_cuda_backend(const BackendOptions& options) {
  return make("cuda", options, gpu::cuda_driver, gpu::cuda_images());
}

core::Result<std::unique_ptr<Backend>> make_hip_backend(const BackendOptions& options) {
  return make("hip", options, gpu::hip_driver, gpu::hip_images());
}

}  // namespace isotrace::backends
