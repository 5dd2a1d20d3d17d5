// Pools: which taps of a window lie on the input, and the maxima or averages of them. Reductions
// along axes, which are pools whose windows are whole axes.
#include <algorithm>

#include <isotrace/proofs/search/lowering.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::proofs::search {
namespace {

using core::Done;
using core::Node;
using core::Op;
using core::Result;
using core::Shape;
using core::Tensor;

std::size_t as_size(std::int64_t dim) { return static_cast<std::size_t>(dim); }

}  // namespace

/// Where the windows of a pool read.
struct Lowering::Windows {
  core::Shape shape;                               ///< of the result
  std::vector<std::vector<std::uint32_t>> groups;  ///< neurons
  std::vector<double> counts;                      ///< what an average divides by
};

/// One spatial axis of a pool.
struct PoolAxis {
  std::int64_t size, kernel, output;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t before = 0;
  std::int64_t after = 0;
};

namespace {

PoolAxis pool_axis(const Node& node, const Shape& x, const Shape& y, std::size_t axis) {
  PoolAxis a{x[axis + 2], x[axis + 2], y[axis + 2]};
  if (node.op == Op::global_max_pool || node.op == Op::global_average_pool) return a;
  const auto listed = [&](const char* name, std::size_t place, std::int64_t otherwise) {
    const auto& list = node.integers(name);
    return place < list.size() ? list[place] : otherwise;
  };
  a.kernel = listed("kernel_shape", axis, 1);
  a.stride = listed("strides", axis, 1);
  a.dilation = listed("dilations", axis, 1);
  const std::string& mode = node.text("auto_pad");
  if (mode == "NOTSET") {
    a.before = listed("pads", axis, 0);
    a.after = listed("pads", axis + x.size() - 2, 0);
  } else if (mode != "VALID") {
    const std::int64_t reach = (a.kernel - 1) * a.dilation + 1;
    const std::int64_t total =
        std::max<std::int64_t>(0, (a.output - 1) * a.stride + reach - a.size);
    a.before = mode == "SAME_LOWER" ? total - total / 2 : total / 2;
    a.after = total - a.before;
  }
  return a;
}

}  // namespace

/// The reference tells the shape of the result; which taps lie on the input is counted out here.
Result<Lowering::Windows> Lowering::pool_windows(const Node& node) const {
  const Shape& x = front_.shape;
  if (x.size() < 3) return unsupported("rank");
  const Tensor zeros(core::Dtype::f32, x);
  const std::optional<core::TensorView> operand[] = {zeros.view()};
  ISOTRACE_TRY(const auto results, reference::evaluate(node, operand));
  Windows made{results[0].shape(), {}, {}};
  std::vector<PoolAxis> axes;
  std::size_t taps = 1, plane = 1, places = 1;
  for (std::size_t a = 0; a + 2 < x.size(); ++a) {
    axes.push_back(pool_axis(node, x, made.shape, a));
    taps *= as_size(axes[a].kernel);
    plane *= as_size(axes[a].size);
    places *= as_size(axes[a].output);
  }
  const bool with_padding = node.op == Op::average_pool && node.integer("count_include_pad") != 0;
  for (std::size_t flat = 0; flat < count(made.shape); ++flat) {
    auto& group = made.groups.emplace_back();
    double counted = 0;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      std::size_t place = flat % places, rest = tap, source = 0, step = 1;
      bool inside = true, beside = true;
      for (std::size_t i = axes.size(); i-- > 0;) {
        const PoolAxis& a = axes[i];
        const auto o = static_cast<std::int64_t>(place % as_size(a.output));
        const auto k = static_cast<std::int64_t>(rest % as_size(a.kernel));
        place /= as_size(a.output);
        rest /= as_size(a.kernel);
        const std::int64_t at = o * a.stride + k * a.dilation - a.before;
        inside = inside && at >= 0 && at < a.size;
        beside = beside && at < a.size + a.after;
        source += as_size(std::max<std::int64_t>(0, at)) * step;
        step *= as_size(a.size);
      }
      if (with_padding ? beside : inside) ++counted;
      if (inside) group.push_back(front_.neurons[flat / places * plane + source]);
    }
    made.counts.push_back(counted);
  }
  return made;
}

Lowering::Step Lowering::lower_pool(const Node& node) {
  ISOTRACE_TRY(Windows windows, pool_windows(node));
  if (node.op == Op::max_pool || node.op == Op::global_max_pool) {
    ISOTRACE_TRY_DONE(add_maxima(std::move(windows.groups)));
    start_front(windows.shape);
    return Done{};
  }
  return add_averages(std::move(windows), true, node.op == Op::average_pool);
}

/// Sums of the groups, each divided by its number if `divides`. `in_order`: added one by one.
Lowering::Step Lowering::add_averages(Windows windows, bool divides, bool in_order) {
  std::vector<SparseRow> rows;
  std::vector<double> shares;
  std::size_t most = 0;
  SumOrder order(windows.groups.size(), 1, 1);
  for (const auto& group : windows.groups) {
    for (const std::uint32_t neuron : group) order.add(rows.size(), 0, neuron);
    SparseRow& row = rows.emplace_back();
    for (const std::uint32_t neuron : group) row.weights.emplace_back(neuron, 1);
    most = std::max(most, group.size());
  }
  for (const double counted : windows.counts) shares.push_back(1 / counted);
  ISOTRACE_TRY_DONE(add_rows(rows, most));
  if (in_order) order_sums(std::move(order));
  start_front(windows.shape);
  if (!divides) return Done{};
  return add_diagonal(shares, std::vector<double>(shares.size(), 0), 1);
}

/// Elements that differ along the reduced axes alone go together.
Lowering::Step Lowering::lower_reduction(const Node& node) {
  if (!is_front(node, 0)) return unsupported("the operand is constant");
  const Shape& x = front_.shape;
  const Tensor* listed = node.inputs.size() > 1 ? find_constant(node.inputs[1]) : nullptr;
  std::vector<char> reduced(x.size(), 1);
  if (listed != nullptr && listed->elements() > 0) {
    if (listed->dtype() != core::Dtype::i64) return unsupported("axes are not i64");
    reduced.assign(x.size(), 0);
    for (const std::int64_t axis : listed->data<std::int64_t>()) {
      const std::int64_t place = axis < 0 ? axis + static_cast<std::int64_t>(x.size()) : axis;
      if (place < 0 || as_size(place) >= x.size()) return unsupported("axis");
      reduced[as_size(place)] = 1;
    }
  } else if (node.integer("noop_with_empty_axes") != 0) {
    return unsupported("no axes");
  }
  Windows made;
  std::size_t groups = 1;
  for (std::size_t axis = 0; axis < x.size(); ++axis) {
    if (reduced[axis] == 0) groups *= as_size(x[axis]);
    if (reduced[axis] == 0) made.shape.push_back(x[axis]);
    if (reduced[axis] != 0 && node.integer("keepdims") != 0) made.shape.push_back(1);
  }
  made.groups.resize(groups);
  for (std::size_t element = 0; element < front_.neurons.size(); ++element) {
    std::size_t rest = element, group = 0, step = 1;
    for (std::size_t axis = x.size(); axis-- > 0;) {
      if (reduced[axis] == 0) group += rest % as_size(x[axis]) * step;
      if (reduced[axis] == 0) step *= as_size(x[axis]);
      rest /= as_size(x[axis]);
    }
    made.groups[group].push_back(front_.neurons[element]);
  }
  made.counts.assign(groups, static_cast<double>(front_.neurons.size() / groups));
  if (node.op != Op::reduce_max) {
    return add_averages(std::move(made), node.op == Op::reduce_mean, false);
  }
  ISOTRACE_TRY_DONE(add_maxima(std::move(made.groups)));
  start_front(made.shape);
  return Done{};
}

}  // namespace isotrace::proofs::search
