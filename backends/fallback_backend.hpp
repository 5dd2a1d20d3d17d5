// A backend with the reference behind it: what the first refuses to do, the reference does. Nobody
// gets it without asking for it, and it says what it did.
#pragma once

#include <map>

#include <isotrace/backends/backend.hpp>

namespace isotrace::backends {

class FallbackBackend final : public Backend {
 public:
  /// Only refusals to do an operation fall back (backend_operation_unsupported,
  /// operation_dtype_unsupported, and of other engines onnx_inexpressible, foreign_step_failed);
  /// every other one stays.
  FallbackBackend(std::unique_ptr<Backend> first, std::unique_ptr<Backend> second);

  /// "plugin:x, else reference"; the device says by name which operations the first has refused so
  /// far.
  [[nodiscard]] BackendInfo info() const override;
  [[nodiscard]] core::Result<core::Done> supports(
      const core::Node& node, std::span<const core::Dtype> operand_dtypes) const override;
  core::Result<std::vector<core::Tensor>> run(const core::Node& node,
                                              core::Operands operands) override;
  void limit_results(std::uint64_t bytes) override { first_->limit_results(bytes); }
  [[nodiscard]] bool keeps_results() const override { return first_->keeps_results(); }
  [[nodiscard]] bool takes_remote(const core::Node& node, std::size_t operand) const override {
    return first_->takes_remote(node, operand);
  }
  std::optional<RemoteResults> run_remote(const core::Node& node, core::Operands operands,
                                          RemoteOperands remote) override;
  [[nodiscard]] bool fell_back() const override { return fell_back_; }
  [[nodiscard]] unsigned shared_threads() const override { return first_->shared_threads(); }
  void share(std::size_t count, const std::function<void(std::size_t)>& task) override {
    first_->share(count, task);
  }
  void hold_constants(std::span<const core::Tensor> constants) override;
  void release_constants(std::span<const core::Tensor> constants) override;

  /// Steps that the first has executed.
  [[nodiscard]] std::size_t direct() const { return direct_; }
  /// Steps that the second has executed, by the ONNX name of their operation.
  [[nodiscard]] const std::map<std::string_view, std::size_t>& fallen_back() const {
    return fallen_back_;
  }

 private:
  std::unique_ptr<Backend> first_;
  std::unique_ptr<Backend> second_;
  std::size_t direct_ = 0;
  bool fell_back_ = false;
  /// With a count of zero: refused when it was asked for, not yet executed.
  mutable std::map<std::string_view, std::size_t> fallen_back_;
};

}  // namespace isotrace::backends
