// Operations that put the elements along an axis into relation: running sums and products,
// and the greatest or least k (docs/spec/reduce.md).
#include <numeric>

#include <isotrace/reference/axis_view.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::reference {
namespace {

/// value = f(value, x) along the axis, from `start` on.
template <class T, class F>
Result<Tensor> fold_along(const TensorView& x, std::size_t axis, const core::Node& node,
                          Wide<T> start, F f) {
  const bool exclusive = node.integer("exclusive") != 0;
  const bool reverse = node.integer("reverse") != 0;
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), Shape(x.shape().begin(), x.shape().end())));
  const AxisView view(x.shape(), axis);
  const auto source = x.data<T>();
  view.visit_rows([&](std::size_t before, std::size_t after) {
    Wide<T> value = start;
    for (std::size_t step = 0; step < view.size; ++step) {
      const std::size_t along = reverse ? view.size - 1 - step : step;
      const std::size_t at = view.offset(before, along, after);
      const Wide<T> with = f(value, widen(source[at]));
      out.data<T>()[at] = narrow<T>(exclusive ? value : with);
      value = with;
    }
  });
  return out;
}

template <class F>
Outcome fold_call(const Call& call, int start, F f) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const std::int64_t named, read_integer(call.operand(1)));
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(named, x.rank()));
  return one(visit_numbers(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return fold_along<T>(x, axis, call.node, static_cast<Wide<T>>(start), f);
  }));
}

/// The first k positions along the axis in the order asked for, by `before` and then by index.
template <class T>
void select_row(std::span<const T> row, bool largest, std::size_t k,
                std::vector<std::size_t>& positions) {
  positions.resize(row.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  const auto comes_first = [&](std::size_t i, std::size_t j) {
    const bool above = is_greater(row[i], row[j]);
    const bool below = is_greater(row[j], row[i]);
    if (above || below) return largest ? above : below;
    return i < j;
  };
  std::partial_sort(positions.begin(), positions.begin() + static_cast<std::ptrdiff_t>(k),
                    positions.end(), comes_first);
}

template <class T>
void select_all(const TensorView& x, std::size_t axis, bool largest, Tensor& values,
                Tensor& indices) {
  const AxisView from(x.shape(), axis);
  const AxisView to(values.shape(), axis);
  std::vector<Wide<T>> row(from.size);
  std::vector<std::size_t> positions;
  const auto source = x.data<T>();
  to.visit_rows([&](std::size_t before, std::size_t after) {
    for (std::size_t i = 0; i < from.size; ++i) {
      row[i] = widen(source[from.offset(before, i, after)]);
    }
    select_row<Wide<T>>(row, largest, to.size, positions);
    for (std::size_t i = 0; i < to.size; ++i) {
      const std::size_t at = to.offset(before, i, after);
      values.data<T>()[at] = source[from.offset(before, positions[i], after)];
      indices.data<std::int64_t>()[at] = static_cast<std::int64_t>(positions[i]);
    }
  });
}

}  // namespace

// [reduce.cum_sum]
Outcome evaluate_cum_sum(const Call& call) {
  return fold_call(call, 0, [](auto a, auto b) { return add(a, b); });
}

// [reduce.cum_prod]
Outcome evaluate_cum_prod(const Call& call) {
  return fold_call(call, 1, [](auto a, auto b) { return multiply(a, b); });
}

// [reduce.top_k]
Outcome evaluate_top_k(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const std::size_t axis, resolve_axis(call.node.integer("axis"), x.rank()));
  ISOTRACE_TRY(const std::int64_t k, read_integer(call.operand(1)));
  if (k < 0 || k > x.dim(axis)) {
    return refuse_value("k " + std::to_string(k) + " of " + std::to_string(x.dim(axis)));
  }
  Shape shape(x.shape().begin(), x.shape().end());
  shape[axis] = k;
  const bool largest = call.node.integer("largest") != 0;
  std::vector<Tensor> results;
  for (Dtype dtype : {x.dtype(), Dtype::i64}) {
    ISOTRACE_TRY(Tensor result, Tensor::make(dtype, shape));
    results.push_back(std::move(result));
  }
  ISOTRACE_TRY_DONE(visit_numbers(x.dtype(), [&](auto type) -> Result<core::Done> {
    select_all<typename decltype(type)::type>(x, axis, largest, results[0], results[1]);
    return core::Done{};
  }));
  results.resize(call.node.outputs.size());
  return results;
}

}  // namespace isotrace::reference
