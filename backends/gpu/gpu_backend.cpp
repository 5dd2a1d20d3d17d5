#include <isotrace/backends/gpu/gpu_backend.hpp>

#include <algorithm>
#include <map>

#include <isotrace/backends/capability.hpp>
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/gpu/driver.hpp>
#include <isotrace/backends/gpu/images.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/backends/gpu/remote_array.hpp>
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
    const std::lock_guard lock(remotes_.mutex);
    const core::FloatEnvironment environment;
    ISOTRACE_TRY_DONE(core::check_float_environment());
    ISOTRACE_TRY(const Support support, find_support(matrix_, node, dtypes_of(operands)));
    if (support == Support::reference_loop || !cpu::is_well_formed(node, operands)) {
      return reference::evaluate(node, operands);  // a change of shape, or a refusal
    }
    Outcome outcome = run_and_fetch(node, operands);
    if (outcome || is_the_devices(outcome.error().code)) return outcome;
    // A call that is not well-formed is refused in the words of the reference.
    Outcome judged = reference::evaluate(node, operands);
    if (!judged) return judged;
    return core::refuse(core::RefusalCode::backend_operation_unsupported,
                        std::string(core::op_info(node.op).name), outcome.error().detail);
  }

  [[nodiscard]] bool keeps_results() const override { return true; }
  [[nodiscard]] bool takes_remote(const core::Node& node, std::size_t operand) const override {
    return takes_from_device(node.op, operand);
  }

  std::optional<RemoteResults> run_remote(const core::Node& node, core::Operands operands,
                                          RemoteOperands remote) override {
    const std::lock_guard lock(remotes_.mutex);
    const core::FloatEnvironment environment;
    if (!core::check_float_environment()) return std::nullopt;
    const auto support = find_support(matrix_, node, dtypes_of(operands));
    if (!support || *support != Support::device || !cpu::is_well_formed(node, operands)) {
      return std::nullopt;
    }
    auto arrays = run_making_room(node, operands, remote);
    if (!arrays) return std::nullopt;
    RemoteResults results;
    for (Array& array : *arrays) {
      results.push_back(std::make_shared<RemoteArray>(*device_, remotes_, std::move(array)));
    }
    return results;
  }

  void hold_constants(std::span<const core::Tensor> constants) override {
    const std::lock_guard lock(remotes_.mutex);
    for (const core::Tensor& constant : constants) {
      if (constant.bytes().empty()) continue;
      Held& held = held_[constant.bytes().data()];
      if (held.holds++ == 0) held.tensor = &constant;
    }
  }

  void release_constants(std::span<const core::Tensor> constants) override {
    const std::lock_guard lock(remotes_.mutex);
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
    std::uint64_t used = 0;  ///< the last step that read it
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

  /// The arrays of one operation's results. Remote operands are taken from where they are.
  Results run_on_device(const core::Node& node, core::Operands operands, RemoteOperands remote) {
    Work work(*device_);
    std::vector<std::optional<core::TensorView>> views(operands.begin(), operands.end());
    std::map<std::size_t, Array> given;
    for (std::size_t i = 0; i < remote.size(); ++i) {
      if (!remote[i]) continue;
      const auto& from = static_cast<const RemoteArray&>(*remote[i]);
      if (from.array()) {
        const std::span<const std::int64_t> shape = views[i]->shape();
        given.emplace(i, from.array()->reshaped({shape.begin(), shape.end()}));
      } else {
        views[i] = core::TensorView(views[i]->dtype(), views[i]->shape(), from.bytes());
      }
    }
    settle_constants(work, views);
    const reference::Call call{node, views};
    DeviceCall on_device(work, call, residents_);
    for (auto& [index, array] : given) on_device.give(index, std::move(array));
    return run_operation(on_device);
  }

  /// The same; where memory does not suffice, what was used longest ago leaves it: first as much as
  /// the operands are, then twice as much each time.
  Results run_making_room(const core::Node& node, core::Operands operands, RemoteOperands remote) {
    std::size_t wanted = begin_step(operands, remote);
    Results results = run_on_device(node, operands, remote);
    while (!results && results.error().code == core::RefusalCode::limit_exceeded &&
           make_room(wanted)) {
      wanted *= 2;
      results = run_on_device(node, operands, remote);
    }
    return results;
  }

  /// Bytes of the operands, which count as used now.
  std::size_t begin_step(core::Operands operands, RemoteOperands remote) {
    ++remotes_.step;
    for (const auto& array : remote) {
      if (array) static_cast<RemoteArray&>(*array).use();
    }
    std::size_t bytes = 1;
    for (const auto& operand : operands) {
      if (!operand) continue;
      bytes += core::byte_count(operand->dtype(), operand->shape()).value_or(0);
      const auto held = held_.find(operand->bytes().data());
      if (held != held_.end()) held->second.used = remotes_.step;
    }
    return bytes;
  }

  /// Takes so many bytes from what this step does not read, that used longest ago first: results go
  /// to the host, where constants are already. Whether any memory was given back.
  bool make_room(std::size_t wanted) {
    struct Kept {
      std::uint64_t used;
      RemoteArray* array;  ///< or nullptr for the constant
      const std::uint8_t* constant;
    };
    std::vector<Kept> kept;
    for (RemoteArray* array : remotes_.alive) {
      if (array->array()) kept.push_back({array->used(), array, nullptr});
    }
    for (const auto& [constant, array] : residents_) {
      kept.push_back({held_.at(constant).used, nullptr, constant});
    }
    std::ranges::sort(kept, {}, &Kept::used);
    std::size_t freed = 0;
    for (const Kept& oldest : kept) {
      if (freed >= wanted || oldest.used == remotes_.step) break;
      if (oldest.array != nullptr) {
        freed += oldest.array->evict().value_or(0);
      } else {
        freed += residents_.at(oldest.constant).bytes();
        residents_.erase(oldest.constant);
      }
    }
    return freed != 0;
  }

  Outcome run_and_fetch(const core::Node& node, core::Operands operands) {
    ISOTRACE_TRY(const auto arrays, run_making_room(node, operands, {}));
    std::vector<core::Tensor> tensors;
    for (const Array& array : arrays) {
      ISOTRACE_TRY(tensors.emplace_back(), Work(*device_).download(array));
    }
    return tensors;
  }

  std::string name_;
  std::unique_ptr<Device> device_;
  CapabilityMatrix matrix_;
  std::map<const std::uint8_t*, Held> held_;
  Residents residents_;  ///< those of held_ that a step has read; after device_, whose memory it is
  RemoteArrays remotes_;
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
