// The walk along the chain.
#include "lower_program.hpp"

#include <map>

#include "lowering.hpp"

namespace isotrace::proofs {
namespace {

using core::Done;
using core::Node;
using core::Op;
using core::Program;
using core::RefusalCode;
using core::Result;
using core::Shape;
using core::Tensor;
using core::ValueId;

std::string place_of(const Node& node, std::size_t index) {
  return "node " + std::to_string(index) + " (" + std::string(core::op_info(node.op).name) +
         (node.name.empty() ? ")" : ") " + node.name.substr(0, 64));
}

/// The elements of a tensor of four- or eight-byte elements, rearranged.
Tensor moved(const Tensor& tensor, const Movement& movement) {
  Tensor result = tensor;
  result.reshape(movement.shape);
  const std::size_t size = core::dtype_bytes(tensor.dtype());
  for (std::size_t i = 0; i < movement.source.size(); ++i) {
    const auto from = tensor.bytes().subspan(movement.source[i] * size, size);
    std::copy(from.begin(), from.end(), result.mutable_bytes().subspan(i * size, size).begin());
  }
  return result;
}

class Lowering {
 public:
  Lowering(const Program& program, std::size_t inputs, Shape shape)
      : program_(program), network_(inputs), shape_(std::move(shape)) {}

  Result<Network> run();

 private:
  Result<Done> lower_node(const Node& node, const std::string& place);
  Result<Done> fold(const Node& node, const std::string& place);
  Result<Shape> lower_operation(const NodeAtHand& at);
  const Tensor* find_constant(ValueId value) const;

  const Program& program_;
  NetworkBuilder network_;
  ValueId current_ = 0;  ///< the chain's value; the program's input at first
  Shape shape_;
  std::map<ValueId, Tensor> folded_;  ///< constants that were only moved
};

const Tensor* Lowering::find_constant(ValueId value) const {
  if (value == core::no_value) return nullptr;
  const auto found = folded_.find(value);
  return found != folded_.end() ? &found->second : program_.find_constant(value);
}

Result<Network> Lowering::run() {
  for (std::size_t i = 0; i < program_.nodes.size(); ++i) {
    const Node& node = program_.nodes[i];
    ISOTRACE_TRY_DONE(lower_node(node, place_of(node, i)));
  }
  if (program_.outputs[0].value != current_) {
    return core::refuse(RefusalCode::prove_unsupported, "output " + program_.outputs[0].name,
                        "is not the result of the last node");
  }
  return network_.take();
}

Result<Done> Lowering::lower_node(const Node& node, const std::string& place) {
  NodeAtHand at{node, place, shape_, 0, {}};
  std::size_t uses = 0;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const ValueId value = node.inputs[i];
    at.constants.push_back(find_constant(value));
    if (value == current_) {
      at.chain_operand = i;
      ++uses;
    } else if (value != core::no_value && at.constants.back() == nullptr) {
      return at.unsupported("uses an earlier value: the graph is not a chain");
    }
  }
  if (node.outputs.size() != 1 || node.outputs[0] == core::no_value) {
    return at.unsupported("has not exactly one result");
  }
  if (uses == 0) return fold(node, place);
  if (uses > 1) return at.unsupported("uses one value twice");
  ISOTRACE_TRY(Shape result, lower_operation(at));
  shape_ = std::move(result);
  current_ = node.outputs[0];
  return Done{};
}

/// Exporters transpose and reshape constants in the graph.
Result<Done> Lowering::fold(const Node& node, const std::string& place) {
  const Tensor* value = node.inputs.empty() ? nullptr : find_constant(node.inputs[0]);
  const Shape none;
  NodeAtHand at{node, place, value == nullptr ? none : value->shape(), 0, {}};
  if (value == nullptr || !is_movement(node.op)) return at.unsupported("works on constants");
  for (ValueId input : node.inputs) at.constants.push_back(find_constant(input));
  ISOTRACE_TRY(const Movement movement, movement_of(at));
  folded_.emplace(node.outputs[0], moved(*value, movement));
  return Done{};
}

Result<Shape> Lowering::lower_operation(const NodeAtHand& at) {
  if (is_movement(at.node.op)) {
    if (at.chain_operand != 0) return at.unsupported("shape is not a constant");
    ISOTRACE_TRY(Movement movement, movement_of(at));
    if (!movement.source.empty()) {
      ISOTRACE_TRY_DONE(network_.reserve(at.place, network_.width(), network_.width()));
      network_.add_movement(movement.source);
    }
    return std::move(movement.shape);
  }
  switch (at.node.op) {
    case Op::relu:
      ISOTRACE_TRY_DONE(network_.reserve(at.place, network_.width(), 0));
      network_.add_relu();
      return at.shape;
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
    case Op::neg: return lower_elementwise(at, network_);
    case Op::matmul: return lower_matmul(at, network_);
    case Op::gemm: return lower_gemm(at, network_);
    case Op::conv: return lower_conv(at, network_);
    default: return at.unsupported("no bound is known for this operation");
  }
}

}  // namespace

Result<Network> lower_program(const Program& program) {
  const auto unsupported = [](std::string detail) {
    return core::refuse(RefusalCode::prove_unsupported, "program", std::move(detail));
  };
  if (program.inputs.size() != 1) return unsupported("has not exactly one input");
  if (program.outputs.size() != 1) return unsupported("has not exactly one output");
  if (program.inputs[0].dtype != core::Dtype::f32) return unsupported("input is not f32");
  Shape shape = program.inputs[0].shape;
  for (std::int64_t& dim : shape) dim = dim == -1 ? 1 : dim;
  ISOTRACE_TRY(const std::size_t inputs, core::element_count(shape));
  if (inputs == 0 || inputs > (std::size_t{1} << 24)) return unsupported("size of the input");
  return Lowering(program, inputs, std::move(shape)).run();
}

}  // namespace isotrace::proofs
