// The walk over the nodes: which values are alive, where they stand, and which rule reads a node.
#include "lower_program.hpp"

#include <algorithm>
#include <map>
#include <set>

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

/// Operations whose results are operands, or 0: the same for numbers of any type.
bool compares_only(Op op) {
  return op == Op::relu || op == Op::max || op == Op::min || op == Op::max_pool ||
         op == Op::global_max_pool || op == Op::reduce_max;
}

class Lowering {
 public:
  Lowering(const Program& program, std::size_t inputs, std::vector<WholeInputs> whole,
           bool order_only)
      : program_(program), order_only_(order_only), network_(inputs, std::move(whole)) {}

  Result<Network> run();

 private:
  void find_last_uses();
  Result<Done> lower_node(std::size_t index);
  Result<Done> fold(const NodeAtHand& at);
  Result<Done> fold_shape(const NodeAtHand& at);
  Result<Done> move(const NodeAtHand& at);
  Result<Done> move_with_constants(const NodeAtHand& at, const Movement& movement);
  Result<Done> compute(const NodeAtHand& at);
  Result<Shape> lower_operation(const NodeAtHand& at);
  Result<Done> gather_outputs();
  void keep_what_lives(std::size_t node);
  void settle(std::size_t node);
  const Tensor* find_constant(ValueId value) const;

  const Program& program_;
  bool order_only_;
  NetworkBuilder network_;
  std::map<ValueId, Value> values_;          ///< alive, or made by the node at hand
  std::map<ValueId, std::size_t> last_use_;  ///< node; nodes.size(): the program's outputs
  std::map<ValueId, Tensor> folded_;         ///< constants that were only moved
  std::vector<std::uint32_t> kept_from_;     ///< what keep_what_lives() asked for
};

const Tensor* Lowering::find_constant(ValueId value) const {
  const auto found = folded_.find(value);
  return found != folded_.end() ? &found->second : program_.find_constant(value);
}

void Lowering::find_last_uses() {
  for (std::size_t i = 0; i < program_.nodes.size(); ++i) {
    for (const ValueId value : program_.nodes[i].inputs) last_use_[value] = i;
  }
  for (const auto& output : program_.outputs) last_use_[output.value] = program_.nodes.size();
}

Result<Network> Lowering::run() {
  find_last_uses();
  std::size_t next = 0;
  for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
    Shape shape = program_.inputs[i].shape;
    for (std::int64_t& dim : shape) dim = dim == -1 ? 1 : dim;
    ISOTRACE_TRY(const std::size_t count, core::element_count(shape));
    values_[static_cast<ValueId>(i)] = {std::move(shape), count_up(count, next),
                                        program_.inputs[i].dtype};
    next += count;
  }
  for (std::size_t i = 0; i < program_.nodes.size(); ++i) ISOTRACE_TRY_DONE(lower_node(i));
  ISOTRACE_TRY_DONE(gather_outputs());
  return network_.take();
}

/// All outputs, one after the other, are the last layer's elements.
Result<Done> Lowering::gather_outputs() {
  std::vector<std::uint32_t> positions;
  for (const auto& output : program_.outputs) {
    const auto found = values_.find(output.value);
    if (found == values_.end()) {
      return core::refuse(RefusalCode::prove_unsupported, "output " + output.name,
                          "does not depend on the input");
    }
    const auto& from = found->second.positions;
    positions.insert(positions.end(), from.begin(), from.end());
  }
  network_.keep({});
  ISOTRACE_TRY_DONE(network_.reserve("outputs", positions.size(), positions.size()));
  if (positions != count_up(network_.width())) network_.add_movement(positions);
  return Done{};
}

Result<Done> Lowering::lower_node(std::size_t index) {
  const Node& node = program_.nodes[index];
  NodeAtHand at{node, place_of(node, index), {}};
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const ValueId id = node.inputs[i];
    const auto found = values_.find(id);
    Operand operand;
    if (found != values_.end()) operand.value = &found->second;
    if (id != core::no_value && operand.value == nullptr) operand.constant = find_constant(id);
    if (operand.value != nullptr && at.values++ == 0) at.first_value = i;
    if (id != core::no_value && operand.value == nullptr && operand.constant == nullptr) {
      return at.unsupported("uses a value that is not understood");
    }
    at.operands.push_back(operand);
  }
  if (node.op == Op::shape) return fold_shape(at);
  if (at.values == 0) return fold(at);
  keep_what_lives(index);
  ISOTRACE_TRY_DONE(is_movement(node.op) && !is_quantised(at) ? move(at) : compute(at));
  settle(index);
  return Done{};
}

/// Layers that the node makes have to hand on whatever is needed after it.
void Lowering::keep_what_lives(std::size_t node) {
  std::set<std::uint32_t> positions;
  for (const auto& [id, value] : values_) {
    if (last_use_[id] > node) positions.insert(value.positions.begin(), value.positions.end());
  }
  kept_from_.assign(positions.begin(), positions.end());
  network_.keep(kept_from_);
}

/// Values that live on stand where the node's layers handed them on to; the others are forgotten.
void Lowering::settle(std::size_t node) {
  const auto made = [&](ValueId id) {
    const auto& results = program_.nodes[node].outputs;
    return std::find(results.begin(), results.end(), id) != results.end();
  };
  std::erase_if(values_, [&](const auto& entry) {
    const auto use = last_use_.find(entry.first);
    return use == last_use_.end() || use->second <= node;
  });
  for (auto& [id, value] : values_) {
    if (made(id)) continue;
    for (std::uint32_t& position : value.positions) {
      const auto old = std::lower_bound(kept_from_.begin(), kept_from_.end(), position);
      position = network_.kept()[static_cast<std::size_t>(old - kept_from_.begin())];
    }
  }
}

/// Exporters compute shapes in the graph.
Result<Done> Lowering::fold_shape(const NodeAtHand& at) {
  if (at.values == 0 && at.constant(0) == nullptr) return at.unsupported("no operand");
  const Shape& shape = at.operands[0].shape();
  const auto rank = static_cast<std::int64_t>(shape.size());
  const auto place = [rank](std::int64_t axis) {
    return std::clamp<std::int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  const std::int64_t start = place(at.node.integer("start"));
  const std::int64_t end = std::max(start, place(at.node.integer("end")));
  const Shape sizes(shape.begin() + start, shape.begin() + end);
  folded_.emplace(at.node.outputs[0], Tensor::of<std::int64_t>({end - start}, sizes));
  return Done{};
}

/// Exporters transpose, reshape and dequantise constants in the graph.
Result<Done> Lowering::fold(const NodeAtHand& at) {
  if (at.node.op == Op::dequantize_linear) {
    ISOTRACE_TRY(Tensor made, dequantised(at));
    ISOTRACE_TRY_DONE(network_.reserve(at.place, made.elements(), 0));
    folded_.emplace(at.node.outputs[0], std::move(made));
    return Done{};
  }
  if (!is_movement(at.node.op)) return at.unsupported("works on constants");
  ISOTRACE_TRY(const std::vector<Movement> movements, movements_of(at));
  std::vector<core::ByteView> elements;
  const core::Dtype dtype = at.operands[0].constant->dtype();
  if (core::is_structured(dtype)) return at.unsupported("constants that are no tensors");
  const std::size_t size = core::dtype_bytes(dtype);
  for (const std::size_t operand : moved_operands(at)) {
    const Tensor* constant = at.constant(operand);
    if (constant == nullptr || constant->dtype() != dtype) return at.unsupported("element types");
    for (std::size_t i = 0; i < constant->elements(); ++i) {
      elements.push_back(constant->bytes().subspan(i * size, size));
    }
  }
  for (std::size_t r = 0; r < movements.size(); ++r) {
    ISOTRACE_TRY_DONE(network_.reserve(at.place, movements[r].source.size(), 0));
    Tensor made(dtype, movements[r].shape);
    for (std::size_t i = 0; i < movements[r].source.size(); ++i) {
      const std::uint32_t from = movements[r].source[i];
      if (from == Movement::filled) continue;  // a new tensor has zero bits
      std::copy(elements[from].begin(), elements[from].end(),
                made.mutable_bytes().subspan(i * size, size).begin());
    }
    if (at.node.outputs[r] != core::no_value) folded_.emplace(at.node.outputs[r], std::move(made));
  }
  return Done{};
}

Result<Done> Lowering::move(const NodeAtHand& at) {
  ISOTRACE_TRY(const std::vector<Movement> movements, movements_of(at));
  std::vector<std::uint32_t> positions;
  bool only_values = true;
  for (const std::size_t operand : moved_operands(at)) {
    const Value* value = at.operands[operand].value;
    only_values = only_values && value != nullptr;
    if (value != nullptr) {
      positions.insert(positions.end(), value->positions.begin(), value->positions.end());
    }
  }
  for (const Movement& movement : movements) {
    const auto& source = movement.source;
    only_values =
        only_values && std::find(source.begin(), source.end(), Movement::filled) == source.end();
  }
  if (!only_values) {
    if (movements.size() != 1) return at.unsupported("several results with constants");
    return move_with_constants(at, movements[0]);
  }
  // No layer: only the places change. Layers to come must keep what the results show.
  for (std::size_t r = 0; r < movements.size(); ++r) {
    ISOTRACE_TRY_DONE(network_.reserve(at.place, movements[r].source.size(), 0));
    Value made{movements[r].shape, {}, at.value().dtype};
    for (const std::uint32_t from : movements[r].source) made.positions.push_back(positions[from]);
    if (at.node.outputs[r] != core::no_value) values_[at.node.outputs[r]] = std::move(made);
  }
  return Done{};
}

/// Constants that are moved in become rows without weights, whose bias they are.
Result<Done> Lowering::move_with_constants(const NodeAtHand& at, const Movement& movement) {
  struct Element {
    bool is_value;
    std::uint32_t position;
    double constant;
  };
  std::vector<Element> elements;
  for (const std::size_t operand : moved_operands(at)) {
    if (const Value* value = at.operands[operand].value; value != nullptr) {
      for (const std::uint32_t position : value->positions) elements.push_back({true, position, 0});
      continue;
    }
    ISOTRACE_TRY(const auto constants, finite_floats(at, operand));
    for (const float c : constants) elements.push_back({false, 0, static_cast<double>(c)});
  }
  const std::size_t count = movement.source.size();
  ISOTRACE_TRY_DONE(network_.reserve(at.place, count, count));
  MatrixBuilder matrix = network_.rows();
  std::vector<double> bias(count, 0.0);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t from = movement.source[i];
    if (from != Movement::filled && elements[from].is_value) matrix.add(elements[from].position, 1);
    if (from != Movement::filled) bias[i] = elements[from].constant;
    matrix.end_row();
  }
  network_.add_affine(std::move(matrix), std::move(bias), 0);
  values_[at.node.outputs[0]] = {movement.shape, count_up(count), at.value().dtype};
  return Done{};
}

Result<Done> Lowering::compute(const NodeAtHand& at) {
  if (at.node.outputs.size() != 1 || at.node.outputs[0] == core::no_value) {
    return at.unsupported("has not exactly one result");
  }
  if (is_quantised(at)) {
    ISOTRACE_TRY(values_[at.node.outputs[0]], lower_quantised(at, network_));
    return Done{};
  }
  const core::Dtype dtype = at.value().dtype;
  for (const Operand& operand : at.operands) {
    const bool fits = operand.value == nullptr || operand.value->dtype == core::Dtype::f32;
    if (!fits && !compares_only(at.node.op)) return at.unsupported("of integers");
  }
  const bool is_last =
      program_.outputs.size() == 1 && program_.outputs[0].value == at.node.outputs[0];
  if (is_last && is_ordered_softmax(at)) network_.end_in_softmax(order_only_);
  if (order_only_ && is_last && is_ordered_softmax(at)) {
    ISOTRACE_TRY_DONE(bring_to_front(at, network_));
    values_[at.node.outputs[0]] = {at.value().shape, count_up(at.value().positions.size()), dtype};
    return Done{};
  }
  ISOTRACE_TRY(Shape shape, lower_operation(at));
  ISOTRACE_TRY(const std::size_t count, checked_count(at, shape));
  values_[at.node.outputs[0]] = {std::move(shape), count_up(count), dtype};
  return Done{};
}

Result<Shape> Lowering::lower_operation(const NodeAtHand& at) {
  switch (at.node.op) {
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
    case Op::neg: return lower_elementwise(at, network_);
    case Op::relu:
    case Op::leaky_relu:
    case Op::prelu:
    case Op::abs:
    case Op::clip:
    case Op::hard_sigmoid:
    case Op::max:
    case Op::min:
    case Op::sigmoid:
    case Op::tanh: return lower_piecewise(at, network_);
    case Op::matmul: return lower_matmul(at, network_);
    case Op::gemm: return lower_gemm(at, network_);
    case Op::conv:
    case Op::conv_transpose: return lower_conv(at, network_);
    case Op::max_pool:
    case Op::average_pool:
    case Op::global_max_pool:
    case Op::global_average_pool:
    case Op::reduce_sum:
    case Op::reduce_mean:
    case Op::reduce_max: return lower_pool(at, network_);
    case Op::batch_normalization: return lower_batch_normalization(at, network_);
    case Op::elu:
    case Op::selu:
    case Op::softplus:
    case Op::softmax: return lower_exponential(at, network_);
    default: return at.unsupported("no bound is known for this operation");
  }
}

}  // namespace

Result<Network> lower_program(const Program& program, bool order_only) {
  const auto unsupported = [](std::string detail) {
    return core::refuse(RefusalCode::prove_unsupported, "program", std::move(detail));
  };
  std::size_t inputs = 0;
  std::vector<WholeInputs> whole;
  for (const core::ProgramInput& input : program.inputs) {
    const auto range = range_of(input.dtype);
    if (!range && input.dtype != core::Dtype::f32) return unsupported("type of the input");
    Shape shape = input.shape;
    for (std::int64_t& dim : shape) dim = dim == -1 ? 1 : dim;
    ISOTRACE_TRY(const std::size_t count, core::element_count(shape));
    if (range) whole.push_back({inputs, count, range->first, range->second});
    inputs += std::min<std::size_t>(count, std::size_t{1} << 25);
    if (count == 0 || inputs > (std::size_t{1} << 24)) return unsupported("size of the input");
  }
  if (inputs == 0 || program.outputs.empty()) return unsupported("has no input or no output");
  return Lowering(program, inputs, std::move(whole), order_only).run();
}

}  // namespace isotrace::proofs
