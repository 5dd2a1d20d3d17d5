// A backend that is the reference but for one operation: what it does there, a test says.
#pragma once

#include <algorithm>
#include <functional>

#include <isotrace/backends/backend.hpp>

namespace isotrace::tests {

/// Executes a node in place of the backend that would be right, which is given.
using BackendFault = std::function<core::Result<std::vector<core::Tensor>>(
    const core::Node&, core::Operands, backends::Backend& honest)>;

class FaultyBackend final : public backends::Backend {
 public:
  FaultyBackend(core::Op op, BackendFault fault) : op_(op), fault_(std::move(fault)) {}

  [[nodiscard]] backends::BackendInfo info() const override {
    return {"faulty", backends::BackendState::available, "reference with an injected fault"};
  }
  [[nodiscard]] core::Result<core::Done> supports(
      const core::Node& node, std::span<const core::Dtype> dtypes) const override {
    return honest_->supports(node, dtypes);
  }
  core::Result<std::vector<core::Tensor>> run(const core::Node& node,
                                              core::Operands operands) override {
    return node.op == op_ ? fault_(node, operands, *honest_) : honest_->run(node, operands);
  }

 private:
  std::unique_ptr<backends::Backend> honest_ = *backends::make_backend("reference", {});
  core::Op op_;
  BackendFault fault_;
};

/// The node with another value of an attribute that it has.
inline core::Node with_attribute(core::Node node, const std::string& name,
                                 core::AttributeValue value) {
  const auto found = std::ranges::find(node.attributes, name, &core::Attribute::name);
  ISOTRACE_CHECK(found != node.attributes.end(), name);
  found->value = std::move(value);
  return node;
}

}  // namespace isotrace::tests
