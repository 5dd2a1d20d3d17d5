// Reductions along axes (docs/spec/reduce.md).
#include <limits>

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

/// What the reduction of `count` elements each becomes. Integers wrap to their type first, and are
/// converted back as Cast does.
Made finish(DeviceCall& call, Array reduced, std::size_t count) {
  Work& work = call.work;
  const Op op = call.node().op;
  if (op == Op::reduce_mean) {
    Parameter divisor(static_cast<double>(count));
    divisor.whole = static_cast<std::int64_t>(count);
    return work.unary(Unary::divide_by, reduced, divisor);
  }
  if (op != Op::reduce_l2 && op != Op::reduce_log_sum) return reduced;
  if (!core::is_float(reduced.dtype)) {
    ISOTRACE_TRY(reduced, work.convert(reduced, call.dtype()));
    ISOTRACE_TRY(reduced, work.convert(reduced, core::Dtype::f32));
  }
  return op == Op::reduce_l2 ? work.unary(Unary::square_root, reduced)
                             : work.function(functions::log, reduced);
}

/// The mean of 64-bit integers, whose sum may need more bits: the sums of the lower and of the
/// upper halves.
Made mean_of_words(Work& work, const Array& x, const std::vector<std::size_t>& axes,
                   std::uint64_t count) {
  if (count > std::numeric_limits<std::uint32_t>::max()) {
    return core::refuse(core::RefusalCode::limit_exceeded, "", "more elements than a mean counts");
  }
  ISOTRACE_TRY(const Array mask, work.number(x.dtype, Parameter::of_integer(0xFFFFFFFF)));
  ISOTRACE_TRY(const Array half, work.number(x.dtype, Parameter::of_integer(32)));
  ISOTRACE_TRY(const Array lower, work.binary(Binary::bit_and, x, mask));
  ISOTRACE_TRY(const Array upper, work.binary(Binary::shift_right, x, half));
  ISOTRACE_TRY(const Array low, work.reduce(Reduction::sum, lower, axes));
  ISOTRACE_TRY(const Array high, work.reduce(Reduction::sum, upper, axes));
  ISOTRACE_TRY(const Array out, work.make(x.dtype, high.shape));
  const auto divide = [&](auto number) {
    using Integer = decltype(number);
    return work.launch_each(
        of_type("divide_sums", x.dtype),
        typename DivideSums<Integer>::Arguments{out.elements, static_cast<std::uint32_t>(count),
                                                high.data<Integer>(), low.data<std::uint64_t>(),
                                                out.data<Integer>()});
  };
  ISOTRACE_TRY_DONE(x.dtype == core::Dtype::u64 ? divide(std::uint64_t{}) : divide(std::int64_t{}));
  return out;
}

/// m + log(R(exp(x - m))), m the maximum or, where that is no number, 0; integers in f32.
Made log_sum_exp(DeviceCall& call, const std::vector<std::size_t>& axes) {
  Work& work = call.work;
  ISOTRACE_TRY(Array x, call.wide(0));
  if (x.dtype != core::Dtype::f64) {
    ISOTRACE_TRY(x, work.convert(x, core::Dtype::f32));
  }
  ISOTRACE_TRY(const Array greatest, work.reduce(Reduction::maximum, x, axes));
  ISOTRACE_TRY(const Array size, work.unary(Unary::absolute, greatest));
  ISOTRACE_TRY(const Array infinity, work.number(x.dtype, greatest_of(x.dtype)));
  ISOTRACE_TRY(const Array finite, work.compare(Comparison::less, size, infinity));
  ISOTRACE_TRY(const Array zero, work.number(x.dtype, 0));
  ISOTRACE_TRY(const Array m, work.choose(finite, greatest, zero));
  ISOTRACE_TRY(const Array d, work.binary(Binary::subtract, x, m));
  ISOTRACE_TRY(const Array e, work.function(functions::exp, d));
  ISOTRACE_TRY(const Array sum, work.reduce(Reduction::sum, e, axes));
  ISOTRACE_TRY(const Array logarithm, work.function(functions::log, sum));
  return work.binary(Binary::add, m, logarithm);
}

Made reduce(DeviceCall& call, const std::vector<std::size_t>& axes) {
  const Op op = call.node().op;
  if (op == Op::reduce_log_sum_exp) return log_sum_exp(call, axes);
  ISOTRACE_TRY(const Array x, call.wide(0));
  std::size_t count = 1;
  for (const std::size_t axis : axes) count *= static_cast<std::size_t>(x.shape[axis]);
  std::optional<Parameter> empty;
  if (op == Op::reduce_max) empty = least_of(call.dtype());
  if (op == Op::reduce_min) empty = greatest_of(call.dtype());
  if (op == Op::reduce_mean && count == 0 && !core::is_float(x.dtype)) {
    return reference::refuse_shape("integer mean of no elements");
  }
  if (op == Op::reduce_mean && core::dtype_bytes(call.dtype()) == 8 && !core::is_float(x.dtype)) {
    return mean_of_words(call.work, x, axes, count);
  }
  ISOTRACE_TRY(const Array reduced, call.work.reduce(find_reduction(op), x, axes, empty));
  return finish(call, reduced, count);
}

}  // namespace

Results run_reduction(DeviceCall& call) {
  ISOTRACE_TRY(const auto plan, reference::plan_reduction(call.call));
  if (plan.identity) return one(call.operand(0));
  ISOTRACE_TRY(const Array reduced, call.narrow(reduce(call, plan.axes)));
  return one(reduced.reshaped(plan.output));
}

}  // namespace isotrace::backends::gpu
