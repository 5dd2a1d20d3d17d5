#include <isotrace/executor/change_shape.hpp>

#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::executor {
namespace {

using core::Op;
using core::Result;
using core::Shape;
using core::TensorView;

Result<Shape> reshaped(const core::Node& node, reference::Dims shape, const TensorView& requested) {
  ISOTRACE_TRY(const auto sizes, reference::read_integers(requested));
  return reference::reshaped_shape(shape, sizes, node.integer("allowzero") != 0);
}

Result<Shape> squeezed(reference::Dims shape, const TensorView* axes) {
  if (axes == nullptr) return reference::squeezed_shape(shape, nullptr);
  ISOTRACE_TRY(const auto list, reference::read_integers(*axes));
  return reference::squeezed_shape(shape, &list);
}

Result<Shape> unsqueezed(reference::Dims shape, const TensorView& axes) {
  ISOTRACE_TRY(const auto list, reference::read_integers(axes));
  return reference::unsqueezed_shape(shape, list);
}

/// Of one of the operations below, whose operands are there.
Result<Shape> changed_shape(const core::Node& node, core::Operands operands) {
  const reference::Dims shape = operands[0]->shape();
  const TensorView* list = operands.size() > 1 && operands[1] ? &*operands[1] : nullptr;
  switch (node.op) {
    case Op::reshape: return reshaped(node, shape, *list);
    case Op::flatten: return reference::flattened_shape(shape, node.integer("axis"));
    case Op::squeeze: return squeezed(shape, list);
    case Op::unsqueeze: return unsqueezed(shape, *list);
    default: return Shape(shape.begin(), shape.end());
  }
}

}  // namespace

bool changes_shape_only(Op op) {
  return op == Op::identity || op == Op::reshape || op == Op::flatten || op == Op::squeeze ||
         op == Op::unsqueeze;
}

bool reads_shape_only(Op op) { return changes_shape_only(op) || op == Op::shape || op == Op::size; }

std::optional<Shape> find_changed_shape(const core::Node& node, core::Operands operands) {
  if (!changes_shape_only(node.op) || node.outputs.size() != 1) return std::nullopt;
  const core::OpInfo& info = core::op_info(node.op);
  if (operands.size() < info.inputs_min) return std::nullopt;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i] && i < info.inputs_min) return std::nullopt;
    if (operands[i] && core::is_structured(operands[i]->dtype())) return std::nullopt;
  }
  auto shape = changed_shape(node, operands);
  if (!shape) return std::nullopt;
  const auto elements = core::element_count(*shape);
  if (!elements || *elements != operands[0]->elements()) return std::nullopt;
  return *std::move(shape);
}

}  // namespace isotrace::executor
