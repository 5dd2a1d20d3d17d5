// ConvInteger and QLinearConv as exact products of bytes. What is not a plain call, or is refused,
// is handed to the reference.
#include <algorithm>

#include <isotrace/backends/cpu/integer_conv.hpp>
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/cpu/quantised_operands.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/odometer.hpp>

namespace isotrace::backends::cpu {
namespace {

using core::TensorView;

struct ConvOperands {
  const TensorView& x;
  const TensorView* x_zero_point;
  const TensorView& w;
  const TensorView* w_zero_points;
  const TensorView* bias;
};

/// A call that has been checked.
struct CheckedConv {
  reference::ConvGeometry geometry;
  std::int32_t x_zero_point;
  std::vector<std::int32_t> w_zero_points;
  Index depth;

  [[nodiscard]] Index channels() const { return geometry.groups * geometry.group_outputs; }
};

/// Nothing if the bias does not fit the channels; 0 without one.
std::optional<std::int64_t> bias_magnitude(const TensorView* bias, Index channels) {
  if (bias == nullptr) return 0;
  if (bias->dtype() != core::Dtype::i32 || bias->rank() != 1 || bias->dim(0) != channels) {
    return std::nullopt;
  }
  std::int64_t magnitude = 0;
  for (const std::int64_t value : bias->data<std::int32_t>()) {
    magnitude = std::max(magnitude, value < 0 ? -value : value);
  }
  return magnitude;
}

std::optional<CheckedConv> check_call(const core::Node& node, const ConvOperands& in) {
  if (!is_byte(in.x.dtype()) || !is_byte(in.w.dtype())) return std::nullopt;
  auto geometry = reference::conv_geometry(node, in.x.shape(), in.w.shape());
  if (!geometry || geometry->axes.empty()) return std::nullopt;
  const auto x_zero = find_zero_points(in.x, in.x_zero_point, {false, 0});
  auto w_zeros = find_zero_points(in.w, in.w_zero_points, {true, in.w.dim(0)});
  const auto bias_max = bias_magnitude(in.bias, in.w.dim(0));
  if (!x_zero || !w_zeros || !bias_max) return std::nullopt;
  const auto depth = static_cast<Index>(reference::product(in.w.shape(), 1, in.w.rank()));
  const std::int64_t product_max =
      magnitude_max(in.x.dtype(), *x_zero) * magnitude_max(in.w.dtype(), *w_zeros);
  if (depth == 0 || !fits_accumulator(product_max, depth, *bias_max)) return std::nullopt;
  return CheckedConv{*std::move(geometry), x_zero->front(), *std::move(w_zeros), depth};
}

/// False if the convolution is of a form that has to be left to the reference.
core::Result<bool> run_call(const CheckedConv& call, const ConvOperands& in, std::int32_t* sums,
                            const Requantisation* requantisation, const IntegerKernels& kernels,
                            const Engine& engine) {
  return run_integer_conv(
      {.geometry = call.geometry,
       .image = in.x.bytes().data(),
       .image_signed = in.x.dtype() == core::Dtype::i8,
       .image_zero_point = call.x_zero_point,
       .weights = {in.w.bytes().data(), in.w.dtype() == core::Dtype::i8, call.depth, 1,
                   call.w_zero_points.data(), call.w_zero_points.size() > 1},
       .sums = sums,
       .requantisation = requantisation},
      kernels, engine);
}

Index positions(const reference::ConvGeometry& geometry) {
  return static_cast<Index>(reference::product(geometry.output, 2, geometry.output.size()));
}

}  // namespace

Outcome run_conv_integer(const core::Node& node, core::Operands operands,
                         const IntegerKernels& kernels, const Engine& engine) {
  if (!is_well_formed(node, operands)) return reference::evaluate(node, operands);
  const ConvOperands in = {*operands[0], find_operand(operands, 2), *operands[1],
                           find_operand(operands, 3), nullptr};
  const auto call = check_call(node, in);
  if (!call) return reference::evaluate(node, operands);
  auto result = core::Tensor::make_for_overwrite(core::Dtype::i32, call->geometry.output);
  if (!result) return reference::evaluate(node, operands);
  if (result->elements() == 0) return one_tensor(*std::move(result));
  ISOTRACE_TRY(const bool done,
               run_call(*call, in, result->data<std::int32_t>().data(), nullptr, kernels, engine));
  if (!done) return reference::evaluate(node, operands);
  return one_tensor(*std::move(result));
}

Outcome run_qlinear_conv(const core::Node& node, core::Operands operands,
                         const QuantisedKernels& kernels, const Engine& engine) {
  if (!is_well_formed(node, operands)) return reference::evaluate(node, operands);
  const ConvOperands in = {*operands[0], &*operands[2], *operands[3], &*operands[5],
                           find_operand(operands, 8)};
  const TensorView& y_zero_point = *operands[7];
  const auto call = check_call(node, in);
  if (!call || !is_byte(y_zero_point.dtype())) return reference::evaluate(node, operands);
  const Spread single{false, 0};
  const auto x_scale = find_scales(&*operands[1], single);
  const auto w_scales = find_scales(&*operands[4], {true, call->channels()});
  const auto y_scale = find_scales(&*operands[6], single);
  const auto y_zero = find_zero_points(y_zero_point, &y_zero_point, single);
  if (!x_scale || !w_scales || !y_scale || !y_zero) return reference::evaluate(node, operands);
  auto result = core::Tensor::make_for_overwrite(y_zero_point.dtype(), call->geometry.output);
  if (!result) return reference::evaluate(node, operands);
  if (result->elements() == 0) return one_tensor(*std::move(result));
  // Rows are channels: the scales of weights take the place of those of columns.
  std::vector<float> factors;
  for (const float w : *w_scales) factors.push_back(x_scale->front() * w / y_scale->front());
  const Requantisation requantisation{
      .run = kernels.conversions.requantise,
      .factors = factors.data(),
      .factor_row_stride = factors.size() > 1,
      .factor_column_stride = 0,
      .addends = in.bias == nullptr ? nullptr : in.bias->data<std::int32_t>().data(),
      .zero_points = y_zero->data(),
      .zero_point_stride = 0,
      .range = byte_range(y_zero_point.dtype()),
      .out = result->mutable_bytes().data(),
      .out_stride = positions(call->geometry)};
  ISOTRACE_TRY(const bool done,
               run_call(*call, in, nullptr, &requantisation, kernels.integers, engine));
  if (!done) return reference::evaluate(node, operands);
  return one_tensor(*std::move(result));
}

}  // namespace isotrace::backends::cpu
