#include <isotrace/proofs/search/lower_program.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <isotrace/proofs/search/lowering.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::proofs::search {
namespace {

using core::Done;
using core::Node;
using core::Op;
using core::RefusalCode;
using core::Result;
using core::Shape;
using core::Tensor;
using core::ValueId;

constexpr std::size_t inputs_max = std::size_t{1} << 20;

std::string place_of(const Node& node, std::size_t index) {
  return "node " + std::to_string(index) + " (" + std::string(core::op_info(node.op).name) + ", " +
         node.name.substr(0, 64) + ")";
}

void fill_copies(Layer& layer) {
  layer.absolute = layer.weights;
  for (double& weight : layer.absolute) weight = std::fabs(weight);
  const std::size_t stride = padded(layer.out);
  layer.transposed.assign(layer.in * stride, 0);
  for (std::size_t o = 0; o < layer.out; ++o) {
    for (std::size_t i = 0; i < layer.in; ++i) layer.transposed[i * stride + o] = layer.row(o)[i];
  }
}

}  // namespace

std::size_t count(const Shape& shape) {
  std::size_t product = 1;
  for (const std::int64_t dim : shape) product *= static_cast<std::size_t>(dim);
  return product;
}

Result<Network> Lowering::run() {
  ISOTRACE_TRY_DONE(read_input());
  for (std::size_t i = 0; i < program_.nodes.size(); ++i) {
    auto done = lower(program_.nodes[i]);
    if (!done) return core::refuse_within(place_of(program_.nodes[i], i), std::move(done).error());
  }
  return finish();
}

Lowering::Step Lowering::read_input() {
  if (program_.inputs.size() != 1 || program_.outputs.size() != 1) {
    return core::refuse(RefusalCode::prove_unsupported, "program",
                        "exactly one input and one output are supported");
  }
  const core::ProgramInput& input = program_.inputs[0];
  if (input.dtype != core::Dtype::f32) {
    return core::refuse(RefusalCode::prove_unsupported, "input " + input.name, "not f32");
  }
  if (input.shape == core::any_rank) {
    return core::refuse(RefusalCode::prove_unsupported, "input " + input.name, "of any rank");
  }
  Shape shape = input.shape;
  for (std::int64_t& dim : shape) dim = dim < 0 ? 1 : dim;
  ISOTRACE_TRY(network_.inputs, core::element_count(shape));
  if (network_.inputs == 0 || network_.inputs > inputs_max) {
    return core::refuse(RefusalCode::prove_unsupported, "input " + input.name,
                        "no elements, or too many");
  }
  start_front(std::move(shape));
  return Done{};
}

Lowering::Step Lowering::lower(const Node& node) {
  std::size_t uses = 0;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (is_front(node, i)) {
      ++uses;
    } else if (node.inputs[i] != core::no_value && find_constant(node.inputs[i]) == nullptr) {
      return unsupported("uses an earlier value: the graph is not a chain");
    }
  }
  if (node.outputs.size() != 1 || node.outputs[0] == core::no_value) {
    return unsupported("has not exactly one result");
  }
  if (uses == 0) return fold(node);
  if (uses > 1) return unsupported("uses one value twice");
  ISOTRACE_TRY_DONE(lower_operation(node));
  front_value_ = node.outputs[0];
  return Done{};
}

Lowering::Step Lowering::lower_operation(const Node& node) {
  switch (node.op) {
    case Op::matmul: return lower_matmul(node);
    case Op::gemm: return lower_gemm(node);
    case Op::conv: return lower_conv(node);
    case Op::relu: return lower_relu();
    case Op::neg: return lower_neg();
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div: return lower_elementwise(node);
    default: return move(node);
  }
}

/// Exporters compute with constants in the graph; the reference says what comes out.
Lowering::Step Lowering::fold(const Node& node) {
  std::vector<std::optional<core::TensorView>> operands;
  for (const ValueId input : node.inputs) {
    const Tensor* constant = find_constant(input);
    operands.push_back(constant == nullptr ? std::nullopt
                                           : std::optional<core::TensorView>(constant->view()));
  }
  ISOTRACE_TRY(std::vector<Tensor> results, reference::evaluate(node, operands));
  folded_.emplace(node.outputs[0], std::move(results[0]));
  return Done{};
}

const Tensor* Lowering::find_constant(ValueId value) const {
  if (value == core::no_value) return nullptr;
  const auto found = folded_.find(value);
  return found != folded_.end() ? &found->second : program_.find_constant(value);
}

const Tensor* Lowering::find_f32(const Node& node, std::size_t index) const {
  const Tensor* constant = index < node.inputs.size() ? find_constant(node.inputs[index]) : nullptr;
  return constant != nullptr && constant->dtype() == core::Dtype::f32 ? constant : nullptr;
}

bool Lowering::is_front(const Node& node, std::size_t index) const {
  return index < node.inputs.size() && node.inputs[index] == front_value_;
}

std::size_t Lowering::newest_width() const {
  return network_.layers.empty() ? network_.inputs : network_.layers.back().out;
}

void Lowering::start_front(Shape shape) {
  front_.shape = std::move(shape);
  front_.neurons.resize(count(front_.shape));
  std::iota(front_.neurons.begin(), front_.neurons.end(), 0U);
}

Result<Network> Lowering::finish() {
  if (program_.outputs[0].value != front_value_) {
    return core::refuse(RefusalCode::prove_unsupported, "output",
                        "is not the end of the chain of operations");
  }
  if (network_.layers.empty()) push_identity();
  network_.output_neurons = front_.neurons;
  const auto finite = [](double value) { return std::isfinite(value); };
  for (Layer& layer : network_.layers) {
    if (!std::all_of(layer.weights.begin(), layer.weights.end(), finite) ||
        !std::all_of(layer.bias.begin(), layer.bias.end(), finite)) {
      return core::refuse(RefusalCode::prove_unsupported, "weights", "not finite");
    }
    if (layer.kind == Layer::Kind::dense) fill_copies(layer);
  }
  return std::move(network_);
}

Result<Network> lower_program(const core::Program& program, Level level) {
  return Lowering(program, level).run();
}

}  // namespace isotrace::proofs::search
