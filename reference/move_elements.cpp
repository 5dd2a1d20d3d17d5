// Operations that put elements in other places (docs/spec/move.md).
#include <isotrace/reference/move.hpp>
#include <isotrace/reference/move_plans.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {
namespace {

Result<std::vector<std::int64_t>> default_axes(const Call& call, std::size_t index,
                                               std::size_t count) {
  ISOTRACE_TRY(auto named, read_optional_integers(call, index));
  if (named) return *std::move(named);
  std::vector<std::int64_t> axes;
  for (std::size_t axis = 0; axis < count; ++axis) axes.push_back(static_cast<std::int64_t>(axis));
  return axes;
}

}  // namespace

// [move.transpose]
Outcome evaluate_transpose(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto perm, resolve_permutation(call.node.integers("perm"), x.rank()));
  const Strides own = row_major_strides(x.shape());
  Shape shape;
  Strides strides;
  for (std::size_t axis : perm) {
    shape.push_back(x.dim(axis));
    strides.push_back(own[axis]);
  }
  return one(copy_strided(x, std::move(shape), std::move(strides)));
}

// [move.concat]
Outcome evaluate_concat(const Call& call) {
  ISOTRACE_TRY(const auto operands, call.all_operands());
  std::vector<Dims> shapes;
  for (const TensorView& operand : operands) {
    ISOTRACE_TRY_DONE(check_same_dtype(operands[0], operand));
    shapes.push_back(operand.shape());
  }
  const std::int64_t axis = call.node.integer("axis");
  ISOTRACE_TRY(Shape shape, concatenated_shape(shapes, axis));
  ISOTRACE_TRY(const std::size_t along, resolve_axis(axis, shape.size()));
  ISOTRACE_TRY(Tensor out, Tensor::make(operands[0].dtype(), std::move(shape)));
  std::uint8_t* target = out.mutable_bytes().data();
  if (out.elements() == 0) return one(std::move(out));
  const std::size_t outer = AxisView(out.shape(), along).outer;
  for (std::size_t i = 0; i < outer; ++i) {
    for (const TensorView& operand : operands) {
      const std::size_t size = operand.bytes().size() / outer;
      if (size != 0) std::memcpy(target, operand.bytes().data() + i * size, size);
      target += size;
    }
  }
  return one(std::move(out));
}

// [move.split]
Outcome evaluate_split(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(call.node.integer("axis"), x.rank()));
  ISOTRACE_TRY(const auto given, read_optional_integers(call, 1));
  ISOTRACE_TRY(const auto sizes,
               split_sizes(x.dim(axis), call.node.outputs.size(), given ? &*given : nullptr));
  const Strides strides = row_major_strides(x.shape());
  std::vector<Tensor> parts;
  std::int64_t first = 0;
  for (std::int64_t size : sizes) {
    Shape shape(x.shape().begin(), x.shape().end());
    shape[axis] = size;
    ISOTRACE_TRY(Tensor part, copy_strided(x, std::move(shape), strides, first * strides[axis]));
    parts.push_back(std::move(part));
    first += size;
  }
  return parts;
}

Result<SlicePlan> slice_plan(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto starts, read_integers(call.operand(1)));
  ISOTRACE_TRY(const auto ends, read_integers(call.operand(2)));
  ISOTRACE_TRY(const auto named, default_axes(call, 3, starts.size()));
  ISOTRACE_TRY(const auto given_steps, read_optional_integers(call, 4));
  const auto steps = given_steps ? *given_steps : std::vector<std::int64_t>(starts.size(), 1);
  if (ends.size() != starts.size() || named.size() != starts.size() ||
      steps.size() != starts.size()) {
    return refuse_shape("starts, ends, axes and steps of different lengths");
  }
  ISOTRACE_TRY_DONE(resolve_axes(named, x.rank()));  // in range, none twice
  const Strides own = row_major_strides(x.shape());
  SlicePlan plan{{x.shape().begin(), x.shape().end()}, own, 0};
  for (std::size_t i = 0; i < starts.size(); ++i) {
    ISOTRACE_TRY(const std::size_t axis, resolve_axis(named[i], x.rank()));
    ISOTRACE_TRY(const SliceRange range, slice_range(x.dim(axis), starts[i], ends[i], steps[i]));
    plan.shape[axis] = range.count;
    plan.start += range.begin * own[axis];
    // A step is multiplied only where a second element is read, so a huge one cannot overflow.
    plan.strides[axis] = range.count > 1 ? range.step * own[axis] : 0;
  }
  return plan;
}

// [move.slice]
Outcome evaluate_slice(const Call& call) {
  ISOTRACE_TRY(SlicePlan plan, slice_plan(call));
  return one(
      copy_strided(call.operand(0), std::move(plan.shape), std::move(plan.strides), plan.start));
}

Result<GatherPlan> gather_plan(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& indices = call.operand(1);
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(call.node.integer("axis"), x.rank()));
  GatherPlan plan{
      {x.shape().begin(), x.shape().begin() + static_cast<std::ptrdiff_t>(axis)}, axis, {}};
  plan.shape.insert(plan.shape.end(), indices.shape().begin(), indices.shape().end());
  plan.shape.insert(plan.shape.end(), x.shape().begin() + static_cast<std::ptrdiff_t>(axis) + 1,
                    x.shape().end());
  ISOTRACE_TRY(const auto values, read_indices(indices));
  plan.positions.reserve(values.size());
  for (std::int64_t index : values) {
    ISOTRACE_TRY(const std::size_t position, resolve_index(index, x.dim(axis)));
    plan.positions.push_back(position);
  }
  return plan;
}

// [move.gather]
Outcome evaluate_gather(const Call& call) {
  ISOTRACE_TRY(GatherPlan plan, gather_plan(call));
  return one(take_along(call.operand(0), plan.axis, plan.positions, std::move(plan.shape)));
}

}  // namespace isotrace::reference
