// Movement of elements of any type (docs/spec/move.md).
#include <numeric>

#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/move_plans.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Op;
using reference::row_major_strides;
using Table = std::vector<std::int64_t>;

Made transpose(DeviceCall& call) {
  ISOTRACE_TRY(const Array x, call.operand(0));
  ISOTRACE_TRY(const auto perm,
               reference::resolve_permutation(call.node().integers("perm"), x.shape.size()));
  const Strides own = row_major_strides(x.shape);
  Shape shape;
  Strides strides;
  for (const std::size_t axis : perm) {
    shape.push_back(x.shape[axis]);
    strides.push_back(own[axis]);
  }
  return call.work.gather(x, std::move(shape), strides, 0);
}

Made expand(DeviceCall& call) {
  ISOTRACE_TRY(const auto requested, reference::read_integers(call.call.operand(1)));
  ISOTRACE_TRY([[maybe_unused]] const std::size_t count, core::element_count(requested));
  ISOTRACE_TRY(const Array x, call.operand(0));
  ISOTRACE_TRY(Shape shape, reference::broadcast_shapes(x.shape, requested));
  const Strides strides = reference::broadcast_strides(x.shape, shape);
  return call.work.gather(x, std::move(shape), strides, 0);
}

Made slice(DeviceCall& call) {
  ISOTRACE_TRY(auto plan, reference::slice_plan(call.call));
  ISOTRACE_TRY(const Array x, call.operand(0));
  return call.work.gather(x, std::move(plan.shape), plan.strides, plan.start);
}

/// What the reference walks in another shape than the result's.
Made walk(DeviceCall& call, core::Result<reference::WalkPlan> plan) {
  if (!plan) return tl::make_unexpected(std::move(plan).error());
  ISOTRACE_TRY(const Array x, call.operand(0));
  ISOTRACE_TRY(const Array out, call.work.gather(x, std::move(plan->walk), plan->strides, 0));
  return out.reshaped(std::move(plan->shape));
}

Results split(DeviceCall& call) {
  ISOTRACE_TRY(const Array x, call.operand(0));
  ISOTRACE_TRY(const std::size_t axis,
               reference::resolve_axis(call.node().integer("axis"), x.shape.size()));
  ISOTRACE_TRY(const auto given, reference::read_optional_integers(call.call, 1));
  ISOTRACE_TRY(const auto sizes, reference::split_sizes(x.shape[axis], call.node().outputs.size(),
                                                        given ? &*given : nullptr));
  const Strides strides = row_major_strides(x.shape);
  std::vector<Array> parts;
  std::int64_t first = 0;
  for (const std::int64_t size : sizes) {
    Shape shape = x.shape;
    shape[axis] = size;
    ISOTRACE_TRY(parts.emplace_back(),
                 call.work.gather(x, std::move(shape), strides, first * strides[axis]));
    first += size;
  }
  return parts;
}

Made concat(DeviceCall& call) {
  ISOTRACE_TRY(const auto operands, call.call.all_operands());
  std::vector<reference::Dims> shapes;
  for (const core::TensorView& operand : operands) {
    ISOTRACE_TRY_DONE(reference::check_same_dtype(operands[0], operand));
    shapes.push_back(operand.shape());
  }
  ISOTRACE_TRY(Shape shape, reference::concatenated_shape(shapes, call.node().integer("axis")));
  ISOTRACE_TRY(const std::size_t axis,
               reference::resolve_axis(call.node().integer("axis"), shape.size()));
  ISOTRACE_TRY(Array out, call.work.make(operands[0].dtype(), std::move(shape)));
  const Strides to = row_major_strides(out.shape);
  std::int64_t first = 0;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    ISOTRACE_TRY(const Array x, call.operand(i));
    ISOTRACE_TRY_DONE(
        call.work.copy(x, {x.shape, row_major_strides(x.shape), 0, to, first * to[axis]}, out));
    first += x.shape[axis];
  }
  return out;
}

/// Entry p of an axis' table: where the element at position p of the result lies along it.
Table straight_table(std::int64_t size, std::int64_t stride) {
  Table table(static_cast<std::size_t>(size));
  for (std::int64_t i = 0; i < size; ++i) table[static_cast<std::size_t>(i)] = i * stride;
  return table;
}

constexpr std::uint8_t zero_element[8] = {};

Made constant_of_shape(DeviceCall& call) {
  ISOTRACE_TRY(Shape shape, reference::read_integers(call.call.operand(0)));
  ISOTRACE_TRY(const Array value, call.operand(1));
  if (value.elements != 1) return reference::refuse_shape("value");
  const Strides strides(shape.size(), 0);
  return call.work.gather(value, std::move(shape), strides, 0);
}

/// Outside of training: the operand, and a mask of true. Training is left to the reference, which
/// refuses it unless nothing is dropped.
Results dropout(DeviceCall& call) {
  const core::TensorView& training = call.call.operand(2);
  if (training.elements() != 1) return reference::refuse_shape("training mode is not a scalar");
  if (training.bytes()[0] != 0 || call.call.operand(1).elements() != 1) {
    ISOTRACE_TRY_DONE(reference::evaluate(call.node(), call.call.operands));
  }
  ISOTRACE_TRY(const Array x, call.operand(0));
  std::vector<Array> results = {x};
  if (call.node().outputs.size() == 2) {
    ISOTRACE_TRY(const Array yes, call.work.upload(core::Tensor::of<core::Bool8>({}, {{1}})));
    ISOTRACE_TRY(results.emplace_back(),
                 call.work.gather(yes, x.shape, Strides(x.shape.size(), 0), 0));
  }
  return results;
}

/// The axis is replaced by a run of positions, which then has the shape of the plan.
Made gather(DeviceCall& call) {
  ISOTRACE_TRY(auto plan, reference::gather_plan(call.call));
  ISOTRACE_TRY(const Array x, call.operand(0));
  const Strides strides = row_major_strides(x.shape);
  std::vector<Table> tables;
  for (std::size_t axis = 0; axis < x.shape.size(); ++axis) {
    if (axis != plan.axis) {
      tables.push_back(straight_table(x.shape[axis], strides[axis]));
      continue;
    }
    Table& table = tables.emplace_back();
    for (const std::size_t position : plan.positions) {
      table.push_back(static_cast<std::int64_t>(position) * strides[axis]);
    }
  }
  ISOTRACE_TRY(const Array out, call.work.look_up(x, tables, zero_element));
  return out.reshaped(std::move(plan.shape));
}

Made pad(DeviceCall& call) {
  ISOTRACE_TRY(const auto plan, reference::pad_plan(call.call));
  ISOTRACE_TRY(const Array x, call.operand(0));
  const Strides strides = row_major_strides(x.shape);
  std::vector<Table> tables;
  for (std::size_t axis = 0; axis < plan.axes.size(); ++axis) {
    Table& table = tables.emplace_back();
    for (std::int64_t position = 0; position < plan.axes[axis].output; ++position) {
      const std::int64_t source =
          reference::find_padded_source(plan.mode, plan.axes[axis], position);
      table.push_back(source < 0 ? -1 : source * strides[axis]);
    }
  }
  ISOTRACE_TRY(const Array out,
               call.work.look_up(x, tables,
                                 plan.constant == nullptr ? core::ByteView(zero_element)
                                                          : plan.constant->bytes()));
  return out.reshaped(plan.shape);
}

}  // namespace

Results run_movement(DeviceCall& call) {
  switch (call.node().op) {
    case Op::transpose: return one(transpose(call));
    case Op::expand: return one(expand(call));
    case Op::slice: return one(slice(call));
    case Op::split: return split(call);
    case Op::dropout: return dropout(call);
    case Op::constant_of_shape: return one(constant_of_shape(call));
    case Op::concat: return one(concat(call));
    case Op::gather: return one(gather(call));
    case Op::tile: return one(walk(call, reference::tile_plan(call.call)));
    case Op::depth_to_space: return one(walk(call, reference::depth_to_space_plan(call.call)));
    case Op::space_to_depth: return one(walk(call, reference::space_to_depth_plan(call.call)));
    default: return one(pad(call));
  }
}

}  // namespace isotrace::backends::gpu
