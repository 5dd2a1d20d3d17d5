// Reductions along axes (docs/spec/reduce.md).
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/reduction.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Op;

Reduction find_reduction(Op op) {
  switch (op) {
    case Op::reduce_max: return Reduction::maximum;
    case Op::reduce_min: return Reduction::minimum;
    case Op::reduce_prod: return Reduction::product;
    case Op::reduce_l1: return Reduction::sum_of_magnitudes;
    case Op::reduce_l2:
    case Op::reduce_sum_square: return Reduction::sum_of_squares;
    default: return Reduction::sum;
  }
}

/// What follows the reduction of `count` elements each.
Made finish(DeviceCall& call, const Array& reduced, std::size_t count) {
  switch (call.node().op) {
    case Op::reduce_mean:
      return call.work.unary(Unary::divide_by, reduced, static_cast<float>(count));
    case Op::reduce_l2: return call.work.unary(Unary::square_root, reduced);
    case Op::reduce_log_sum: return call.work.function(functions::log, reduced);
    default: return reduced;
  }
}

}  // namespace

Results run_reduction(DeviceCall& call) {
  ISOTRACE_TRY(const Array x, call.operand(0));
  ISOTRACE_TRY(const auto plan, reference::plan_reduction(call.call));
  if (plan.identity) return one(x);
  std::size_t count = 1;
  for (const std::size_t axis : plan.axes) count *= static_cast<std::size_t>(x.shape[axis]);
  ISOTRACE_TRY(const Array reduced, call.work.reduce(find_reduction(call.node().op), x, plan.axes));
  ISOTRACE_TRY(const Array finished, finish(call, reduced, count));
  return one(finished.reshaped(plan.output));
}

}  // namespace isotrace::backends::gpu
