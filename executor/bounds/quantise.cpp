// Quantised results: a real number with a small error is rounded to an integer, so the results
// allowed are the integers next to its band, ties in any direction. Integer sums are exact.
#include <algorithm>
#include <cmath>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/executor/bounds/families.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/quantise.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Op;
using core::Tensor;
using core::TensorView;

/// Quotients and products of scales are computed in binary32.
Arithmetic single(const Subject& subject) { return {Dtype::f32, subject.options}; }

/// The integers that a number of the band rounds to, plus a zero point, within the type's range.
Band round_to_integers(Band v, Band zero_point, Dtype dtype) {
  const auto range = reference::integer_range(dtype);
  const auto least = static_cast<double>(range.low);
  const auto greatest = static_cast<double>(range.high);
  if (!std::isfinite(v.error) || std::isnan(v.middle)) return unknown_band();
  const auto clamped = [&](double x) { return std::clamp(x, least, greatest); };
  const double low =
      clamped(std::ceil(v.middle - v.error - 0.5) + zero_point.middle - zero_point.error);
  const double high =
      clamped(std::floor(v.middle + v.error + 0.5) + zero_point.middle + zero_point.error);
  return {(low + high) / 2, (high - low) / 2};
}

/// Scale or zero point of every element of x, as DequantizeLinear arranges them: of ones it gives
/// the scales, and with scales of one it gives the zero points, negated.
core::Result<Reals> arrange(const Subject& subject, const TensorView& parameter, bool zero_point) {
  const core::Node node = {
      Op::dequantize_linear,
      {0, 1},
      {3},
      {{"axis", subject.node.integer("axis")}, {"block_size", subject.node.integer("block_size")}},
      {}};
  const auto& x = subject.operand(0);
  const core::Shape shape(x.shape().begin(), x.shape().end());
  const core::Shape own(parameter.shape().begin(), parameter.shape().end());
  Tensor data(zero_point ? parameter.dtype() : Dtype::i8, shape);
  Tensor scale(Dtype::f32, zero_point ? own : core::Shape{});
  if (zero_point) {
    std::ranges::fill(scale.data<float>(), 1.0F);
  } else {
    std::ranges::fill(data.mutable_bytes(), std::uint8_t{1});
  }
  std::vector<std::optional<TensorView>> operands = {data.view()};
  operands.emplace_back(zero_point ? scale.view() : parameter);
  if (zero_point) operands.emplace_back(parameter);
  const core::FloatEnvironment environment;
  ISOTRACE_TRY(const auto results, reference::evaluate(node, operands));
  Reals values = read_reals(results[0]);
  for (double& value : values) value = zero_point ? -value : value;
  return values;
}

/// The zero point of every element, or zeros.
core::Result<Reals> arrange_zero_points(const Subject& subject) {
  if (!subject.has(2)) return Reals(subject.operand(0).elements(), 0);
  return arrange(subject, subject.operand(2), true);
}

/// x / scale, or x times a rounded 1 / scale.
Bounds bound_quantize(const Subject& subject) {
  const Dtype dtype = subject.results[0].dtype();
  if (core::is_float(dtype) || dtype == Dtype::f4e2m1 || subject.operand(1).dtype() == Dtype::i32) {
    return refuse_bound(subject, std::string(core::dtype_name(dtype)));
  }
  ISOTRACE_TRY(const Reals scales, arrange(subject, subject.operand(1), false));
  ISOTRACE_TRY(const Reals zero_points, arrange_zero_points(subject));
  const Arithmetic a = single(subject);
  const Reals x = read_reals(subject.operand(0));
  std::vector<Band> bands(x.size());
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const Band v = a.round(a.divide(a.round(a.load(x[i])), a.load(scales[i])));
    bands[i] = round_to_integers(v, {zero_points[i], 0}, dtype);
  }
  return one_bound(std::move(bands));
}

/// (x - zero point) * scale, or x * scale - zero point * scale.
Bounds bound_dequantize(const Subject& subject) {
  ISOTRACE_TRY(const Reals scales, arrange(subject, subject.operand(1), false));
  ISOTRACE_TRY(const Reals zero_points, arrange_zero_points(subject));
  const Arithmetic a = subject.arithmetic();
  const Reals x = read_reals(subject.operand(0));
  std::vector<Band> bands(x.size());
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const double reach = (std::fabs(x[i]) + std::fabs(zero_points[i])) * std::fabs(scales[i]);
    bands[i] = a.round(
        {(x[i] - zero_points[i]) * scales[i], reach * (gamma(3, a.sum_roundoff()) + 0x1p-50)});
  }
  return one_bound(std::move(bands));
}

/// scale = (high - low) / 255; the other two results follow from its band.
Bounds bound_dynamic(const Subject& subject) {
  const Arithmetic a = single(subject);
  const Reals x = read_reals(subject.operand(0));
  double low = 0;
  double high = 0;
  for (const double value : x) {
    if (!std::isfinite(value)) return refuse_bound(subject, "an operand is not finite");
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const Band scale = a.round(a.divide(a.subtract(a.load(high), a.load(low)), {255, 0}));
  const Band level = a.subtract({0, 0}, a.divide(a.load(low), scale));
  const Band zero_point = round_to_integers(level, {0, 0}, Dtype::u8);
  std::vector<ResultBound> bounds(3);
  for (ResultBound& bound : bounds) bound.exact = false;
  for (const double value : x) {
    const Band v = a.round(a.divide(a.load(value), scale));
    bounds[0].bands.push_back(round_to_integers(v, zero_point, Dtype::u8));
  }
  bounds[1].bands = {scale};
  bounds[2].bands = {zero_point};
  bounds.resize(subject.results.size());
  return bounds;
}

bool is_single(const TensorView& tensor) { return tensor.elements() == 1; }

/// The exact integer sums of QLinearMatMul and QLinearConv, as their plain operations give them.
core::Result<Reals> integer_sums(const Subject& subject) {
  const bool conv = subject.node.op == Op::qlinear_conv;
  core::Node node = with_op(subject.node, conv ? Op::conv_integer : Op::matmul_integer);
  node.inputs = {0, 1, 2, 3};
  const std::vector<std::optional<TensorView>> operands = {
      subject.operands[0], subject.operands[3], subject.operands[2], subject.operands[5]};
  const core::FloatEnvironment environment;
  ISOTRACE_TRY(const auto results, reference::evaluate(node, operands));
  Reals sums = read_reals(results[0]);
  if (!conv || !subject.has(8)) return sums;
  const Reals bias = read_reals(subject.operand(8));
  const std::size_t plane = reference::product(results[0].shape(), 2, results[0].rank());
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += bias[i / plane % bias.size()];
  return sums;
}

/// The sum times (a_scale * b_scale) / y_scale, in any order, rounded to integers. The scale of
/// the second operand may be one per column or output channel.
Bounds bound_qlinear(const Subject& subject) {
  const TensorView& result = subject.results[0];
  for (const std::size_t i : {1U, 2U, 6U, 7U}) {
    if (!is_single(subject.operand(i))) return refuse_bound(subject, "scales by rows");
  }
  if (subject.operand(4).rank() > 1) return refuse_bound(subject, "scales by batches");
  const Arithmetic a = single(subject);
  ISOTRACE_TRY(const Reals sums, integer_sums(subject));
  const Reals scales = read_reals(subject.operand(4));
  const double factor = read_reals(subject.operand(1))[0];
  const double divisor = read_reals(subject.operand(6))[0];
  const double zero_point = read_reals(subject.operand(7))[0];
  const std::size_t plane = subject.node.op == Op::qlinear_conv
                                ? reference::product(result.shape(), 2, result.rank())
                                : 1;
  std::vector<Band> bands(sums.size());
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const double scale = scales[i / plane % scales.size()];
    const double v = sums[i] * ((factor * scale) / divisor);
    const double error = std::fabs(v) * (gamma(6, a.roundoff()) + 0x1p-50) + a.least_normal();
    bands[i] = round_to_integers({v, error}, {zero_point, 0}, result.dtype());
  }
  return one_bound(std::move(bands));
}

}  // namespace

Bounds bound_quantised(const Subject& subject) {
  switch (subject.node.op) {
    case Op::quantize_linear: return bound_quantize(subject);
    case Op::dequantize_linear: return bound_dequantize(subject);
    case Op::dynamic_quantize_linear: return bound_dynamic(subject);
    default: return bound_qlinear(subject);
  }
}

}  // namespace isotrace::executor
