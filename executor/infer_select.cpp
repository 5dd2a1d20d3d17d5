// Shapes of the operations that repeat, rearrange, find and select elements.
#include <algorithm>

#include <isotrace/executor/infer_rules.hpp>
#include <isotrace/reference/call.hpp>
#include <isotrace/reference/select_shape.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Node;
using core::Op;
using core::Result;
using core::Shape;
using Infos = Result<std::vector<ValueInfo>>;

bool is_concrete(const MaybeShape& shape) {
  return shape && std::ranges::find(*shape, unknown_size) == shape->end();
}

/// One result of this type.
Infos one_result(Dtype dtype, MaybeShape shape) {
  return std::vector<ValueInfo>{{dtype, std::move(shape), std::nullopt}};
}

/// f(shape) with 0 for unknown sizes, at whose axes the result is unknown too: for rules that treat
/// every axis on its own.
template <class F>
ShapeResult axis_by_axis(const MaybeShape& shape, F f) {
  if (!shape) return std::nullopt;
  Shape known = *shape;
  std::ranges::replace(known, unknown_size, 0);
  ISOTRACE_TRY(Shape result, f(known));
  for (std::size_t i = 0; i < result.size(); ++i) {
    if ((*shape)[i] == unknown_size) result[i] = unknown_size;
  }
  return result;
}

MaybeShape unknown_like(const MaybeShape& shape) {
  if (!shape) return std::nullopt;
  return Shape(shape->size(), unknown_size);
}

/// The shape with another size at an axis.
ShapeResult with_size(const MaybeShape& shape, std::int64_t axis, std::int64_t size) {
  if (!shape) return std::nullopt;
  ISOTRACE_TRY(const std::size_t resolved, resolve_axis(axis, shape->size()));
  Shape result = *shape;
  result[resolved] = size;
  return result;
}

std::optional<std::uint64_t> elements_of(const MaybeShape& shape) {
  if (!is_concrete(shape)) return std::nullopt;
  const auto count = core::element_count(*shape);
  return count ? std::optional<std::uint64_t>(*count) : std::nullopt;
}

Infos infer_tile(const Node&, OperandInfos operands) {
  const ValueInfo& x = *operands[0];
  ISOTRACE_TRY(const auto repeats, find_integers(operands, 1));
  if (!repeats) return one_result(x.dtype, unknown_like(x.shape));
  ISOTRACE_TRY(MaybeShape shape, axis_by_axis(x.shape, [&](const Shape& known) {
                 return reference::tiled_shape(known, *repeats);
               }));
  return one_result(x.dtype, std::move(shape));
}

Infos infer_blocks(const Node& node, OperandInfos operands) {
  const std::int64_t block = node.integer("blocksize");
  ISOTRACE_TRY(MaybeShape shape, axis_by_axis(operands[0]->shape, [&](const Shape& known) {
                 return node.op == Op::depth_to_space
                            ? reference::depth_to_space_shape(known, block)
                            : reference::space_to_depth_shape(known, block);
               }));
  return one_result(operands[0]->dtype, std::move(shape));
}

Infos infer_center_crop_pad(const Node& node, OperandInfos operands) {
  const ValueInfo& x = *operands[0];
  ISOTRACE_TRY(const auto sizes, find_integers(operands, 1));
  if (!sizes || !x.shape) return one_result(x.dtype, unknown_like(x.shape));
  ISOTRACE_TRY(Shape shape,
               reference::center_crop_pad_shape(*x.shape, *sizes, node.integers("axes")));
  return one_result(x.dtype, std::move(shape));
}

Infos infer_gather_elements(const Node& node, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  const MaybeShape& indices = operands[1]->shape;
  if (is_concrete(x) && is_concrete(indices)) {
    ISOTRACE_TRY(const std::size_t axis, resolve_axis(node.integer("axis"), x->size()));
    ISOTRACE_TRY_DONE(reference::check_element_indices(*x, *indices, axis));
  }
  return one_result(operands[0]->dtype, indices);
}

Infos infer_gather_nd(const Node& node, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  const MaybeShape& indices = operands[1]->shape;
  if (!is_concrete(x) || !is_concrete(indices)) return one_result(operands[0]->dtype, std::nullopt);
  ISOTRACE_TRY(Shape shape, reference::gathered_nd_shape(*x, *indices, node.integer("batch_dims")));
  return one_result(operands[0]->dtype, std::move(shape));
}

Infos infer_tensor_scatter(const Node& node, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  const MaybeShape& update = operands[1]->shape;
  if (is_concrete(x) && is_concrete(update)) {
    ISOTRACE_TRY_DONE(reference::tensor_scatter_axis(*x, *update, node.integer("axis")));
  }
  return one_result(operands[0]->dtype, x);
}

Infos infer_one_hot(const Node& node, OperandInfos operands) {
  const Dtype dtype = operands[2]->dtype;
  const MaybeShape& indices = operands[0]->shape;
  if (!indices) return one_result(dtype, std::nullopt);
  std::int64_t depth = 0;
  const auto& content = operands[1]->content;
  if (content) {
    ISOTRACE_TRY(depth, reference::read_depth(*content));
  }
  const std::int64_t axis = node.integer("axis");
  ISOTRACE_TRY(MaybeShape shape, reference::one_hot_shape(*indices, depth, axis));
  if (!content) {
    ISOTRACE_TRY(shape, with_size(shape, axis, unknown_size));
  }
  return one_result(dtype, std::move(shape));
}

Infos infer_eye_like(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const Dtype dtype, reference::dtype_attribute(node, "dtype"));
  return one_result(dtype, operands[0]->shape);
}

Infos infer_range(const Node&, OperandInfos operands) {
  const bool known = std::ranges::all_of(operands, [](const auto& o) { return o && o->content; });
  std::int64_t size = unknown_size;
  if (known) {
    ISOTRACE_TRY(size, reference::range_size(*operands[0]->content, *operands[1]->content,
                                             *operands[2]->content));
  }
  return one_result(operands[0]->dtype, Shape{size});
}

Infos infer_compress(const Node& node, OperandInfos operands) {
  std::int64_t size = unknown_size;
  if (const auto& condition = operands[1]->content; condition) {
    size = std::ranges::count_if(condition->bytes(), [](std::uint8_t value) { return value != 0; });
  }
  ISOTRACE_TRY(MaybeShape shape, with_size(operands[0]->shape, node.integer("axis"), size));
  return one_result(operands[0]->dtype, std::move(shape));
}

Infos infer_non_zero(const Node&, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  std::vector<ValueInfo> results = {{Dtype::i64, std::nullopt, std::nullopt}};
  if (!x) return results;
  results[0].shape = Shape{std::ssize(*x), unknown_size};
  // A tensor has at most as many elements as bytes, so that the product with the rank fits.
  if (const auto count = elements_of(x)) results[0].elements_max = *count * x->size();
  return results;
}

/// Results: the subtensors kept, where each stood first, which one each of x is, their numbers.
Infos infer_unique(const Node& node, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  const std::int64_t axis = node.integer("axis");
  ISOTRACE_TRY(MaybeShape kept, with_size(x, axis, unknown_size));
  std::int64_t size = unknown_size;
  if (x) {
    ISOTRACE_TRY(const std::size_t resolved, resolve_axis(axis, x->size()));
    size = (*x)[resolved];
  }
  const auto size_max =
      size == unknown_size ? std::nullopt : std::optional(static_cast<std::uint64_t>(size));
  std::vector<ValueInfo> results = {
      {operands[0]->dtype, std::move(kept), std::nullopt, elements_of(x)},
      {Dtype::i64, Shape{unknown_size}, std::nullopt, size_max},
      {Dtype::i64, Shape{size}, std::nullopt},
      {Dtype::i64, Shape{unknown_size}, std::nullopt, size_max}};
  results.resize(node.outputs.size());
  return results;
}

Infos infer_top_k(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const auto k, find_integers(operands, 1));
  const std::int64_t size = k && k->size() == 1 && k->front() >= 0 ? k->front() : unknown_size;
  ISOTRACE_TRY(MaybeShape shape, with_size(operands[0]->shape, node.integer("axis"), size));
  std::vector<ValueInfo> results = {{operands[0]->dtype, shape, std::nullopt},
                                    {Dtype::i64, shape, std::nullopt}};
  results.resize(node.outputs.size());
  return results;
}

/// Results: the data, and a mask.
Infos infer_dropout(const Node& node, OperandInfos operands) {
  std::vector<ValueInfo> results = {{operands[0]->dtype, operands[0]->shape, std::nullopt},
                                    {Dtype::boolean, operands[0]->shape, std::nullopt}};
  results.resize(node.outputs.size());
  return results;
}

Infos infer_size(const Node&, OperandInfos) { return one_result(Dtype::i64, Shape{}); }

constexpr InferRow rows[] = {
    {Op::top_k, &infer_top_k},
    {Op::tile, &infer_tile},
    {Op::depth_to_space, &infer_blocks},
    {Op::space_to_depth, &infer_blocks},
    {Op::gather_elements, &infer_gather_elements},
    {Op::gather_nd, &infer_gather_nd},
    {Op::tensor_scatter, &infer_tensor_scatter},
    {Op::one_hot, &infer_one_hot},
    {Op::eye_like, &infer_eye_like},
    {Op::range, &infer_range},
    {Op::compress, &infer_compress},
    {Op::non_zero, &infer_non_zero},
    {Op::unique, &infer_unique},
    {Op::size, &infer_size},
    {Op::center_crop_pad, &infer_center_crop_pad},
    {Op::dropout, &infer_dropout},
};

}  // namespace

std::span<const InferRow> infer_select_rows() { return rows; }

}  // namespace isotrace::executor
