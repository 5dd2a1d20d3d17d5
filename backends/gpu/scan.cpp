// Running sums and products, where the extremes stand, the first in order, and Hardmax
// (docs/spec/reduce.md, docs/spec/activation.md).
#include <isotrace/backends/gpu/kernels/move.hpp>
#include <isotrace/backends/gpu/kernels/scan.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/axis_view.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;
using reference::AxisView;

Lines lines_of(const AxisView& view) { return {view.size, view.inner}; }

Made run_along(DeviceCall& call) {
  ISOTRACE_TRY(const std::int64_t named, reference::read_integer(call.call.operand(1)));
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const std::size_t axis, reference::resolve_axis(named, x.shape.size()));
  ISOTRACE_TRY(Array out, call.work.make(x.dtype, x.shape));
  if (out.elements == 0) return out;
  const AxisView view(x.shape, axis);
  ISOTRACE_TRY_DONE(visit_wide(x.dtype, [&](auto number) {
    using Number = decltype(number);
    return call.work.launch_each(
        of_type("run_along", x.dtype),
        typename RunAlong<Number>::Arguments{
            view.outer * view.inner, lines_of(view), call.node().op == Op::cum_prod,
            call.node().integer("exclusive") != 0, call.node().integer("reverse") != 0,
            x.data<Number>(), out.data<Number>()});
  }));
  return out;
}

struct Extreme {
  bool least;
  bool last;
};

/// [outer, inner]: the position along the axis, which has elements.
Made find_extreme(Work& work, const Array& x, const AxisView& view, Extreme wanted) {
  ISOTRACE_TRY(Array out, work.make(Dtype::i64, {static_cast<std::int64_t>(view.outer),
                                                 static_cast<std::int64_t>(view.inner)}));
  ISOTRACE_TRY_DONE(visit_wide(x.dtype, [&](auto number) {
    using Number = decltype(number);
    return work.launch_each(of_type("find_extreme", x.dtype),
                            typename FindExtreme<Number>::Arguments{
                                out.elements, lines_of(view), wanted.least, wanted.last,
                                x.data<Number>(), out.data<std::int64_t>()});
  }));
  return out;
}

Made arg_extreme(DeviceCall& call) {
  const core::Node& node = call.node();
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const std::size_t axis,
               reference::resolve_axis(node.integer("axis"), x.shape.size()));
  const std::size_t axes[] = {axis};
  Shape shape = reference::reduced_shape(x.shape, axes, node.integer("keepdims") != 0);
  const AxisView view(x.shape, axis);
  if (view.size == 0 && view.outer * view.inner != 0) {
    return reference::refuse_shape("no elements to choose from");
  }
  const Extreme wanted = {node.op == Op::arg_min, node.integer("select_last_index") != 0};
  ISOTRACE_TRY(const Array found, find_extreme(call.work, x, view, wanted));
  return found.reshaped(std::move(shape));
}

/// 1 where the greatest element of a row stands first, else 0.
Made hardmax(DeviceCall& call) {
  const core::Node& node = call.node();
  ISOTRACE_TRY(const Array x, call.wide(0));
  const std::size_t rank = x.shape.size();
  Shape rows = x.shape;
  std::size_t axis = rank;
  const bool flatten = node.integer("flatten") != 0;
  if (!flatten || node.integer("axis") != static_cast<std::int64_t>(rank)) {
    ISOTRACE_TRY(axis, reference::resolve_axis(node.integer("axis"), rank));
  }
  if (flatten) {  // all axes from there on are one row
    const auto length = static_cast<std::int64_t>(reference::product(x.shape, axis, rank));
    rows.resize(axis);
    rows.push_back(length);
  }
  if (x.elements == 0) return x;
  const AxisView view(rows, axis);
  ISOTRACE_TRY(const Array best, find_extreme(call.work, x, view, {}));
  // Positions along the axis, compared with the best of their row.
  std::vector<std::int64_t> along(view.size);
  for (std::size_t i = 0; i < along.size(); ++i) along[i] = static_cast<std::int64_t>(i);
  ISOTRACE_TRY(const Array positions, call.work.send(along));
  const auto size = static_cast<std::int64_t>(view.size);
  ISOTRACE_TRY(const Array is_best,
               call.work.compare(Comparison::equal, positions.reshaped({size, 1}),
                                 best.reshaped({best.shape[0], 1, best.shape[1]})));
  ISOTRACE_TRY(const Array marks, call.work.convert(is_best, x.dtype));
  return marks.reshaped(x.shape);
}

Results top_k(DeviceCall& call) {
  const core::Node& node = call.node();
  ISOTRACE_TRY(const std::int64_t k, reference::read_integer(call.call.operand(1)));
  ISOTRACE_TRY(const Array stored, call.operand(0));
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const std::size_t axis,
               reference::resolve_axis(node.integer("axis"), x.shape.size()));
  if (k < 0 || k > x.shape[axis]) return reference::refuse_value("k");
  Shape shape = x.shape;
  shape[axis] = k;
  const AxisView view(x.shape, axis);
  ISOTRACE_TRY(Array indices, call.work.make(Dtype::i64, shape));
  ISOTRACE_TRY(Array values, call.work.make(stored.dtype, shape));
  if (indices.elements != 0) {
    const auto taken = static_cast<std::uint64_t>(k);
    ISOTRACE_TRY_DONE(visit_wide(x.dtype, [&](auto number) {
      using Number = decltype(number);
      return call.work.launch_each(
          of_type("order_rows", x.dtype),
          typename OrderRows<Number>::Arguments{x.elements, lines_of(view), taken,
                                                node.integer("largest") != 0, x.data<Number>(),
                                                indices.data<std::int64_t>()});
    }));
    ISOTRACE_TRY_DONE(visit_size(stored.dtype, [&](auto element) {
      using Element = decltype(element);
      return call.work.launch_each(
          of_size("take_along", stored.dtype),
          typename TakeAlong<Element>::Arguments{values.elements, view.size, taken, view.inner,
                                                 indices.data<std::int64_t>(),
                                                 stored.data<Element>(), values.data<Element>()});
    }));
  }
  std::vector<Array> results = {std::move(values), std::move(indices)};
  results.resize(node.outputs.size(), results[0]);
  return results;
}

}  // namespace

Results run_scan(DeviceCall& call) {
  switch (call.node().op) {
    case Op::top_k: return top_k(call);
    case Op::arg_max:
    case Op::arg_min: return one(arg_extreme(call));
    case Op::hardmax: return one(call.narrow(hardmax(call)));
    default: return one(call.narrow(run_along(call)));
  }
}

}  // namespace isotrace::backends::gpu
