// Softmax and normalisations (docs/spec/normalise.md).
#include <isotrace/backends/gpu/kernels/scan.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Op;

core::Result<std::vector<std::size_t>> softmax_axes(const core::Node& node, std::size_t rank) {
  const std::int64_t axis = node.integer("axis");
  const bool flatten = node.integer("flatten") != 0;
  std::vector<std::size_t> axes;
  if (flatten && axis == static_cast<std::int64_t>(rank)) return axes;
  ISOTRACE_TRY(const std::size_t first, reference::resolve_axis(axis, rank));
  axes.push_back(first);
  for (std::size_t i = first + 1; flatten && i < rank; ++i) axes.push_back(i);
  return axes;
}

/// d = x - max, e = exp(d), s = R(e); e / s, or d - log(s).
Made softmax(DeviceCall& call) {
  Work& work = call.work;
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const auto axes, softmax_axes(call.node(), x.shape.size()));
  if (call.node().op == Op::softmax && !axes.empty() &&
      axes.front() + axes.size() == x.shape.size()) {
    ISOTRACE_TRY(auto rows,
                 work.softmax_rows(x, reference::product(x.shape, axes.front(), x.shape.size())));
    if (rows) return std::move(*rows);
  }
  ISOTRACE_TRY(const Array greatest, work.reduce(Reduction::maximum, x, axes));
  ISOTRACE_TRY(const Array d, work.binary(Binary::subtract, x, greatest));
  ISOTRACE_TRY(const Array e, work.function(functions::exp, d));
  ISOTRACE_TRY(const Array s, work.reduce(Reduction::sum, e, axes));
  if (call.node().op == Op::softmax) return work.binary(Binary::divide, e, s);
  ISOTRACE_TRY(const Array logarithm, work.function(functions::log, s));
  return work.binary(Binary::subtract, d, logarithm);
}

/// A parameter with one element per channel, as it lies along axis 1.
Made channel_parameter(DeviceCall& call, std::size_t index, const Shape& x) {
  ISOTRACE_TRY(const Array parameter, call.wide(index));
  const std::int64_t channels = x.size() == 1 ? 1 : x[1];
  if (parameter.shape != Shape{channels}) return reference::refuse_shape("parameter");
  Shape shape(x.size(), 1);
  if (x.size() > 1) shape[1] = channels;
  return parameter.reshaped(std::move(shape));
}

/// d = x - mean, r = 1 / sqrt(variance + epsilon), fma(d * r, scale, bias).
Made batch_normalization(DeviceCall& call) {
  Work& work = call.work;
  ISOTRACE_TRY(const Array x, call.wide(0));
  if (x.shape.empty()) return reference::refuse_shape("a scalar operand");
  ISOTRACE_TRY(const Array scale, channel_parameter(call, 1, x.shape));
  ISOTRACE_TRY(const Array bias, channel_parameter(call, 2, x.shape));
  ISOTRACE_TRY(const Array mean, channel_parameter(call, 3, x.shape));
  ISOTRACE_TRY(const Array variance, channel_parameter(call, 4, x.shape));
  ISOTRACE_TRY(const Array d, work.binary(Binary::subtract, x, mean));
  ISOTRACE_TRY(const Array r,
               work.unary(Unary::inverse_deviation, variance, call.node().real("epsilon")));
  ISOTRACE_TRY(const Array scaled, work.binary(Binary::multiply, d, r));
  return work.multiply_add(scaled, scale, bias);
}

struct Centred {
  Array mean;
  Array d;  ///< x - mean
  Array variance;
  Array r;  ///< 1 / sqrt(variance + epsilon)
};

/// mean = R(x) / n, variance = R(d d) / n over the axes.
core::Result<Centred> centre(Work& work, const Array& x, const std::vector<std::size_t>& axes,
                             double epsilon) {
  std::size_t count = 1;
  for (const std::size_t axis : axes) count *= static_cast<std::size_t>(x.shape[axis]);
  const auto n = static_cast<double>(count);
  ISOTRACE_TRY(const Array sum, work.reduce(Reduction::sum, x, axes));
  ISOTRACE_TRY(Array mean, work.unary(Unary::divide_by, sum, n));
  ISOTRACE_TRY(Array d, work.binary(Binary::subtract, x, mean));
  ISOTRACE_TRY(const Array squares, work.reduce(Reduction::sum_of_squares, d, axes));
  ISOTRACE_TRY(const Array variance, work.unary(Unary::divide_by, squares, n));
  ISOTRACE_TRY(Array r, work.unary(Unary::inverse_deviation, variance, epsilon));
  return Centred{std::move(mean), std::move(d), variance, std::move(r)};
}

std::vector<std::size_t> axes_from(std::size_t first, std::size_t rank) {
  std::vector<std::size_t> axes;
  for (std::size_t axis = first; axis < rank; ++axis) axes.push_back(axis);
  return axes;
}

/// The means and factors that a LayerNormalization has beside its result.
core::Result<std::vector<Array>> with_statistics(DeviceCall& call, Array out, const Array& means,
                                                 const Array& factors) {
  std::vector<Array> results;
  ISOTRACE_TRY(results.emplace_back(), call.work.convert(out, call.dtype()));
  for (const Array* statistic : {&means, &factors}) {
    ISOTRACE_TRY(results.emplace_back(), call.work.convert(*statistic, core::Dtype::f32));
  }
  results.resize(call.node().outputs.size());
  return results;
}

/// Whether parameters are those of the elements of a row, with no axis broadcast.
bool is_of_rows(const Array& parameter, const Shape& x, std::size_t first) {
  return std::ranges::equal(parameter.shape, std::span(x).subspan(first));
}

/// (d r) scale, or fma(d r, scale, bias); also mean and r.
Results layer_normalization(DeviceCall& call) {
  Work& work = call.work;
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const Array scale, call.wide(1));
  ISOTRACE_TRY(const std::size_t first,
               reference::resolve_axis(call.node().integer("axis"), x.shape.size()));
  ISOTRACE_TRY_DONE(reference::check_broadcastable(scale.shape, x.shape));
  std::optional<Array> bias;
  if (call.has(2)) {
    ISOTRACE_TRY(bias, call.wide(2));
    ISOTRACE_TRY_DONE(reference::check_broadcastable(bias->shape, x.shape));
  }
  const double epsilon = call.node().real("epsilon");
  if (is_of_rows(scale, x.shape, first) && (!bias || is_of_rows(*bias, x.shape, first))) {
    ISOTRACE_TRY(const auto rows,
                 work.normalise_rows(x, scale.elements, scale, bias, static_cast<float>(epsilon)));
    if (rows) {
      Shape kept = x.shape;
      std::fill(kept.begin() + static_cast<std::ptrdiff_t>(first), kept.end(), 1);
      return with_statistics(call, rows->out, rows->means.reshaped(kept),
                             rows->factors.reshaped(kept));
    }
  }
  ISOTRACE_TRY(const Centred c, centre(work, x, axes_from(first, x.shape.size()), epsilon));
  ISOTRACE_TRY(const Array scaled, work.binary(Binary::multiply, c.d, c.r));
  ISOTRACE_TRY(const Array out, bias ? work.multiply_add(scaled, scale, *bias)
                                     : work.binary(Binary::multiply, scaled, scale));
  return with_statistics(call, out, c.mean, c.r);
}

/// x [N, C, D...] in groups of channels; one channel per group is InstanceNormalization.
Made group_normalization(DeviceCall& call) {
  Work& work = call.work;
  ISOTRACE_TRY(const Array x, call.wide(0));
  if (x.shape.size() < 2) return reference::refuse_shape("no channels");
  const std::int64_t groups =
      call.node().op == Op::group_normalization ? call.node().integer("num_groups") : x.shape[1];
  ISOTRACE_TRY(const Array scale, channel_parameter(call, 1, x.shape));
  ISOTRACE_TRY(const Array bias, channel_parameter(call, 2, x.shape));
  const bool by_channel = call.node().op == Op::instance_normalization;  // of which may be none
  if (!by_channel && (groups < 1 || x.shape[1] % groups != 0)) {
    return reference::refuse_attribute("num_groups");
  }
  if (x.elements == 0) return work.make(x.dtype, x.shape);
  const auto rows = x.shape[0] * groups;
  const Array grouped = x.reshaped({rows, static_cast<std::int64_t>(x.elements) / rows});
  ISOTRACE_TRY(const Centred c, centre(work, grouped, {1}, call.node().real("epsilon")));
  ISOTRACE_TRY(const Array scaled, work.binary(Binary::multiply, c.d, c.r));
  return work.multiply_add(scaled.reshaped(x.shape), scale, bias);
}

/// d / (sqrt(variance) + 1e-9) over fixed axes.
Made mean_variance_normalization(DeviceCall& call) {
  Work& work = call.work;
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const auto axes,
               reference::resolve_axes(call.node().integers("axes"), x.shape.size()));
  ISOTRACE_TRY(const Centred c, centre(work, x, axes, 0));
  ISOTRACE_TRY(const Array deviation, work.unary(Unary::square_root, c.variance));
  ISOTRACE_TRY(const Array q, work.unary(Unary::add, deviation, 1e-9F));
  return work.binary(Binary::divide, c.d, q);
}

/// x / norm of its row, or 0 where that is 0.
Made lp_normalization(DeviceCall& call) {
  Work& work = call.work;
  const std::int64_t p = call.node().integer("p");
  if (p != 1 && p != 2) return reference::refuse_attribute("p");
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const std::size_t axis,
               reference::resolve_axis(call.node().integer("axis"), x.shape.size()));
  const Reduction kind = p == 1 ? Reduction::sum_of_magnitudes : Reduction::sum_of_squares;
  ISOTRACE_TRY(Array norm, work.reduce(kind, x, {axis}));
  if (p == 2) {
    ISOTRACE_TRY(norm, work.unary(Unary::square_root, norm));
  }
  ISOTRACE_TRY(const Array zero, work.number(x.dtype, 0));
  ISOTRACE_TRY(const Array is_zero, work.compare(Comparison::equal, norm, zero));
  ISOTRACE_TRY(const Array quotient, work.binary(Binary::divide, x, norm));
  return work.choose(is_zero, zero, quotient);
}

/// x / (bias + alpha / size * the squares of neighbouring channels)^beta.
Made lrn(DeviceCall& call) {
  Work& work = call.work;
  const core::Node& node = call.node();
  const std::int64_t size = node.integer("size");
  if (size < 1 || size > (std::int64_t{1} << 24)) return reference::refuse_attribute("size");
  ISOTRACE_TRY(const Array x, call.wide(0));
  if (x.shape.size() < 2) return reference::refuse_shape("no channels");
  ISOTRACE_TRY(const Array sums, work.make(x.dtype, x.shape));
  const auto plane = static_cast<std::int64_t>(reference::product(x.shape, 2, x.shape.size()));
  ISOTRACE_TRY_DONE(work.launch_each(
      "sum_neighbours", SumNeighbours::Arguments{sums.elements, x.shape[1], plane, (size - 1) / 2,
                                                 size / 2, x.data<float>(), sums.data<float>()}));
  const float alpha = node.real("alpha") / static_cast<float>(size);
  ISOTRACE_TRY(const Array factor, work.number(x.dtype, alpha));
  ISOTRACE_TRY(const Array bias, work.number(x.dtype, node.real("bias")));
  ISOTRACE_TRY(const Array base, work.multiply_add(factor, sums, bias));
  ISOTRACE_TRY(const Array beta, work.number(x.dtype, node.real("beta")));
  ISOTRACE_TRY(const Array power, work.power(base, beta));
  return work.binary(Binary::divide, x, power);
}

}  // namespace

Results run_normalisation(DeviceCall& call) {
  switch (call.node().op) {
    case Op::softmax:
    case Op::log_softmax: return one(call.narrow(softmax(call)));
    case Op::batch_normalization: return one(call.narrow(batch_normalization(call)));
    case Op::layer_normalization: return layer_normalization(call);
    case Op::mean_variance_normalization:
      return one(call.narrow(mean_variance_normalization(call)));
    case Op::lp_normalization: return one(call.narrow(lp_normalization(call)));
    case Op::lrn: return one(call.narrow(lrn(call)));
    default: return one(call.narrow(group_normalization(call)));
  }
}

}  // namespace isotrace::backends::gpu
