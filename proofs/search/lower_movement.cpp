// Data movement: only the front's shape or the order of its elements changes.
#include <algorithm>

#include <isotrace/proofs/search/lowering.hpp>

namespace isotrace::proofs::search {
namespace {

using core::Done;
using core::Node;
using core::Op;
using core::RefusalCode;
using core::Result;
using core::Shape;

}  // namespace

Lowering::Step Lowering::move(const Node& node) {
  switch (node.op) {
    case Op::identity: return Done{};
    case Op::flatten: return reshape_to(flattened(node.integer("axis")));
    case Op::reshape: return lower_reshape(node);
    case Op::transpose: return lower_transpose(node);
    case Op::squeeze:
    case Op::unsqueeze: return lower_squeeze(node);
    default: return unsupported("no bound for this operation");
  }
}

Shape Lowering::flattened(std::int64_t axis) const {
  const auto rank = static_cast<std::int64_t>(front_.shape.size());
  if (axis < 0) axis += rank;
  const auto middle = front_.shape.begin() + std::clamp<std::int64_t>(axis, 0, rank);
  return {static_cast<std::int64_t>(count({front_.shape.begin(), middle})),
          static_cast<std::int64_t>(count({middle, front_.shape.end()}))};
}

Lowering::Step Lowering::reshape_to(Shape shape) {
  const auto elements = core::element_count(shape);
  if (!elements || *elements != front_.neurons.size()) {
    return core::refuse(RefusalCode::shape_mismatch, "", core::shape_text(shape));
  }
  front_.shape = std::move(shape);
  return Done{};
}

Lowering::Step Lowering::lower_reshape(const Node& node) {
  ISOTRACE_TRY(Shape shape, integers(node, 1));
  std::int64_t known = 1;
  std::size_t open = shape.size();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && node.integer("allowzero") == 0 && i < front_.shape.size()) {
      shape[i] = front_.shape[i];
    }
    if (shape[i] == -1) {
      open = i;
    } else if (shape[i] < 0 || shape[i] > (1 << 24) || known > (1 << 24)) {
      return unsupported("shape");
    } else {
      known *= shape[i];
    }
  }
  if (open < shape.size()) {
    if (known == 0) return unsupported("shape");
    shape[open] = static_cast<std::int64_t>(front_.neurons.size()) / known;
  }
  return reshape_to(std::move(shape));
}

Result<Shape> Lowering::integers(const Node& node, std::size_t index) const {
  const core::Tensor* constant =
      index < node.inputs.size() ? find_constant(node.inputs[index]) : nullptr;
  if (constant == nullptr || constant->dtype() != core::Dtype::i64) {
    return unsupported("shape or axes are not an i64 constant");
  }
  const auto values = constant->data<std::int64_t>();
  return Shape(values.begin(), values.end());
}

Lowering::Step Lowering::lower_transpose(const Node& node) {
  const std::size_t rank = front_.shape.size();
  std::vector<std::int64_t> perm = node.integers("perm");
  if (perm.empty()) {
    for (std::size_t i = rank; i-- > 0;) perm.push_back(static_cast<std::int64_t>(i));
  }
  if (perm.size() != rank) return core::refuse(RefusalCode::shape_mismatch, "", "perm");
  std::vector<std::size_t> step(rank, 1);
  for (std::size_t i = rank; i-- > 1;) {
    step[i - 1] = step[i] * static_cast<std::size_t>(front_.shape[i]);
  }
  Front moved;
  std::vector<std::size_t> moved_step;
  for (const std::int64_t axis : perm) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(rank)) return unsupported("perm");
    moved.shape.push_back(front_.shape[static_cast<std::size_t>(axis)]);
    moved_step.push_back(step[static_cast<std::size_t>(axis)]);
  }
  if (count(moved.shape) != front_.neurons.size()) return unsupported("perm");
  moved.neurons.resize(front_.neurons.size());
  for (std::size_t flat = 0; flat < moved.neurons.size(); ++flat) {
    std::size_t rest = flat;
    std::size_t from = 0;
    for (std::size_t i = rank; i-- > 0;) {
      from += rest % static_cast<std::size_t>(moved.shape[i]) * moved_step[i];
      rest /= static_cast<std::size_t>(moved.shape[i]);
    }
    moved.neurons[flat] = front_.neurons[from];
  }
  front_ = std::move(moved);
  return Done{};
}

/// Only ones come or go, so the element order stays; the shape follows the axes.
Lowering::Step Lowering::lower_squeeze(const Node& node) {
  const bool removes = node.op == Op::squeeze;
  const bool all = node.inputs.size() < 2 || node.inputs[1] == core::no_value;
  Shape axes;
  if (!all) {
    ISOTRACE_TRY(axes, integers(node, 1));
  }
  const std::size_t rank = front_.shape.size() + (removes ? 0 : axes.size());
  std::vector<bool> chosen(rank, false);
  for (std::int64_t axis : axes) {
    if (axis < 0) axis += static_cast<std::int64_t>(rank);
    if (axis < 0 || axis >= static_cast<std::int64_t>(rank)) return unsupported("axes");
    chosen[static_cast<std::size_t>(axis)] = true;
  }
  Shape shape;
  std::size_t next = 0;
  for (std::size_t i = 0; i < rank; ++i) {
    if (removes) {
      if (all ? front_.shape[i] != 1 : !chosen[i]) shape.push_back(front_.shape[i]);
    } else {
      if (!chosen[i] && next == front_.shape.size()) return unsupported("axes");
      shape.push_back(chosen[i] ? 1 : front_.shape[next++]);
    }
  }
  return reshape_to(std::move(shape));
}

}  // namespace isotrace::proofs::search
