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

bool is_small(const ValueInfo& info) {
  if (info.elements_max) return *info.elements_max <= folded_elements_max;
  if (!is_concrete(info.shape)) return false;
  const auto count = core::element_count(*info.shape);
  return count && *count <= folded_elements_max;
}

/// Operations that carry shapes from Shape to Reshape, Slice and the like.
bool carries_shapes(Op op) {
  switch (op) {
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
    case Op::neg:
    case Op::abs:
    case Op::max:
    case Op::min:
    case Op::sum:
    case Op::mod:
    case Op::sign:
    case Op::cast:
    case Op::where:
    case Op::equal:
    case Op::less:
    case Op::greater:
    case Op::less_or_equal:
    case Op::greater_or_equal:
    case Op::logical_not:
    case Op::logical_and:
    case Op::logical_or:
    case Op::logical_xor:
    case Op::reduce_sum:
    case Op::reduce_max:
    case Op::reduce_min:
    case Op::reduce_prod:
    case Op::cum_sum:
    case Op::cum_prod:
    case Op::identity:
    case Op::reshape:
    case Op::flatten:
    case Op::transpose:
    case Op::squeeze:
    case Op::unsqueeze:
    case Op::concat:
    case Op::split:
    case Op::slice:
    case Op::gather:
    case Op::expand:
    case Op::tile:
    case Op::gather_elements:
    case Op::gather_nd:
    case Op::scatter_elements:
    case Op::scatter_nd:
    case Op::range:
    case Op::compress:
    case Op::non_zero:
    case Op::constant_of_shape: return true;
    default: return false;
  }
}

bool is_foldable(const Node& node, OperandInfos operands, const std::vector<ValueInfo>& results) {
  const bool small = std::all_of(results.begin(), results.end(), [](const ValueInfo& info) {
    return !core::is_float(info.dtype) && is_small(info);
  });
  const bool known = std::all_of(operands.begin(), operands.end(), [](const auto& operand) {
    return !operand || (operand->content && is_small(*operand));
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

/// The number of elements that Size gives, if it is known.
std::optional<core::Tensor> fold_size(const ValueInfo& operand) {
  if (!is_concrete(operand.shape)) return std::nullopt;
  const auto count = core::element_count(*operand.shape);
  if (!count) return std::nullopt;
  return core::Tensor::of<std::int64_t>({}, {static_cast<std::int64_t>(*count)});
}

ValueInfo declared_info(const core::ProgramInput& input) {
  if (input.shape == core::any_rank) return {input.dtype, std::nullopt, std::nullopt};
  return {input.dtype, input.shape, std::nullopt};
}

Result<ValueInfo> input_info(const core::ProgramInput& input, const Shape* given) {
  if (given == nullptr) return declared_info(input);
  if (!admits(input, *given)) {
    return refuse(
        RefusalCode::input_mismatch, "input " + input.name,
        core::shape_text(*given) + " given, " + core::shape_text(input.shape) + " declared");
  }
  return ValueInfo{input.dtype, *given, std::nullopt};
}

using Rule = Result<std::vector<ValueInfo>> (ShapeInference::*)(const Node&, OperandInfos);

/// Infers the results of every node; the values before them are there.
Result<core::Done> infer_nodes(const core::Program& program, ProgramShapes& shapes, Rule rule) {
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    const Node& node = program.nodes[i];
    std::vector<std::optional<ValueInfo>> operands;
    for (const core::ValueId input : node.inputs) {
      operands.push_back(input == core::no_value ? std::nullopt
                                                 : std::optional(shapes.values[input]));
    }
    auto results = (shapes.inference.*rule)(node, operands);
    if (!results) {
      return core::refuse_within(node_place("node", i, node), std::move(results).error());
    }
    for (std::size_t k = 0; k < results->size(); ++k) {
      if (node.outputs[k] != core::no_value) shapes.values.push_back(std::move((*results)[k]));
    }
  }
  return core::Done{};
}

}  // namespace

Result<std::vector<ValueInfo>> ShapeInference::infer_inside(const Node& node,
                                                            OperandInfos operands) {
  auto results = infer(node, operands);
  if (results) return results;
  std::vector<std::optional<ValueInfo>> types(operands.size());
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (operands[i]) types[i].emplace().dtype = operands[i]->dtype;
  }
  return infer(node, types);
}

Result<std::vector<ValueInfo>> ShapeInference::infer(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(std::vector<ValueInfo> results, infer_node(node, operands));
  if (node.op == Op::shape || node.op == Op::size) {
    auto value = node.op == Op::shape ? fold_shape(node, *operands[0]) : fold_size(*operands[0]);
    if (value) results[0].content = folded_.emplace_back(*std::move(value)).view();
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
    results[i] = info_of(folded_.emplace_back(std::move((*values)[i])));
  }
  return results;
}

Result<ValueInfo> join(const ValueInfo& a, const ValueInfo& b) {
  if (a.dtype != b.dtype) {
    return refuse(
        RefusalCode::operation_dtype_unsupported, "",
        std::string(core::dtype_name(a.dtype)) + " or " + std::string(dtype_name(b.dtype)));
  }
  ValueInfo both{a.dtype, std::nullopt, std::nullopt};
  if (!a.shape || !b.shape || a.shape->size() != b.shape->size()) return both;
  both.shape = a.shape;
  for (std::size_t i = 0; i < both.shape->size(); ++i) {
    if ((*a.shape)[i] != (*b.shape)[i]) (*both.shape)[i] = -1;
  }
  return both;
}

bool admits(const core::ProgramInput& input, std::span<const std::int64_t> shape) {
  return input.shape == core::any_rank ||
         std::equal(input.shape.begin(), input.shape.end(), shape.begin(), shape.end(),
                    [](auto declared, auto size) { return declared < 0 || size == declared; });
}

std::string display_name(const Node& node, const std::string& path) {
  return node.name.empty() && !path.empty() ? path + std::string(op_info(node.op).name)
                                            : path + node.name;
}

std::string node_place(std::string_view noun, std::size_t index, const Node& node,
                       const std::string& path) {
  std::string place =
      std::string(noun) + " " + std::to_string(index) + " (" + std::string(op_info(node.op).name);
  const std::string name = display_name(node, path);
  if (!name.empty()) place += ", " + name;
  return place + ")";
}

Result<std::vector<ValueInfo>> infer_outputs(const core::Program& program,
                                             std::span<const ValueInfo> inputs) {
  ISOTRACE_CHECK(inputs.size() == program.inputs.size(), inputs.size());
  ProgramShapes shapes;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ValueInfo info = declared_info(program.inputs[i]);
    if (info.dtype != inputs[i].dtype) {
      return refuse(RefusalCode::operation_dtype_unsupported, "input " + program.inputs[i].name,
                    std::string(core::dtype_name(inputs[i].dtype)));
    }
    if (inputs[i].shape) info = inputs[i];
    shapes.values.push_back(std::move(info));
  }
  for (const core::Tensor& constant : program.constants) {
    shapes.values.push_back(info_of(constant));
  }
  ISOTRACE_TRY_DONE(infer_nodes(program, shapes, &ShapeInference::infer_inside));
  std::vector<ValueInfo> outputs;
  for (const core::ProgramOutput& output : program.outputs) {
    outputs.push_back(std::move(shapes.values[output.value]));
    outputs.back().content.reset();  // may be owned by the inference
  }
  return outputs;
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
  ISOTRACE_TRY_DONE(infer_nodes(program, shapes, &ShapeInference::infer));
  return shapes;
}

}  // namespace isotrace::executor
