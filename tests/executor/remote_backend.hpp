// A backend that keeps every result to itself, as one with a device does; the arithmetic is the
// reference's. What it was asked for is counted, and what it is to refuse, a test says.
#pragma once

#include <algorithm>

#include <isotrace/backends/backend.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::tests {

struct RemoteLog {
  std::size_t digests = 0;
  std::size_t fetches = 0;
  std::size_t alive = 0;
  std::size_t fetches_max = ~std::size_t{0};  ///< every further one is refused
  std::size_t digests_max = ~std::size_t{0};
};

class HiddenTensor final : public backends::RemoteTensor {
 public:
  HiddenTensor(core::Tensor tensor, RemoteLog& log) : tensor_(std::move(tensor)), log_(log) {
    ++log_.alive;
  }
  ~HiddenTensor() override { --log_.alive; }
  HiddenTensor(const HiddenTensor&) = delete;
  HiddenTensor& operator=(const HiddenTensor&) = delete;

  [[nodiscard]] core::Dtype dtype() const override { return tensor_.dtype(); }
  [[nodiscard]] const core::Shape& shape() const override { return tensor_.shape(); }
  core::Result<core::Digest> digest(std::span<const std::int64_t> shape) override {
    if (log_.digests++ >= log_.digests_max) return refuse("digest");
    return core::tensor_digest({tensor_.dtype(), shape, tensor_.bytes()});
  }
  core::Result<core::Tensor> fetch() override {
    if (log_.fetches++ >= log_.fetches_max) return refuse("fetch");
    return tensor_;
  }
  [[nodiscard]] const core::Tensor& tensor() const { return tensor_; }

 private:
  static tl::unexpected<core::Refusal> refuse(const char* what) {
    return core::refuse(core::RefusalCode::device_failed, "remote", what);
  }
  core::Tensor tensor_;
  RemoteLog& log_;
};

class RemoteBackend final : public backends::Backend {
 public:
  /// Steps of `local` are left to run().
  explicit RemoteBackend(RemoteLog& log, std::vector<core::Op> local = {})
      : log_(log), local_(std::move(local)) {}

  [[nodiscard]] backends::BackendInfo info() const override {
    return {"remote", backends::BackendState::available, "the reference, out of sight"};
  }
  [[nodiscard]] core::Result<core::Done> supports(
      const core::Node& node, std::span<const core::Dtype> dtypes) const override {
    return exact_->supports(node, dtypes);
  }
  core::Result<std::vector<core::Tensor>> run(const core::Node& node,
                                              core::Operands operands) override {
    // Those look at the shape alone.
    const bool may_hide = node.op == core::Op::shape || node.op == core::Op::size;
    for (const auto& operand : operands) {
      const bool hidden = operand && !operand->bytes().empty() && !operand->bytes().data();
      ISOTRACE_CHECK(may_hide || !hidden, core::op_info(node.op).name);
    }
    return exact_->run(node, operands);
  }
  [[nodiscard]] bool keeps_results() const override { return true; }
  [[nodiscard]] bool takes_remote(const core::Node& node, std::size_t) const override {
    return !is_local(node.op);
  }
  std::optional<backends::RemoteResults> run_remote(const core::Node& node, core::Operands operands,
                                                    backends::RemoteOperands remote) override {
    if (is_local(node.op)) return std::nullopt;
    std::vector<std::optional<core::TensorView>> views(operands.begin(), operands.end());
    for (std::size_t i = 0; i < remote.size(); ++i) {
      if (!remote[i]) continue;
      const core::Tensor& hidden = static_cast<const HiddenTensor&>(*remote[i]).tensor();
      views[i] = core::TensorView(hidden.dtype(), operands[i]->shape(), hidden.bytes());
    }
    auto results = run(node, views);
    if (!results) return std::nullopt;
    backends::RemoteResults hidden;
    for (core::Tensor& result : *results) {
      hidden.push_back(std::make_shared<HiddenTensor>(std::move(result), log_));
    }
    return hidden;
  }

 private:
  [[nodiscard]] bool is_local(core::Op op) const {
    return std::ranges::find(local_, op) != local_.end();
  }
  std::unique_ptr<backends::Backend> exact_ = *backends::make_backend("reference", {});
  RemoteLog& log_;
  std::vector<core::Op> local_;
};

}  // namespace isotrace::tests
