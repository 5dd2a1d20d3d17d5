#include <isotrace/referee/own_unfolding.hpp>

namespace isotrace::referee {

using core::Tensor;

namespace {

/// Of all values that steer together; a party that has more declines.
constexpr std::uint64_t steering_bytes_max = std::uint64_t{1} << 30;

/// Which operands of a node say how often it executes its program, and on what.
bool steers(const core::Node& node, std::size_t operand) {
  if (node.op == core::Op::loop) return operand == 0;
  if (node.op != core::Op::scan) return false;
  const auto first = static_cast<std::size_t>(node.integer("states"));
  return operand >= first && operand < first + node.integers("input_axes").size();
}

}  // namespace

void OwnUnfolding::walk(std::uint64_t last, const std::function<void(const Unfolding&)>& see) {
  const auto contents = [this](const trace::TensorRecord& record) {
    return content(record.digest);
  };
  Unfolding unfolding(run_.program, trace_.identity.inputs);
  for (std::uint64_t step = 0; unfolding.settle(contents); ++step) {
    see(unfolding);
    if (step == last || step == trace_.steps.size() || unfolding.ended()) return;
    const auto& results = trace_.steps[step].outputs;
    if (results.size() != unfolding.node().outputs.size()) return;
    unfolding.apply(results);
  }
}

std::optional<core::Digest> OwnUnfolding::root(std::uint64_t step) {
  if (!roots_) {
    roots_.emplace();
    walk(trace_.steps.size(), [this](const Unfolding& unfolding) {
      roots_->push_back(core::sha256(unfolding.write()));
    });
  }
  return step < roots_->size() ? std::optional((*roots_)[step]) : std::nullopt;
}

std::optional<core::Bytes> OwnUnfolding::state(std::uint64_t step) {
  std::uint64_t seen = 0;
  std::optional<core::Bytes> bytes;
  walk(step, [&](const Unfolding& unfolding) {
    if (seen++ == step) bytes = unfolding.write();
  });
  return bytes;
}

std::optional<Tensor> OwnUnfolding::content(const core::Digest& digest) {
  if (!steering_) gather();
  const auto found = steering_->find(digest);
  if (found == steering_->end()) return std::nullopt;
  return found->second;
}

void OwnUnfolding::gather() {
  steering_.emplace();
  std::uint64_t bytes = 0;
  const auto observe = [&](const executor::StepView& step) -> core::Result<core::Done> {
    for (std::size_t i = 0; i < step.operands.size(); ++i) {
      if (!step.operands[i] || !steers(step.node, i)) continue;
      const core::TensorView& operand = *step.operands[i];
      bytes += operand.bytes().size();
      if (bytes > steering_bytes_max) {
        return core::refuse(core::RefusalCode::limit_exceeded, "values that steer");
      }
      ISOTRACE_TRY(Tensor copy, Tensor::from_bytes(operand.dtype(),
                                                   {operand.shape().begin(), operand.shape().end()},
                                                   operand.bytes()));
      steering_->emplace(core::tensor_digest(operand), std::move(copy));
    }
    return core::Done{};
  };
  // What a run that is refused half-way has shown is true all the same.
  [[maybe_unused]] const auto done =
      executor::execute(run_.program, run_.inputs, backend_, observe);
}

}  // namespace isotrace::referee
