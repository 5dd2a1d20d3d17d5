// Pooling (docs/spec/pool.md).
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/backends/gpu/windows.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operand_list.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Op;
using reference::product;

/// Whether some window has no tap on the input: then one of its axes has none.
bool any_window_is_empty(const Window& w) {
  for (std::uint32_t a = 0; a < window_axes_max; ++a) {
    for (std::int64_t o = 0; o < w.output[a]; ++o) {
      const std::int64_t origin = o * w.stride[a] - w.pad_begin[a];
      const std::int64_t first = limit_taps(-origin, w.dilation[a], w.kernel[a]);
      if (first >= limit_taps(w.input[a] - origin, w.dilation[a], w.kernel[a])) return true;
    }
  }
  return false;
}

/// What the number of an element counts along each axis of a channel.
template <class Number>
void set_numbering(PoolArguments<Number>& p, bool column_major) {
  std::int64_t stride = 1;
  for (std::uint32_t i = 0; i < window_axes_max; ++i) {
    const std::uint32_t a = column_major ? i : window_axes_max - 1 - i;
    p.numbering[a] = stride;
    stride *= p.window.input[a];
  }
}

/// Arguments for the windows of x, without those that only one kind of pooling has.
template <class Number>
core::Result<PoolArguments<Number>> make_arguments(const reference::PoolGeometry& geometry,
                                                   const Array& x, const Array& out) {
  PoolArguments<Number> p{};
  ISOTRACE_TRY(p.window, make_window(geometry.axes));
  p.count = out.elements;
  p.positions = product(geometry.output, 2, geometry.output.size());
  p.plane = product(x.shape, 2, x.shape.size());
  p.x = x.data<Number>();
  p.out = out.data<Number>();
  return p;
}

auto refuse_padding() { return reference::refuse_shape("a window lies entirely in the padding"); }

Results max_pool(DeviceCall& call) {
  const core::Node& node = call.node();
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const auto geometry, reference::pool_geometry(node, x.shape));
  const std::int64_t order = node.integer("storage_order");
  if (order != 0 && order != 1) return reference::refuse_attribute("storage_order");
  std::vector<Array> results;
  ISOTRACE_TRY(results.emplace_back(), call.work.make(x.dtype, geometry.output));
  if (node.outputs.size() == 2) {
    ISOTRACE_TRY(results.emplace_back(), call.work.make(core::Dtype::i64, geometry.output));
  }
  ISOTRACE_TRY_DONE(visit_wide(x.dtype, [&](auto number) -> core::Result<core::Done> {
    using Number = decltype(number);
    ISOTRACE_TRY(auto p, make_arguments<Number>(geometry, x, results[0]));
    if (p.count != 0 && any_window_is_empty(p.window)) return refuse_padding();
    set_numbering(p, order != 0);
    if (results.size() == 2) p.indices = results[1].data<std::int64_t>();
    return call.work.launch_each(of_type("max_pool", x.dtype), p);
  }));
  ISOTRACE_TRY(results[0], call.work.convert(results[0], call.dtype()));
  return results;
}

Made average_pool(DeviceCall& call) {
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const auto geometry, reference::pool_geometry(call.node(), x.shape));
  ISOTRACE_TRY(Array out, call.work.make(x.dtype, geometry.output));
  ISOTRACE_TRY_DONE(visit_real(x.dtype, [&](auto number) -> core::Result<core::Done> {
    using Number = decltype(number);
    ISOTRACE_TRY(auto p, make_arguments<Number>(geometry, x, out));
    p.count_padding = call.node().integer("count_include_pad") != 0;
    if (p.count != 0 && !p.count_padding && any_window_is_empty(p.window)) return refuse_padding();
    return call.work.launch_each(of_type("average_pool", x.dtype), p);
  }));
  return out;
}

Made collect_columns(DeviceCall& call) {
  ISOTRACE_TRY(const auto image, reference::read_integers(call.call.operand(1)));
  ISOTRACE_TRY(const auto block, reference::read_integers(call.call.operand(2)));
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const auto geometry, reference::col2im_geometry(call.node(), x.shape, image, block));
  ISOTRACE_TRY(const Window window, make_window(geometry.axes));
  ISOTRACE_TRY(Array out, call.work.make(x.dtype, geometry.output));
  std::uint64_t windows = 1;
  for (const reference::WindowAxis& axis : geometry.axes) {
    windows *= static_cast<std::uint64_t>(axis.output);
  }
  ISOTRACE_TRY_DONE(visit_wide(x.dtype, [&](auto number) {
    using Number = decltype(number);
    return call.work.launch_each(
        of_type("collect_columns", x.dtype),
        typename CollectColumns<Number>::Arguments{
            out.elements, product(geometry.output, 2, geometry.output.size()),
            product(block, 0, block.size()), windows, window, x.data<Number>(),
            out.data<Number>()});
  }));
  return out;
}

core::Result<std::int64_t> norm_order(const core::Node& node) {
  const std::int64_t p = node.integer("p");
  if (p >= 1 && p <= (std::int64_t{1} << 24)) return p;
  return reference::refuse_attribute("p " + std::to_string(p));
}

/// |x|^p where that is not left to the sum (SumPool).
Made take_power(Work& work, const Array& x, std::int64_t p) {
  if (p <= 2) return x;
  ISOTRACE_TRY(const Array size, work.unary(Unary::absolute, x));
  ISOTRACE_TRY(const Array exponent, work.number(core::Dtype::f32, static_cast<float>(p)));
  return work.power(size, exponent);
}

Made take_root(Work& work, const Array& sum, std::int64_t p) {
  if (p == 1) return sum;
  if (p == 2) return work.unary(Unary::square_root, sum);
  ISOTRACE_TRY(const Array exponent, work.number(core::Dtype::f32, 1.0F / static_cast<float>(p)));
  return work.power(sum, exponent);
}

Made lp_pool(DeviceCall& call) {
  ISOTRACE_TRY(const std::int64_t p, norm_order(call.node()));
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const auto geometry, reference::pool_geometry(call.node(), x.shape));
  ISOTRACE_TRY(const Array powers, take_power(call.work, x, p));
  ISOTRACE_TRY(const Array sums, call.work.make(x.dtype, geometry.output));
  ISOTRACE_TRY(const auto pool, make_arguments<float>(geometry, powers, sums));
  ISOTRACE_TRY_DONE(call.work.launch_each(
      "sum_pool",
      SumPool::Arguments{pool, pool.count, p <= 2 ? static_cast<std::uint32_t>(p) : 0}));
  return take_root(call.work, sums, p);
}

Made pool_globally(DeviceCall& call) {
  const Op op = call.node().op;
  Work& work = call.work;
  ISOTRACE_TRY(const Array x, call.wide(0));
  if (x.shape.size() < 2) return reference::refuse_shape("no channels");
  std::vector<std::size_t> axes;
  for (std::size_t axis = 2; axis < x.shape.size(); ++axis) axes.push_back(axis);
  if (op == Op::global_max_pool) {
    return work.reduce(Reduction::maximum, x, axes, least_of(call.dtype()));
  }
  if (op == Op::global_lp_pool) {
    ISOTRACE_TRY(const std::int64_t p, norm_order(call.node()));
    ISOTRACE_TRY(const Array powers, take_power(work, x, p));
    const Reduction kind = p == 1   ? Reduction::sum_of_magnitudes
                           : p == 2 ? Reduction::sum_of_squares
                                    : Reduction::sum;
    ISOTRACE_TRY(const Array sum, work.reduce(kind, powers, axes));
    return take_root(work, sum, p);
  }
  ISOTRACE_TRY(const Array sum, work.reduce(Reduction::sum, x, axes));
  return work.unary(Unary::divide_by, sum,
                    static_cast<double>(product(x.shape, 2, x.shape.size())));
}

}  // namespace

Results run_pool(DeviceCall& call) {
  switch (call.node().op) {
    case Op::max_pool: return max_pool(call);
    case Op::col2im: return one(call.narrow(collect_columns(call)));
    case Op::average_pool: return one(call.narrow(average_pool(call)));
    case Op::lp_pool: return one(call.narrow(lp_pool(call)));
    default: return one(call.narrow(pool_globally(call)));
  }
}

}  // namespace isotrace::backends::gpu
