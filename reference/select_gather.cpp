// GatherElements and GatherND (docs/spec/move.md).
#include <isotrace/reference/move.hpp>
#include <isotrace/reference/nd_indices.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {

// [move.gather_elements]
Outcome evaluate_gather_elements(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& indices = call.operand(1);
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(call.node.integer("axis"), x.rank()));
  ISOTRACE_TRY(const auto elements, locate_elements(x.shape(), indices, axis));
  ISOTRACE_TRY(Tensor out,
               Tensor::make(x.dtype(), Shape(indices.shape().begin(), indices.shape().end())));
  for (std::size_t i = 0; i < elements.size(); ++i) copy_element(x, elements[i], out, i);
  return one(std::move(out));
}

// [move.gather_nd]
Outcome evaluate_gather_nd(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(Slices slices,
               locate_slices(x.shape(), call.operand(1), call.node.integer("batch_dims")));
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), std::move(slices.shape)));
  if (out.elements() == 0) return one(std::move(out));
  std::size_t to = 0;
  for (std::size_t start : slices.starts) {
    for (std::size_t i = 0; i < slices.length; ++i) copy_element(x, start + i, out, to++);
  }
  return one(std::move(out));
}

}  // namespace isotrace::reference
