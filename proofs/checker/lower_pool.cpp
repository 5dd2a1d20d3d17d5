// MaxPool, AveragePool, the global pools, ReduceSum, ReduceMean and ReduceMax. A maximum is exact;
// an average is a sum of its taps and one division by their number.
#include <algorithm>

#include "window.hpp"

namespace isotrace::proofs {
namespace {

using core::Op;
using core::Result;
using core::Shape;

/// What the windows of all channels read.
struct Windows {
  Shape shape;                                   ///< of the result
  std::vector<std::vector<std::uint32_t>> taps;  ///< positions in the newest layer
  std::vector<std::size_t> divisors;
};

Result<std::vector<Axis>> pool_axes(const NodeAtHand& at) {
  const Shape& shape = at.value().shape;
  if (at.node.op == Op::global_max_pool || at.node.op == Op::global_average_pool) {
    std::vector<Axis> axes;
    for (std::size_t i = 2; i < shape.size(); ++i)
      axes.push_back({shape[i], shape[i], 1, 1, 0, 0, 1});
    return axes;
  }
  ISOTRACE_TRY(const Shape kernel, list_of(at, "kernel_shape", shape.size() - 2, 0, 1));
  return axes_of(at, kernel, at.node.integer("ceil_mode") != 0);
}

Result<Windows> windows_of(const NodeAtHand& at, NetworkBuilder& network) {
  const Value& value = at.value();
  if (value.shape.size() < 3) return at.unsupported("rank");
  ISOTRACE_TRY(const std::vector<Axis> axes, pool_axes(at));
  Windows made{{value.shape[0], value.shape[1]}, {}, {}};
  std::size_t taps = 1;
  for (const Axis& axis : axes) {
    made.shape.push_back(axis.output);
    taps *= static_cast<std::size_t>(axis.kernel);
    if (taps > (std::size_t{1} << 24)) return at.unsupported("size of the kernel");
  }
  ISOTRACE_TRY(const std::size_t count, checked_count(at, made.shape));
  ISOTRACE_TRY_DONE(network.reserve(at.place, count, count * taps));
  const auto channels = static_cast<std::size_t>(value.shape[0] * value.shape[1]);
  const std::size_t area = value.positions.size() / channels;
  const std::size_t outputs = count / channels;
  const bool counts_padding =
      at.node.op == Op::average_pool && at.node.integer("count_include_pad") != 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<std::uint32_t> group;
    std::size_t divisor = 0;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const TapPlace place = tap_place(axes, i % outputs, tap);
      if (counts_padding ? place.on_padding : place.on_input) ++divisor;
      if (place.on_input) group.push_back(value.positions[i / outputs * area + place.source]);
    }
    if (group.empty()) return at.unsupported("a window beside the input");
    made.taps.push_back(std::move(group));
    made.divisors.push_back(divisor);
  }
  return made;
}

bool reduces(Op op) {
  return op == Op::reduce_sum || op == Op::reduce_mean || op == Op::reduce_max;
}

/// Elements that differ along reduced axes alone are taps of one result.
Result<Windows> reduced_rows(const NodeAtHand& at, NetworkBuilder& network) {
  if (at.first_value != 0 || at.values != 1) return at.unsupported("axes are not constant");
  const Shape& shape = at.value().shape;
  std::vector<bool> reduced(shape.size(), true);
  if (at.constant(1) != nullptr && at.constant(1)->elements() > 0) {
    ISOTRACE_TRY(reduced, marked_axes(at, shape.size()));
  } else if (at.node.integer("noop_with_empty_axes") != 0) {
    return at.unsupported("no axes");
  }
  Windows made;
  Shape ones = shape;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (reduced[axis]) ones[axis] = 1;
    if (!reduced[axis] || at.node.integer("keepdims") != 0) made.shape.push_back(ones[axis]);
  }
  const std::size_t elements = at.value().positions.size();
  ISOTRACE_TRY(const std::size_t count, checked_count(at, ones));
  ISOTRACE_TRY_DONE(network.reserve(at.place, count, elements));
  made.taps.resize(count);
  const std::vector<std::uint32_t> rows = broadcast_source(ones, shape);
  for (std::size_t i = 0; i < elements; ++i) {
    made.taps[rows[i]].push_back(at.value().positions[i]);
  }
  made.divisors.assign(count, at.node.op == Op::reduce_mean ? elements / count : 1);
  return made;
}

}  // namespace

Result<Shape> lower_pool(const NodeAtHand& at, NetworkBuilder& network) {
  ISOTRACE_TRY(Windows windows,
               reduces(at.node.op) ? reduced_rows(at, network) : windows_of(at, network));
  if (at.node.op == Op::max_pool || at.node.op == Op::global_max_pool ||
      at.node.op == Op::reduce_max) {
    ISOTRACE_TRY_DONE(add_maxima(at, std::move(windows.taps), network));
    return std::move(windows.shape);
  }
  std::size_t most = 0;
  std::vector<Interval> shares;
  MatrixBuilder sums = network.rows();
  // The sum of a window adds its taps one after the other; that of a whole channel does not.
  SumOrder order(1, 1);
  for (std::size_t i = 0; i < windows.taps.size(); ++i) {
    for (const std::uint32_t position : windows.taps[i]) {
      sums.add(position, 1);
      order.add(0, position);
    }
    sums.end_row();
    order.end_row();
    most = std::max(most, windows.taps[i].size());
    const auto divisor = static_cast<double>(windows.divisors[i]);
    shares.push_back({1 / divisor, -(-1 / divisor)});
  }
  network.add_affine(std::move(sums), {}, most);
  if (at.node.op == Op::average_pool) network.order_sums(std::move(order));
  if (at.node.op != Op::reduce_sum) ISOTRACE_TRY_DONE(add_scaling(at, shares, {}, 1, network));
  return std::move(windows.shape);
}

}  // namespace isotrace::proofs
