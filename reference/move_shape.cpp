// Operations that keep the elements in order and change the shape, or speak of shapes
// (docs/spec/move.md).
#include <isotrace/reference/move.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {

// [move.identity]
Outcome evaluate_identity(const Call& call) {
  const TensorView& x = call.operand(0);
  return one(copy_as(x, Shape(x.shape().begin(), x.shape().end())));
}

// [move.reshape]
Outcome evaluate_reshape(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto requested, read_integers(call.operand(1)));
  ISOTRACE_TRY(Shape shape,
               reshaped_shape(x.shape(), requested, call.node.integer("allowzero") != 0));
  return one(copy_as(x, std::move(shape)));
}

// [move.flatten]
Outcome evaluate_flatten(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(Shape shape, flattened_shape(x.shape(), call.node.integer("axis")));
  return one(copy_as(x, std::move(shape)));
}

// [move.squeeze]
Outcome evaluate_squeeze(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto axes, read_optional_integers(call, 1));
  ISOTRACE_TRY(Shape shape, squeezed_shape(x.shape(), axes ? &*axes : nullptr));
  return one(copy_as(x, std::move(shape)));
}

// [move.unsqueeze]
Outcome evaluate_unsqueeze(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto axes, read_integers(call.operand(1)));
  ISOTRACE_TRY(Shape shape, unsqueezed_shape(x.shape(), axes));
  return one(copy_as(x, std::move(shape)));
}

// [move.shape] start and end clamp to the rank, negative ones count from it.
Outcome evaluate_shape(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const SliceRange range,
               slice_range(static_cast<std::int64_t>(x.rank()), call.node.integer("start"),
                           call.node.integer("end"), 1));
  const auto part = x.shape().subspan(static_cast<std::size_t>(range.begin),
                                      static_cast<std::size_t>(range.count));
  return one(Tensor::of<std::int64_t>(Shape{range.count}, part));
}

// [move.constant_of_shape]
Outcome evaluate_constant_of_shape(const Call& call) {
  const TensorView& value = call.operand(1);
  ISOTRACE_TRY(const auto shape, read_integers(call.operand(0)));
  if (value.elements() != 1) return refuse_shape("value " + core::shape_text(value.shape()));
  return one(copy_strided(value, shape, Strides(shape.size(), 0)));
}

// [move.expand]
Outcome evaluate_expand(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto requested, read_integers(call.operand(1)));
  ISOTRACE_TRY_DONE(core::element_count(requested));
  ISOTRACE_TRY(Shape shape, broadcast_shapes(x.shape(), requested));
  Strides strides = broadcast_strides(x.shape(), shape);
  return one(copy_strided(x, std::move(shape), std::move(strides)));
}

}  // namespace isotrace::reference
