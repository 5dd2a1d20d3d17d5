// Operations that repeat and rearrange blocks of elements (docs/spec/move.md).
#include <isotrace/reference/move.hpp>
#include <isotrace/reference/move_plans.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/select_shape.hpp>

namespace isotrace::reference {

// Every axis of the result is walked as two: the repetitions, and the axis of x.
Result<WalkPlan> tile_plan(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto repeats, read_integers(call.operand(1)));
  ISOTRACE_TRY(Shape shape, tiled_shape(x.shape(), repeats));
  const Strides own = row_major_strides(x.shape());
  WalkPlan plan{std::move(shape), {}, {}};
  for (std::size_t axis = 0; axis < x.rank(); ++axis) {
    plan.walk.insert(plan.walk.end(), {repeats[axis], x.dim(axis)});
    plan.strides.insert(plan.strides.end(), {0, own[axis]});
  }
  return plan;
}

// The result is walked as [N, C', H, row in block, W, column in block].
Result<WalkPlan> depth_to_space_plan(const Call& call) {
  const TensorView& x = call.operand(0);
  const std::int64_t block = call.node.integer("blocksize");
  const std::string& mode = call.node.text("mode");
  if (mode != "DCR" && mode != "CRD") return refuse_attribute("mode " + mode);
  ISOTRACE_TRY(Shape shape, depth_to_space_shape(x.shape(), block));
  const Strides own = row_major_strides(x.shape());
  Shape walk = {shape[0], shape[1], x.dim(2), block, x.dim(3), block};
  const std::int64_t channel = own[1];
  const std::int64_t channels = shape[1];
  Strides strides =
      mode == "DCR"
          ? Strides{own[0], channel, own[2], block * channels * channel, own[3], channels * channel}
          : Strides{own[0], block * block * channel, own[2], block * channel, own[3], channel};
  return WalkPlan{std::move(shape), std::move(walk), std::move(strides)};
}

// The result is walked as [N, row in block, column in block, C, H', W'].
Result<WalkPlan> space_to_depth_plan(const Call& call) {
  const TensorView& x = call.operand(0);
  const std::int64_t block = call.node.integer("blocksize");
  ISOTRACE_TRY(Shape shape, space_to_depth_shape(x.shape(), block));
  const Strides own = row_major_strides(x.shape());
  Shape walk = {shape[0], block, block, x.dim(1), shape[2], shape[3]};
  Strides strides = {own[0], own[2], own[3], own[1], block * own[2], block * own[3]};
  return WalkPlan{std::move(shape), std::move(walk), std::move(strides)};
}

namespace {

Outcome copy_planned(const Call& call, Result<WalkPlan> plan) {
  if (!plan) return tl::make_unexpected(std::move(plan).error());
  return one(
      copy_walk(call.operand(0), std::move(plan->shape), plan->walk, std::move(plan->strides)));
}

}  // namespace

// [move.tile]
Outcome evaluate_tile(const Call& call) { return copy_planned(call, tile_plan(call)); }

// [move.depth_to_space]
Outcome evaluate_depth_to_space(const Call& call) {
  return copy_planned(call, depth_to_space_plan(call));
}

// [move.space_to_depth]
Outcome evaluate_space_to_depth(const Call& call) {
  return copy_planned(call, space_to_depth_plan(call));
}

// [move.center_crop_pad]
Outcome evaluate_center_crop_pad(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto sizes, read_integers(call.operand(1)));
  ISOTRACE_TRY(Shape shape, center_crop_pad_shape(x.shape(), sizes, call.node.integers("axes")));
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), std::move(shape)));
  const Strides from = row_major_strides(x.shape());
  const Strides to = row_major_strides(out.shape());
  Shape common;
  std::int64_t start_from = 0;
  std::int64_t start_to = 0;
  for (std::size_t axis = 0; axis < x.rank(); ++axis) {
    const std::int64_t surplus = x.dim(axis) - out.dim(axis);
    common.push_back(std::min(x.dim(axis), out.dim(axis)));
    start_from += std::max<std::int64_t>(surplus, 0) / 2 * from[axis];
    start_to += std::max<std::int64_t>(-surplus, 0) / 2 * to[axis];
  }
  Odometer at(common);
  at.add_stream(from, start_from);
  at.add_stream(to, start_to);
  for (std::size_t left = product(common, 0, common.size()); left > 0; --left) {
    copy_element(x, static_cast<std::size_t>(at.offset(0)), out,
                 static_cast<std::size_t>(at.offset(1)));
    at.next();
  }
  return one(std::move(out));
}

// [move.reverse_sequence]
Outcome evaluate_reverse_sequence(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto lengths, read_integers(call.operand(1)));
  ISOTRACE_TRY(const std::size_t batch, resolve_axis(call.node.integer("batch_axis"), x.rank()));
  ISOTRACE_TRY(const std::size_t time, resolve_axis(call.node.integer("time_axis"), x.rank()));
  if (batch == time) return refuse_attribute("batch_axis and time_axis are the same");
  if (std::ssize(lengths) != x.dim(batch)) {
    return refuse_shape(std::to_string(lengths.size()) + " lengths for " +
                        std::to_string(x.dim(batch)) + " sequences");
  }
  for (std::int64_t length : lengths) {
    if (length < 0 || length > x.dim(time)) {
      return refuse_value("length " + std::to_string(length));
    }
  }
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), Shape(x.shape().begin(), x.shape().end())));
  const Strides strides = row_major_strides(x.shape());
  Odometer at(x.shape());
  for (std::size_t i = 0; i < out.elements(); ++i, at.next()) {
    const std::int64_t length = lengths[static_cast<std::size_t>(at.position()[batch])];
    const std::int64_t step = at.position()[time];
    const std::int64_t moved = step < length ? length - 1 - 2 * step : 0;
    copy_element(x, static_cast<std::size_t>(static_cast<std::int64_t>(i) + moved * strides[time]),
                 out, i);
  }
  return one(std::move(out));
}

}  // namespace isotrace::reference
