// Data movement, read off the reference: a node that is given the numbers of elements instead of
// their values says where each result element comes from.
#include <algorithm>

#include <isotrace/proofs/search/lowering.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::proofs::search {

using core::Done;
using core::Node;
using core::Op;
using core::Tensor;

/// Elements that one node may move: values can double with every Concat.
constexpr std::size_t elements_max = std::size_t{1} << 22;

bool Lowering::moves(Op op) {
  switch (op) {
    case Op::identity:
    case Op::cast:
    case Op::dropout:
    case Op::flatten:
    case Op::reshape:
    case Op::squeeze:
    case Op::unsqueeze:
    case Op::transpose:
    case Op::concat:
    case Op::split:
    case Op::slice:
    case Op::gather:
    case Op::pad:
    case Op::expand:
    case Op::tile:
    case Op::resize: return true;
    default: return false;
  }
}

namespace {

/// What the reference is given for an operand that is not moved: numbers are padded with their own
/// zero, which is none of a stated type.
core::Result<std::optional<core::TensorView>> movement_parameter(const Node& node,
                                                                 std::size_t operand,
                                                                 const Tensor& constant) {
  if (node.op != Op::pad || operand != 2) return std::optional(constant.view());
  const auto bytes = constant.bytes();
  if (std::any_of(bytes.begin(), bytes.end(), [](auto byte) { return byte != 0; })) {
    return unsupported("padding with a stated value");
  }
  return std::optional<core::TensorView>();
}

/// Casts and resizes that do more than move.
core::Result<Done> check_moves(const Node& node) {
  if (node.op == Op::cast && node.integer("to") != static_cast<std::int64_t>(core::Dtype::f32)) {
    return unsupported("to another element type");
  }
  if (node.op == Op::resize &&
      (node.text("mode") != "nearest" ||
       node.text("coordinate_transformation_mode") == "tf_crop_and_resize")) {
    return unsupported("other than nearest elements");
  }
  return Done{};
}

}  // namespace

Lowering::Step Lowering::move(const Node& node) {
  ISOTRACE_TRY_DONE(check_moves(node));
  if (node.op == Op::dropout || node.op == Op::cast) {
    // Outside of training the one hands its operand on, and so does the other for finite floats.
    if (node.outputs.size() != 1) return unsupported("training mode or mask");
    values_[node.outputs[0]] = front_;
    return Done{};
  }
  // Number 0 stands for filled-in zeros; element e of all moved operands together has e + 1.
  std::vector<SparseRow> elements = {{}};
  std::vector<Tensor> numbers;
  numbers.reserve(node.inputs.size());
  std::vector<std::optional<core::TensorView>> operands;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Front* value = find_value(node, i);
    const Tensor* constant = value == nullptr ? find_constant(node.inputs[i]) : nullptr;
    if (value == nullptr && constant == nullptr) {
      operands.emplace_back();
      continue;
    }
    if (i != 0 && node.op != Op::concat) {
      if (constant == nullptr) return unsupported("operand is not constant");
      ISOTRACE_TRY(auto parameter, movement_parameter(node, i, *constant));
      operands.push_back(parameter);
      continue;
    }
    if (value == nullptr && constant->dtype() != core::Dtype::f32) return unsupported("not f32");
    const std::size_t more = value != nullptr ? value->neurons.size() : constant->elements();
    if (more > elements_max - std::min(elements.size(), elements_max)) {
      return core::refuse(core::RefusalCode::limit_exceeded, "",
                          "more than " + std::to_string(elements_max) + " elements");
    }
    Tensor& numbered =
        numbers.emplace_back(core::Dtype::i64, value != nullptr ? value->shape : constant->shape());
    for (std::size_t e = 0; e < numbered.elements(); ++e) {
      numbered.data<std::int64_t>()[e] = static_cast<std::int64_t>(elements.size());
      if (value != nullptr) {
        elements.push_back({{{value->neurons[e], 1}}, 0});
      } else {
        elements.push_back({{}, double{constant->data<float>()[e]}});
      }
    }
    operands.emplace_back(numbered.view());
  }
  ISOTRACE_TRY(const std::vector<Tensor> results, reference::evaluate(node, operands));
  for (std::size_t r = 0; r < node.outputs.size(); ++r) {
    if (node.outputs[r] == core::no_value) continue;
    Front made{results[r].shape(), {}, front_.dtype};
    std::vector<SparseRow> rows;
    bool only_values = true;
    for (const std::int64_t number : results[r].data<std::int64_t>()) {
      rows.push_back(elements[static_cast<std::size_t>(number)]);
      only_values = only_values && !rows.back().weights.empty();
      if (only_values) made.neurons.push_back(rows.back().weights[0].first);
    }
    if (!only_values) {
      if (node.outputs.size() != 1) return unsupported("several results with constants");
      ISOTRACE_TRY_DONE(add_rows(rows, 0));
      start_front(made.shape, made.dtype);
      made = front_;
    }
    values_[node.outputs[r]] = std::move(made);
  }
  bias_open_ = bias_open_ && node.outputs.size() == 1;
  return Done{};
}

}  // namespace isotrace::proofs::search
