// Shapes of data movement: reshape, slice, gather and the like.
#include <algorithm>
#include <limits>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/infer_rules.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::executor {
namespace {

using core::Node;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using Ints = std::vector<std::int64_t>;
__extension__ using Wide = __int128;

bool is_concrete(const Shape& shape) {
  return std::find(shape.begin(), shape.end(), unknown_size) == shape.end();
}

Result<core::Done> check_rank(std::size_t rank) {
  if (rank <= core::limits::tensor_rank_max) return core::Done{};
  return refuse(RefusalCode::limit_exceeded, "", "rank " + std::to_string(rank));
}

/// Product of a range of dimensions; nothing if one is unknown (and none is zero).
std::optional<Wide> product(std::span<const std::int64_t> dims) {
  Wide result = 1;
  bool known = true;
  for (const std::int64_t dim : dims) {
    if (dim == 0) return 0;
    if (dim == unknown_size) known = false;
    // Beyond 2^64 only "too large" matters; stopping there keeps 128 bits enough.
    else if (result < (Wide{1} << 64))
      result *= dim;
  }
  return known ? std::optional<Wide>(result) : std::nullopt;
}

std::int64_t as_size(const std::optional<Wide>& size) {
  constexpr Wide largest = std::numeric_limits<std::int64_t>::max();
  return size ? static_cast<std::int64_t>(std::min(*size, largest)) : unknown_size;
}

/// A shape of `count` unknown sizes, if the length of the shape operand is known.
MaybeShape unknown_of_length(const ValueInfo& shape_operand) {
  if (!shape_operand.shape || shape_operand.shape->size() != 1) return std::nullopt;
  const std::int64_t count = shape_operand.shape->front();
  if (count < 0 || count > static_cast<std::int64_t>(core::limits::tensor_rank_max)) {
    return std::nullopt;
  }
  return Shape(static_cast<std::size_t>(count), unknown_size);
}

/// Replaces zeros by the data's dimensions (unless allowed literally); returns the place of -1.
Result<std::optional<std::size_t>> resolve_reshape(Shape& target, const MaybeShape& data,
                                                   bool allow_zero) {
  std::optional<std::size_t> free;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] < -1) {
      return refuse(RefusalCode::shape_mismatch, "", "target " + core::shape_text(target));
    }
    if (target[i] == -1) {
      if (free) return refuse(RefusalCode::shape_mismatch, "", "more than one -1 in the target");
      free = i;
    }
    if (target[i] != 0 || allow_zero) continue;
    if (data && i >= data->size()) {
      return refuse(RefusalCode::shape_mismatch, "", "a 0 beyond the rank of the data");
    }
    target[i] = data ? (*data)[i] : unknown_size;
  }
  return free;
}

Ints consecutive(std::size_t count) {
  Ints values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<std::int64_t>(i);
  return values;
}

/// Unknown sizes on the axes named, or everywhere if the axes are unknown too.
Result<Shape> blur(Shape shape, const std::optional<Ints>& axes) {
  if (!axes) return Shape(shape.size(), unknown_size);
  ISOTRACE_TRY(const std::vector<bool> mask, resolve_axes(*axes, shape.size()));
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (mask[i]) shape[i] = unknown_size;
  }
  return shape;
}

}  // namespace

ShapeResult infer_reshape(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const auto target, find_integers(operands, 1));
  if (!target) return unknown_of_length(*operands[1]);
  ISOTRACE_TRY_DONE(check_rank(target->size()));
  const MaybeShape& data = operands[0]->shape;
  Shape shape = *target;
  ISOTRACE_TRY(const auto free, resolve_reshape(shape, data, node.integer("allowzero") != 0));
  const std::optional<Wide> total = data ? product(*data) : std::nullopt;
  if (!total) return shape;
  if (free) shape[*free] = 1;
  const std::optional<Wide> rest = product(shape);
  if (!rest) return shape;
  const bool fits = free ? *rest != 0 && *total % *rest == 0 : *rest == *total;
  if (!fits) {
    return refuse(RefusalCode::shape_mismatch, "",
                  core::shape_text(*data) + " does not reshape to " + core::shape_text(*target));
  }
  if (free) shape[*free] = as_size(*total / *rest);
  return shape;
}

ShapeResult infer_flatten(const Node& node, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  if (!x) return Shape{unknown_size, unknown_size};
  const auto rank = static_cast<std::int64_t>(x->size());
  const std::int64_t axis = node.integer("axis");
  if (axis < -rank || axis > rank) {
    return refuse(RefusalCode::operation_attribute_invalid, "axis", std::to_string(axis));
  }
  const auto split = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  const std::span<const std::int64_t> dims(*x);
  return Shape{as_size(product(dims.first(split))), as_size(product(dims.subspan(split)))};
}

ShapeResult infer_transpose(const Node& node, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  if (!x) return std::nullopt;
  const Ints& perm = node.integers("perm");
  if (perm.empty()) return Shape(x->rbegin(), x->rend());
  Ints sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != consecutive(x->size())) {
    return refuse(
        RefusalCode::operation_attribute_invalid, "perm",
        core::shape_text(perm) + " is no permutation of the axes of " + core::shape_text(*x));
  }
  Shape result;
  for (const std::int64_t axis : perm) result.push_back((*x)[static_cast<std::size_t>(axis)]);
  return result;
}

ShapeResult infer_squeeze(const Node&, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  ISOTRACE_TRY(const auto axes, find_integers(operands, 1));
  const bool given = is_present(operands, 1);
  if (!x || (given && !axes) || (!given && !is_concrete(*x))) return std::nullopt;
  Shape result;
  std::vector<bool> mask;
  if (given) {
    ISOTRACE_TRY(mask, resolve_axes(*axes, x->size()));
  }
  for (std::size_t i = 0; i < x->size(); ++i) {
    const std::int64_t dim = (*x)[i];
    if (given ? !mask[i] : dim != 1) {
      result.push_back(dim);
    } else if (dim != 1 && dim != unknown_size) {
      return refuse(RefusalCode::shape_mismatch, "",
                    "axis " + std::to_string(i) + " of " + core::shape_text(*x) + " is not 1");
    }
  }
  return result;
}

ShapeResult infer_unsqueeze(const Node&, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  ISOTRACE_TRY(const auto axes, find_integers(operands, 1));
  if (!x || !axes) return std::nullopt;
  ISOTRACE_TRY_DONE(check_rank(x->size() + axes->size()));
  ISOTRACE_TRY(const std::vector<bool> mask, resolve_axes(*axes, x->size() + axes->size()));
  Shape result;
  std::size_t from = 0;
  for (const bool inserted : mask) result.push_back(inserted ? 1 : (*x)[from++]);
  return result;
}

ShapeResult infer_concat(const Node& node, OperandInfos operands) {
  MaybeShape result;
  for (const auto& operand : operands) {
    if (!operand->shape) continue;
    if (!result) result = Shape(operand->shape->size(), unknown_size);
    if (result->size() != operand->shape->size()) {
      return refuse(RefusalCode::shape_mismatch, "", "operands of different rank");
    }
  }
  if (!result) return result;
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(node.integer("axis"), result->size()));
  Wide total = 0;
  bool known = true;
  for (const auto& operand : operands) {
    known = known && operand->shape && (*operand->shape)[axis] != unknown_size;
    if (!operand->shape) continue;
    for (std::size_t i = 0; i < result->size(); ++i) {
      const std::int64_t dim = (*operand->shape)[i];
      if (i == axis) {
        total += std::max<std::int64_t>(dim, 0);
      } else if ((*result)[i] == unknown_size) {
        (*result)[i] = dim;
      } else if (dim != unknown_size && dim != (*result)[i]) {
        return refuse(RefusalCode::shape_mismatch, "",
                      "axis " + std::to_string(i) + " has " + std::to_string((*result)[i]) +
                          " and " + std::to_string(dim));
      }
    }
  }
  (*result)[axis] = as_size(known ? std::optional<Wide>(total) : std::nullopt);
  return result;
}

ShapeResult infer_slice(const Node&, OperandInfos operands) {
  ISOTRACE_TRY(const auto starts, find_integers(operands, 1));
  ISOTRACE_TRY(const auto ends, find_integers(operands, 2));
  ISOTRACE_TRY(auto axes, find_integers(operands, 3));
  ISOTRACE_TRY(auto steps, find_integers(operands, 4));
  MaybeShape result = operands[0]->shape;
  if (!result) return result;
  if (starts && !is_present(operands, 3)) axes = consecutive(starts->size());
  if (starts && !is_present(operands, 4)) steps = Ints(starts->size(), 1);
  if (!starts || !ends || !axes || !steps) return blur(*result, axes);
  if (starts->size() != ends->size() || starts->size() != axes->size() ||
      starts->size() != steps->size()) {
    return refuse(RefusalCode::shape_mismatch, "", "starts, ends, axes, steps differ in length");
  }
  ISOTRACE_TRY_DONE(resolve_axes(*axes, result->size()));
  for (std::size_t i = 0; i < starts->size(); ++i) {
    ISOTRACE_TRY(const std::size_t axis, resolve_axis((*axes)[i], result->size()));
    if ((*steps)[i] == 0) return refuse(RefusalCode::shape_mismatch, "", "a step of 0");
    std::int64_t& size = (*result)[axis];
    if (size == unknown_size) continue;
    ISOTRACE_TRY(const reference::SliceRange range,
                 reference::slice_range(size, (*starts)[i], (*ends)[i], (*steps)[i]));
    size = range.count;
  }
  return result;
}

ShapeResult infer_gather(const Node& node, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  const MaybeShape& indices = operands[1]->shape;
  if (!x || !indices) return std::nullopt;
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(node.integer("axis"), x->size()));
  Shape result(x->begin(), x->begin() + static_cast<std::ptrdiff_t>(axis));
  result.insert(result.end(), indices->begin(), indices->end());
  result.insert(result.end(), x->begin() + static_cast<std::ptrdiff_t>(axis) + 1, x->end());
  ISOTRACE_TRY_DONE(check_rank(result.size()));
  return result;
}

ShapeResult infer_pad(const Node&, OperandInfos operands) {
  ISOTRACE_TRY(const auto pads, find_integers(operands, 1));
  ISOTRACE_TRY(auto axes, find_integers(operands, 3));
  MaybeShape result = operands[0]->shape;
  if (!result) return result;
  if (!is_present(operands, 3)) axes = consecutive(result->size());
  if (!pads || !axes) return blur(*result, axes);
  if (pads->size() != 2 * axes->size()) {
    return refuse(
        RefusalCode::shape_mismatch, "",
        std::to_string(pads->size()) + " pads for " + std::to_string(axes->size()) + " axes");
  }
  ISOTRACE_TRY_DONE(resolve_axes(*axes, result->size()));
  for (std::size_t i = 0; i < axes->size(); ++i) {
    ISOTRACE_TRY(const std::size_t axis, resolve_axis((*axes)[i], result->size()));
    std::int64_t& size = (*result)[axis];
    if (size == unknown_size) continue;
    const Wide padded = Wide{size} + (*pads)[i] + (*pads)[axes->size() + i];
    if (padded < 0) return refuse(RefusalCode::shape_mismatch, "", "more is cut than there is");
    size = as_size(padded);
  }
  return result;
}

ShapeResult infer_expand(const Node&, OperandInfos operands) {
  ISOTRACE_TRY(const auto target, find_integers(operands, 1));
  if (!target) return broadcast(operands[0]->shape, unknown_of_length(*operands[1]));
  ISOTRACE_TRY_DONE(check_rank(target->size()));
  if (std::any_of(target->begin(), target->end(), [](auto d) { return d < 0; })) {
    return refuse(RefusalCode::shape_mismatch, "", "target " + core::shape_text(*target));
  }
  return broadcast(operands[0]->shape, *target);
}

ShapeResult infer_shape_of(const Node& node, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  if (!x) return Shape{unknown_size};
  const auto rank = static_cast<std::int64_t>(x->size());
  const auto place = [rank](std::int64_t axis) {
    return std::clamp<std::int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  return Shape{
      std::max<std::int64_t>(0, place(node.integer("end")) - place(node.integer("start")))};
}

ShapeResult infer_constant_of_shape(const Node&, OperandInfos operands) {
  ISOTRACE_TRY(const auto target, find_integers(operands, 0));
  if (!target) return unknown_of_length(*operands[0]);
  ISOTRACE_TRY_DONE(check_rank(target->size()));
  if (std::any_of(target->begin(), target->end(), [](auto d) { return d < 0; })) {
    return refuse(RefusalCode::shape_mismatch, "", "target " + core::shape_text(*target));
  }
  return *target;
}

namespace {

Result<std::vector<ValueInfo>> infer_split(const Node& node, OperandInfos operands) {
  const std::size_t parts = node.outputs.size();
  ISOTRACE_TRY(const auto given, find_integers(operands, 1));
  const MaybeShape& x = operands[0]->shape;
  if (!x) return std::vector<ValueInfo>(parts, {operands[0]->dtype, std::nullopt, std::nullopt});
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(node.integer("axis"), x->size()));
  const std::int64_t size = (*x)[axis];
  Ints sizes(parts, unknown_size);
  if (given && size == unknown_size && given->size() == parts) {
    sizes = *given;
  } else if (size != unknown_size && (given || !is_present(operands, 1))) {
    ISOTRACE_TRY(sizes, reference::split_sizes(size, parts, given ? &*given : nullptr));
  }
  std::vector<ValueInfo> results;
  for (const std::int64_t part : sizes) {
    Shape shape = *x;
    shape[axis] = part;
    results.push_back({operands[0]->dtype, std::move(shape), std::nullopt});
  }
  return results;
}

constexpr InferRow rows[] = {{core::Op::split, &infer_split}};

}  // namespace

std::span<const InferRow> infer_move_rows() { return rows; }

}  // namespace isotrace::executor
