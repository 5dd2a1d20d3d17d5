// Data movement that keeps every element: Identity, Cast to the same type, Dropout, Flatten,
// Reshape, Squeeze, Unsqueeze, Transpose; and Expand, which repeats them. Exact in every
// arithmetic.
#include <algorithm>
#include <numeric>

#include <isotrace/core/limits.hpp>

#include "lowering.hpp"

namespace isotrace::proofs {
namespace {

using core::Op;
using core::Result;
using core::Shape;

std::int64_t product(std::span<const std::int64_t> dims) {
  return std::accumulate(dims.begin(), dims.end(), std::int64_t{1}, std::multiplies<>());
}

const Shape& shape_of(const NodeAtHand& at) { return at.operands[0].shape(); }

Result<Shape> flattened(const NodeAtHand& at) {
  const auto rank = static_cast<std::int64_t>(shape_of(at).size());
  std::int64_t axis = at.node.integer("axis");
  if (axis < 0) axis += rank;
  if (axis < 0 || axis > rank) return at.unsupported("axis");
  const std::span<const std::int64_t> dims(shape_of(at));
  const auto split = static_cast<std::size_t>(axis);
  return Shape{product(dims.first(split)), product(dims.subspan(split))};
}

Result<Shape> reshaped(const NodeAtHand& at) {
  ISOTRACE_TRY(Shape shape, integers_of(at, 1));
  if (shape.size() > core::limits::tensor_rank_max) return at.unsupported("rank");
  std::int64_t known = 1;
  std::int64_t* inferred = nullptr;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    std::int64_t& dim = shape[i];
    if (dim == 0 && at.node.integer("allowzero") == 0 && i < shape_of(at).size())
      dim = shape_of(at)[i];
    if (dim == -1 && inferred == nullptr) {
      inferred = &dim;
    } else if (dim < 1 || __builtin_mul_overflow(known, dim, &known)) {
      return at.unsupported("shape " + core::shape_text(shape));
    }
  }
  const std::int64_t total = product(shape_of(at));
  if (inferred != nullptr) *inferred = total / known;
  if (inferred != nullptr ? total % known != 0 : total != known) {
    return at.unsupported(core::shape_text(shape_of(at)) + " to " + core::shape_text(shape));
  }
  return shape;
}

Result<Shape> squeezed(const NodeAtHand& at) {
  std::vector<bool> drop(shape_of(at).size());
  if (at.constant(1) != nullptr) {
    ISOTRACE_TRY(drop, marked_axes(at, shape_of(at).size()));
  } else {
    std::transform(shape_of(at).begin(), shape_of(at).end(), drop.begin(),
                   [](auto d) { return d == 1; });
  }
  Shape shape;
  for (std::size_t i = 0; i < shape_of(at).size(); ++i) {
    if (!drop[i]) shape.push_back(shape_of(at)[i]);
    if (drop[i] && shape_of(at)[i] != 1) return at.unsupported("axis is not of size 1");
  }
  return shape;
}

Result<Shape> unsqueezed(const NodeAtHand& at) {
  ISOTRACE_TRY(const Shape axes, integers_of(at, 1));
  const std::size_t rank = shape_of(at).size() + axes.size();
  if (rank > core::limits::tensor_rank_max) return at.unsupported("rank");
  ISOTRACE_TRY(const std::vector<bool> added, marked_axes(at, rank));
  Shape shape;
  std::size_t next = 0;
  for (std::size_t i = 0; i < rank; ++i) shape.push_back(added[i] ? 1 : shape_of(at)[next++]);
  return shape;
}

Result<Movement> transposed(const NodeAtHand& at) {
  const std::size_t rank = shape_of(at).size();
  Shape order = at.node.integers("perm");
  if (order.empty()) {
    order.resize(rank);
    std::iota(order.rbegin(), order.rend(), 0);
  }
  Shape sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (sorted.size() != rank || sorted[i] != static_cast<std::int64_t>(i)) {
      return at.unsupported("perm");
    }
  }
  Movement movement;
  std::vector<std::size_t> strides(rank, 1);
  for (std::size_t i = rank; i-- > 1;) {
    strides[i - 1] = strides[i] * static_cast<std::size_t>(shape_of(at)[i]);
  }
  for (std::int64_t axis : order)
    movement.shape.push_back(shape_of(at)[static_cast<std::size_t>(axis)]);
  movement.source.assign(static_cast<std::size_t>(product(shape_of(at))), 0);
  for (std::size_t element = 0; element < movement.source.size(); ++element) {
    std::size_t rest = element;
    for (std::size_t i = rank; i-- > 0;) {
      const auto dim = static_cast<std::size_t>(movement.shape[i]);
      movement.source[element] +=
          static_cast<std::uint32_t>(rest % dim * strides[static_cast<std::size_t>(order[i])]);
      rest /= dim;
    }
  }
  return movement;
}

/// Elements are repeated along axes of size 1, and along new ones.
Result<Movement> expanded(const NodeAtHand& at) {
  ISOTRACE_TRY(const Shape wanted, integers_of(at, 1));
  const auto shape = broadcast_shape(shape_of(at), wanted);
  if (!shape || shape->size() > core::limits::tensor_rank_max) return at.unsupported("shape");
  ISOTRACE_TRY_DONE(checked_count(at, *shape));
  return Movement{*shape, broadcast_source(shape_of(at), *shape)};
}

/// Dropout outside of training hands its operand on.
Result<Shape> undropped(const NodeAtHand& at) {
  const core::Tensor* training = at.constant(2);
  const bool off = training != nullptr && training->dtype() == core::Dtype::boolean &&
                   training->elements() == 1 && training->bytes()[0] == 0;
  if (!off || at.node.outputs.size() != 1) return at.unsupported("training mode or mask");
  return shape_of(at);
}

/// A binary32 value stays what it is.
Result<Shape> cast_to_itself(const NodeAtHand& at) {
  const core::Tensor* constant = at.constant(0);
  const bool is_f32 = constant == nullptr || constant->dtype() == core::Dtype::f32;
  if (!is_f32 || at.node.integer("to") != static_cast<std::int64_t>(core::Dtype::f32)) {
    return at.unsupported("to another element type");
  }
  return shape_of(at);
}

Result<Shape> same_order_shape(const NodeAtHand& at) {
  switch (at.node.op) {
    case Op::flatten: return flattened(at);
    case Op::reshape: return reshaped(at);
    case Op::squeeze: return squeezed(at);
    case Op::unsqueeze: return unsqueezed(at);
    case Op::dropout: return undropped(at);
    case Op::cast: return cast_to_itself(at);
    default: return shape_of(at);
  }
}

}  // namespace

Result<std::vector<bool>> marked_axes(const NodeAtHand& at, std::size_t rank) {
  ISOTRACE_TRY(const Shape axes, integers_of(at, 1));
  const auto size = static_cast<std::int64_t>(rank);
  std::vector<bool> marked(rank);
  for (const std::int64_t axis : axes) {
    const std::int64_t place = axis < 0 ? axis + size : axis;
    if (place < 0 || place >= size || marked[static_cast<std::size_t>(place)]) {
      return at.unsupported("axis " + std::to_string(axis));
    }
    marked[static_cast<std::size_t>(place)] = true;
  }
  return marked;
}

Result<Movement> same_elements(const NodeAtHand& at) {
  ISOTRACE_TRY(const std::size_t count, checked_count(at, shape_of(at)));
  if (at.node.op == Op::transpose) return transposed(at);
  if (at.node.op == Op::expand) return expanded(at);
  ISOTRACE_TRY(Shape shape, same_order_shape(at));
  return Movement{std::move(shape), count_up(count)};
}

}  // namespace isotrace::proofs
