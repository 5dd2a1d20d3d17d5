// Operations that keep the elements in order and change the shape, or speak of shapes
// (docs/spec/move.md).
#include <isotrace/reference/move.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {
namespace {

/// Whether the one element of a tensor of any number type is another number than 0, or NaN.
Result<bool> is_not_zero(const TensorView& scalar) {
  if (scalar.elements() != 1) return refuse_shape("ratio is not a scalar");
  return visit_numbers(scalar.dtype(), [&](auto type) -> Result<bool> {
    return widen(scalar.data<typename decltype(type)::type>()[0]) != 0;
  });
}

}  // namespace

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

// [move.size]
Outcome evaluate_size(const Call& call) {
  const auto count = static_cast<std::int64_t>(call.operand(0).elements());
  return one(Tensor::of<std::int64_t>({}, {count}));
}

// [move.dropout]
Outcome evaluate_dropout(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& training = call.operand(2);
  if (!core::is_float(x.dtype())) return refuse_dtype(x.dtype());
  if (training.dtype() != Dtype::boolean) return refuse_dtype(training.dtype());
  if (training.elements() != 1) return refuse_shape("training mode is not a scalar");
  ISOTRACE_TRY(const bool drops, is_not_zero(call.operand(1)));
  if (training.bytes()[0] != 0 && drops) return refuse_value("training drops elements at random");
  const Shape shape(x.shape().begin(), x.shape().end());
  ISOTRACE_TRY(Tensor kept, copy_as(x, shape));
  ISOTRACE_TRY(Tensor mask, Tensor::make(Dtype::boolean, shape));
  std::ranges::fill(mask.mutable_bytes(), std::uint8_t{1});
  std::vector<Tensor> results;
  results.push_back(std::move(kept));
  results.push_back(std::move(mask));
  results.resize(call.node.outputs.size());
  return results;
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
