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
  for (std::size_t i = 0; i < program_.nodes.size(); ++i) {
    for (const ValueId value : program_.nodes[i].inputs) last_use_[value] = i;
  }
  for (const auto& output : program_.outputs) last_use_[output.value] = program_.nodes.size();
  ISOTRACE_TRY_DONE(read_inputs());
  for (std::size_t i = 0; i < program_.nodes.size(); ++i) {
    auto done = lower(program_.nodes[i], i);
    if (done) done = settle();
    if (!done) return core::refuse_within(place_of(program_.nodes[i], i), std::move(done).error());
  }
  return finish();
}

/// All inputs side by side.
Lowering::Step Lowering::read_inputs() {
  for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
    const core::ProgramInput& input = program_.inputs[i];
    const auto refuse = [&](const char* detail) {
      return core::refuse(RefusalCode::prove_unsupported, "input " + input.name, detail);
    };
    const auto range = range_of(input.dtype);
    if (!range && input.dtype != core::Dtype::f32) return refuse("of another type");
    if (input.shape == core::any_rank) return refuse("of any rank");
    Shape shape = input.shape;
    for (std::int64_t& dim : shape) dim = dim < 0 ? 1 : dim;
    ISOTRACE_TRY(const std::size_t elements, core::element_count(shape));
    if (elements == 0 || elements > inputs_max - network_.inputs) {
      return refuse("no elements, or too many");
    }
    if (range) network_.whole.push_back({network_.inputs, elements, range->first, range->second});
    Front front{std::move(shape), std::vector<std::uint32_t>(elements), input.dtype};
    std::iota(front.neurons.begin(), front.neurons.end(),
              static_cast<std::uint32_t>(network_.inputs));
    values_[static_cast<ValueId>(i)] = std::move(front);
    network_.inputs += elements;
  }
  if (program_.inputs.empty() || program_.outputs.empty()) {
    return core::refuse(RefusalCode::prove_unsupported, "program", "has no input or no output");
  }
  return Done{};
}

const Lowering::Front* Lowering::find_value(const Node& node, std::size_t index) const {
  if (index >= node.inputs.size()) return nullptr;
  const auto found = values_.find(node.inputs[index]);
  return found == values_.end() ? nullptr : &found->second;
}

/// The neurons of values that are needed after a node.
void Lowering::keep_what_lives(std::size_t node) {
  std::erase_if(values_, [&](const auto& entry) {
    const auto use = last_use_.find(entry.first);
    return use == last_use_.end() || use->second < node;
  });
  kept_.clear();
  for (const auto& [id, value] : values_) {
    if (last_use_[id] > node) kept_.insert(kept_.end(), value.neurons.begin(), value.neurons.end());
  }
  std::sort(kept_.begin(), kept_.end());
  kept_.erase(std::unique(kept_.begin(), kept_.end()), kept_.end());
}

Lowering::Step Lowering::lower(const Node& node, std::size_t index) {
  keep_what_lives(index);
  std::size_t uses = 0;
  for (std::size_t i = node.inputs.size(); i-- > 0;) {
    if (const Front* value = find_value(node, i); value != nullptr) {
      ++uses;
      front_ = *value;
      front_operand_ = i;
    } else if (node.inputs[i] != core::no_value && find_constant(node.inputs[i]) == nullptr) {
      return unsupported("uses a value that is not understood");
    }
  }
  if (uses == 0 || node.op == Op::shape) return fold(node);
  if (moves(node.op) && !is_quantised(node)) return move(node);
  if (node.outputs.size() != 1 || node.outputs[0] == core::no_value) {
    return unsupported("has not exactly one result");
  }
  const bool takes_several = node.op == Op::max || node.op == Op::min ||
                             ((node.op == Op::add || node.op == Op::sub) && uses == 2);
  if (uses > 1 && !takes_several) return unsupported("several operands are not constant");
  const core::Dtype dtype = front_.dtype;
  if (gives_outputs(node)) (order_only_ ? network_.order_only : network_.is_distribution) = true;
  if (network_.order_only) {
    values_[node.outputs[0]] = front_;
    return Done{};
  }
  const bool compares = node.op == Op::relu || node.op == Op::max || node.op == Op::min ||
                        node.op == Op::max_pool || node.op == Op::global_max_pool ||
                        node.op == Op::reduce_max;
  if (is_quantised(node)) {
    ISOTRACE_TRY_DONE(lower_quantised(node));
    values_[node.outputs[0]] = front_;
    return Done{};
  }
  if (dtype != core::Dtype::f32 && !compares) return unsupported("of integers");
  ISOTRACE_TRY_DONE(uses == 2 && (node.op == Op::add || node.op == Op::sub)
                        ? lower_sum(node)
                        : lower_operation(node));
  front_.dtype = dtype;
  values_[node.outputs[0]] = front_;
  return Done{};
}

Lowering::Step Lowering::lower_operation(const Node& node) {
  switch (node.op) {
    case Op::matmul: return lower_matmul(node);
    case Op::gemm: return lower_gemm(node);
    case Op::conv: return lower_conv(node);
    case Op::conv_transpose: return lower_conv_transpose(node);
    case Op::reduce_sum:
    case Op::reduce_mean:
    case Op::reduce_max: return lower_reduction(node);
    case Op::relu: return lower_relu();
    case Op::sigmoid: return lower_activation(Activation::sigmoid);
    case Op::tanh: return lower_activation(Activation::tanh);
    case Op::leaky_relu:
      return lower_slopes(std::vector<double>(front_.neurons.size(), double{node.real("alpha")}));
    case Op::prelu: return lower_prelu(node);
    case Op::abs: return lower_abs();
    case Op::clip: return lower_clip(node);
    case Op::hard_sigmoid: return lower_hard_sigmoid(node);
    case Op::max:
    case Op::min: return lower_extremes(node);
    case Op::max_pool:
    case Op::average_pool:
    case Op::global_max_pool:
    case Op::global_average_pool: return lower_pool(node);
    case Op::elu:
    case Op::selu: return lower_elu(node);
    case Op::softplus: return lower_softplus();
    case Op::softmax: return lower_softmax(node);
    case Op::batch_normalization: return lower_batch_normalization(node);
    case Op::neg: return lower_neg();
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div: return lower_elementwise(node);
    default: return unsupported("no bound for this operation");
  }
}

/// Exporters compute with constants, and with shapes of values, in the graph; the reference says
/// what comes out.
Lowering::Step Lowering::fold(const Node& node) {
  std::vector<std::optional<core::TensorView>> operands;
  std::vector<Tensor> shapes;
  shapes.reserve(node.inputs.size());
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor* constant = find_constant(node.inputs[i]);
    if (const Front* value = find_value(node, i); value != nullptr) {
      constant = &shapes.emplace_back(value->dtype, value->shape);
    }
    operands.push_back(constant == nullptr ? std::nullopt
                                           : std::optional<core::TensorView>(constant->view()));
  }
  ISOTRACE_TRY(std::vector<Tensor> results, reference::evaluate(node, operands));
  for (std::size_t r = 0; r < node.outputs.size(); ++r) {
    if (node.outputs[r] != core::no_value) folded_.emplace(node.outputs[r], std::move(results[r]));
  }
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
  return index == front_operand_ && find_value(node, index) != nullptr;
}

std::size_t Lowering::newest_width() const {
  return network_.layers.empty() ? network_.inputs : network_.layers.back().out;
}

void Lowering::start_front(Shape shape, core::Dtype dtype) {
  front_.shape = std::move(shape);
  front_.dtype = dtype;
  front_.neurons.resize(count(front_.shape));
  std::iota(front_.neurons.begin(), front_.neurons.end(), 0U);
}

Result<Network> Lowering::finish() {
  network_.real = level_ == Level::real;
  if (network_.layers.empty()) ISOTRACE_TRY_DONE(push_identity());
  ISOTRACE_TRY_DONE(settle());
  for (const auto& output : program_.outputs) {
    const auto found = values_.find(output.value);
    if (found == values_.end()) {
      return core::refuse(RefusalCode::prove_unsupported, "output " + output.name,
                          "does not depend on the input");
    }
    const auto& neurons = found->second.neurons;
    network_.output_neurons.insert(network_.output_neurons.end(), neurons.begin(), neurons.end());
  }
  const auto finite = [](double value) { return std::isfinite(value); };
  for (Layer& layer : network_.layers) {
    const std::vector<double>& standing = layer.sparse.weights;
    if (!std::all_of(layer.weights.begin(), layer.weights.end(), finite) ||
        !std::all_of(standing.begin(), standing.end(), finite) ||
        !std::all_of(layer.bias.begin(), layer.bias.end(), finite)) {
      return core::refuse(RefusalCode::prove_unsupported, "weights", "not finite");
    }
    if (layer.kind == Layer::Kind::dense) fill_copies(layer);
  }
  return std::move(network_);
}

Result<Network> lower_program(const core::Program& program, Level level, bool order_only) {
  return Lowering(program, level, order_only).run();
}

}  // namespace isotrace::proofs::search
