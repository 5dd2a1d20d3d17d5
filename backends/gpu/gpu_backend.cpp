#include <isotrace/backends/gpu/gpu_backend.hpp>

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

 private:
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

  Outcome run_on_device(const core::Node& node, core::Operands operands) {
    Work work(*device_);
    const reference::Call call{node, operands};
    DeviceCall on_device(work, call);
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
