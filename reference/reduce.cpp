// Sums, means and extremes of rows, and where the extremes are (docs/spec/reduce.md).
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/reduction.hpp>

namespace isotrace::reference {

namespace {

/// Whether one element alone is its own result: not where it is squared, say, before it is added.
bool keeps_single_elements(core::Op op) {
  return op != core::Op::reduce_l1 && op != core::Op::reduce_l2 &&
         op != core::Op::reduce_sum_square && op != core::Op::reduce_log_sum;
}

}  // namespace

Result<Reduction> plan_reduction(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto named, read_optional_integers(call, 1));
  const bool none = !named || named->empty();
  const bool no_axes = none && call.node.integer("noop_with_empty_axes") != 0;
  Reduction plan;
  plan.identity = no_axes && keeps_single_elements(call.node.op);
  if (none && !no_axes) {
    for (std::size_t axis = 0; axis < x.rank(); ++axis) plan.axes.push_back(axis);
  } else if (!none) {
    ISOTRACE_TRY(plan.axes, resolve_axes(*named, x.rank()));
  }
  plan.output = reduced_shape(x.shape(), plan.axes, call.node.integer("keepdims") != 0);
  return plan;
}

namespace {

/// Floats: R / n. Integers: the exact sum, divided with truncation.
template <class T>
T mean_row(std::span<const T> row) {
  if constexpr (std::is_floating_point_v<T>) {
    return reduce_sum<T>(row) / static_cast<T>(row.size());
  } else {
    __extension__ using Wider = __int128;
    Wider sum = 0;
    for (T value : row) sum += value;
    return static_cast<T>(sum / static_cast<Wider>(row.size()));
  }
}

/// Maximum or minimum; booleans as 0 < 1.
template <class Better>
Outcome reduce_extreme(const Call& call, bool greatest, Better better) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const Reduction plan, plan_reduction(call));
  if (x.dtype() == Dtype::boolean) {
    return one(reduce_rows<Bool8>(x, plan, [&](std::span<const Bool8> row) {
      const Bool8 wanted = {static_cast<std::uint8_t>(greatest ? 1 : 0)};
      const bool found = std::find(row.begin(), row.end(), wanted) != row.end();
      return Bool8{static_cast<std::uint8_t>(found == greatest ? 1 : 0)};
    }));
  }
  return one(visit_numbers(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return reduce_rows<T>(x, plan, [&](std::span<const Wide<T>> row) {
      Wide<T> best = greatest ? lowest<Wide<T>>() : highest<Wide<T>>();
      for (Wide<T> value : row) best = better(best, value);
      return best;
    });
  }));
}

/// Where along the axis the element stands that no other is `better` than; ties go to the lowest
/// index or with select_last_index to the highest.
template <class Better>
Outcome find_extreme(const Call& call, Better better) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(call.node.integer("axis"), x.rank()));
  const bool last = call.node.integer("select_last_index") != 0;
  const std::vector<std::size_t> axes = {axis};
  ISOTRACE_TRY(
      Tensor out,
      Tensor::make(Dtype::i64, reduced_shape(x.shape(), axes, call.node.integer("keepdims") != 0)));
  if (x.dim(axis) == 0 && out.elements() != 0) return refuse_shape("no elements to choose from");
  return one(visit_numbers(x.dtype(), [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    const auto source = x.data<T>();
    Rows(x.shape(), axes).visit([&](std::size_t row, std::span<const std::size_t> offsets) {
      std::size_t best = 0;
      for (std::size_t i = 1; i < offsets.size(); ++i) {
        const Wide<T> value = widen(source[offsets[i]]);
        const Wide<T> leader = widen(source[offsets[best]]);
        if (better(value, leader) || (last && !better(leader, value))) best = i;
      }
      out.data<std::int64_t>()[row] = static_cast<std::int64_t>(best);
    });
    return std::move(out);
  }));
}

}  // namespace

// [reduce.sum]
Outcome evaluate_reduce_sum(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const Reduction plan, plan_reduction(call));
  return one(visit_numbers(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return reduce_rows<T>(x, plan, sum_row<Wide<T>>);
  }));
}

// [reduce.mean]
Outcome evaluate_reduce_mean(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const Reduction plan, plan_reduction(call));
  const bool of_nothing = Rows(x.shape(), plan.axes).length() == 0;
  if (of_nothing && core::is_integer(x.dtype()) && !plan.identity) {
    return refuse_shape("integer mean of no elements");
  }
  return one(visit_numbers(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return reduce_rows<T>(x, plan, mean_row<Wide<T>>);
  }));
}

// [reduce.max]
Outcome evaluate_reduce_max(const Call& call) {
  return reduce_extreme(call, true, [](auto a, auto b) { return maximum(a, b); });
}

// [reduce.min]
Outcome evaluate_reduce_min(const Call& call) {
  return reduce_extreme(call, false, [](auto a, auto b) { return minimum(a, b); });
}

// [reduce.arg_max]
Outcome evaluate_arg_max(const Call& call) {
  return find_extreme(call, [](auto a, auto b) { return is_greater(a, b); });
}

// [reduce.arg_min]
Outcome evaluate_arg_min(const Call& call) {
  return find_extreme(call, [](auto a, auto b) { return is_greater(b, a); });
}

}  // namespace isotrace::reference
