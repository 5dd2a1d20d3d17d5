// Pooling (docs/spec/pool.md).
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/backends/gpu/windows.hpp>
#include <isotrace/reference/odometer.hpp>

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
void set_numbering(PoolArguments& p, bool column_major) {
  std::int64_t stride = 1;
  for (std::uint32_t i = 0; i < window_axes_max; ++i) {
    const std::uint32_t a = column_major ? i : window_axes_max - 1 - i;
    p.numbering[a] = stride;
    stride *= p.window.input[a];
  }
}

Results pool(DeviceCall& call) {
  const core::Node& node = call.node();
  const bool average = node.op == Op::average_pool;
  ISOTRACE_TRY(const Array x, call.operand(0));
  ISOTRACE_TRY(const auto geometry, reference::pool_geometry(node, x.shape));
  PoolArguments p{};
  ISOTRACE_TRY(p.window, make_window(geometry.axes));
  p.count_padding = average && node.integer("count_include_pad") != 0;
  std::vector<Array> results;
  ISOTRACE_TRY(results.emplace_back(), call.work.make(core::Dtype::f32, geometry.output));
  if (node.outputs.size() == 2) {
    ISOTRACE_TRY(results.emplace_back(), call.work.make(core::Dtype::i64, geometry.output));
    p.indices = results[1].data<std::int64_t>();
  }
  if (!average) {
    const std::int64_t order = node.integer("storage_order");
    if (order != 0 && order != 1) return reference::refuse_attribute("storage_order");
    set_numbering(p, order != 0);
  }
  p.count = results[0].elements;
  if (p.count == 0) return results;
  if (!p.count_padding && any_window_is_empty(p.window)) {
    return reference::refuse_shape("a window lies entirely in the padding");
  }
  p.positions = product(geometry.output, 2, geometry.output.size());
  p.plane = product(x.shape, 2, x.shape.size());
  p.x = x.data<float>();
  p.out = results[0].data<float>();
  ISOTRACE_TRY_DONE(call.work.launch_each(average ? "average_pool" : "max_pool", p));
  return results;
}

Made pool_globally(DeviceCall& call) {
  ISOTRACE_TRY(const Array x, call.operand(0));
  if (x.shape.size() < 2) return reference::refuse_shape("no channels");
  std::vector<std::size_t> axes;
  for (std::size_t axis = 2; axis < x.shape.size(); ++axis) axes.push_back(axis);
  if (call.node().op == Op::global_max_pool) return call.work.reduce(Reduction::maximum, x, axes);
  ISOTRACE_TRY(const Array sum, call.work.reduce(Reduction::sum, x, axes));
  return call.work.unary(Unary::divide_by, sum,
                         static_cast<float>(product(x.shape, 2, x.shape.size())));
}

}  // namespace

Results run_pool(DeviceCall& call) {
  const Op op = call.node().op;
  return op == Op::max_pool || op == Op::average_pool ? pool(call) : one(pool_globally(call));
}

}  // namespace isotrace::backends::gpu
