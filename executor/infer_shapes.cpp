#include <isotrace/executor/infer_shapes.hpp>

#include <algorithm>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::executor {
namespace {

using core::Node;
using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using core::TensorView;

/// Shapes and index lists have few elements; anything larger is data.
constexpr std::size_t folded_elements_max = 256;

bool is_concrete(const std::optional<Shape>& shape) {
  return shape && std::none_of(shape->begin(), shape->end(), [](auto dim) { return dim < 0; });
}

bool is_small(const std::optional<Shape>& shape) {
  if (!is_concrete(shape)) return false;
  const auto count = core::element_count(*shape);
  return count && *count <= folded_elements_max;
}

/// Operations that carry shapes from Shape to Reshape, Slice and the like.
bool carries_shapes(Op op) {
  switch (op) {
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
    case Op::max:
    case Op::min:
    case Op::cast:
    case Op::where:
    case Op::equal:
    case Op::less:
    case Op::greater:
    case Op::identity:
    case Op::reshape:
    case Op::squeeze:
    case Op::unsqueeze:
    case Op::concat:
    case Op::split:
    case Op::slice:
    case Op::gather:
    case Op::expand:
    case Op::constant_of_shape: return true;
    default: return false;
  }
}

bool is_foldable(const Node& node, OperandInfos operands, const std::vector<ValueInfo>& results) {
  const bool small = std::all_of(results.begin(), results.end(), [](const ValueInfo& info) {
    return !core::is_float(info.dtype) && is_small(info.shape);
  });
  const bool known = std::all_of(operands.begin(), operands.end(), [](const auto& operand) {
    return !operand || (operand->content && is_small(operand->shape));
  });
  return small && known && carries_shapes(node.op);
}

/// The dimensions that Shape gives, if they are all known.
std::optional<core::Tensor> fold_shape(const Node& node, const ValueInfo& operand) {
  if (!operand.shape) return std::nullopt;
  const auto rank = static_cast<std::int64_t>(operand.shape->size());
  const auto place = [rank](std::int64_t axis) {
    return std::clamp<std::int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  const std::int64_t start = place(node.integer("start"));
  const std::int64_t end = std::max(start, place(node.integer("end")));
  const Shape dims(operand.shape->begin() + start, operand.shape->begin() + end);
  if (!is_concrete(dims)) return std::nullopt;
  return core::Tensor::of<std::int64_t>({end - start}, std::span<const std::int64_t>(dims));
}

Result<ValueInfo> input_info(const core::ProgramInput& input, const Shape* given) {
  if (given == nullptr) return ValueInfo{input.dtype, input.shape, std::nullopt};
  const bool fits =
      given->size() == input.shape.size() &&
      std::equal(given->begin(), given->end(), input.shape.begin(),
                 [](auto size, auto declared) { return declared < 0 || size == declared; });
  if (!fits) {
    return refuse(
        RefusalCode::input_mismatch, "input " + input.name,
        core::shape_text(*given) + " given, " + core::shape_text(input.shape) + " declared");
  }
  return ValueInfo{input.dtype, *given, std::nullopt};
}

}  // namespace

Result<std::vector<ValueInfo>> ShapeInference::infer(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(std::vector<ValueInfo> results, infer_node(node, operands));
  if (node.op == Op::shape) {
    if (auto dims = fold_shape(node, *operands[0])) {
      results[0].content = folded_.emplace_back(*std::move(dims)).view();
    }
    return results;
  }
  if (!is_foldable(node, operands, results)) return results;
  std::vector<std::optional<TensorView>> contents;
  for (const auto& operand : operands) {
    contents.push_back(operand ? operand->content : std::nullopt);
  }
  const core::FloatEnvironment environment;
  auto values = reference::evaluate(node, contents);
  // Folding is a convenience; what the reference refuses is refused when it runs.
  if (!values) return results;
  for (std::size_t i = 0; i < results.size() && i < values->size(); ++i) {
    results[i].content = folded_.emplace_back(std::move((*values)[i])).view();
  }
  return results;
}

std::string node_place(std::string_view noun, std::size_t index, const Node& node) {
  std::string place =
      std::string(noun) + " " + std::to_string(index) + " (" + std::string(op_info(node.op).name);
  if (!node.name.empty()) place += ", " + node.name;
  return place + ")";
}

Result<ProgramShapes> infer_shapes(const core::Program& program,
                                   std::span<const Shape> input_shapes) {
  if (!input_shapes.empty() && input_shapes.size() != program.inputs.size()) {
    return refuse(RefusalCode::input_mismatch, "inputs",
                  std::to_string(input_shapes.size()) + " shapes given");
  }
  ProgramShapes shapes;
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    const Shape* given = input_shapes.empty() ? nullptr : &input_shapes[i];
    ISOTRACE_TRY(ValueInfo info, input_info(program.inputs[i], given));
    shapes.values.push_back(std::move(info));
  }
  for (const core::Tensor& constant : program.constants) {
    shapes.values.push_back(info_of(constant));
  }
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    const Node& node = program.nodes[i];
    std::vector<std::optional<ValueInfo>> operands;
    for (const core::ValueId input : node.inputs) {
      operands.push_back(input == core::no_value ? std::nullopt
                                                 : std::optional(shapes.values[input]));
    }
    auto results = shapes.inference.infer(node, operands);
    if (!results) {
      return core::refuse_within(node_place("node", i, node), std::move(results).error());
    }
    for (std::size_t k = 0; k < results->size(); ++k) {
      if (node.outputs[k] != core::no_value) shapes.values.push_back(std::move((*results)[k]));
    }
  }
  return shapes;
}

}  // namespace isotrace::executor
