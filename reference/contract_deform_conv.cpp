// DeformConv (docs/spec/contract.md). Compiled with FMA.
#include <isotrace/reference/deform_conv.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/segmented_sum.hpp>
#include <isotrace/reference/taps.hpp>

namespace isotrace::reference {
namespace {

Result<core::Done> check_parameter(const TensorView* parameter, const Shape& shape,
                                   const char* what) {
  if (parameter == nullptr || std::ranges::equal(parameter->shape(), shape)) return core::Done{};
  return refuse_shape(std::string(what) + " " + core::shape_text(parameter->shape()) + ", " +
                      core::shape_text(shape) + " expected");
}

/// The two taps around a position; those outside count nothing.
AxisTaps linear_taps(double x, std::int64_t size) {
  const double below = std::floor(x);
  AxisTaps taps;
  for (int i = 0; i < 2; ++i) {
    const double at = below + i;
    const bool inside = at >= 0 && at <= static_cast<double>(size - 1);
    const double ratio = x - below;
    taps.push_back({inside ? static_cast<std::int64_t>(at) : -1, i == 0 ? 1 - ratio : ratio});
  }
  return taps;
}

template <class T>
class DeformConvolution {
 public:
  using Number = Wide<T>;

  DeformConvolution(const Call& call, const DeformShape& shape)
      : call_(call),
        shape_(shape),
        strides_(row_major_strides(call.operand(0).shape().subspan(2))),
        plane_(product(call.operand(0).shape(), 2, call.operand(0).rank())),
        points_(product(shape.conv.output, 2, shape.conv.output.size())) {
    for (const WindowAxis& axis : shape.conv.axes) kernel_.push_back(axis.kernel);
  }

  Result<Tensor> run() {
    const ConvGeometry& conv = shape_.conv;
    ISOTRACE_TRY(Tensor out, Tensor::make(call_.operand(0).dtype(), conv.output));
    if (out.elements() == 0) return out;
    Odometer at(std::span<const std::int64_t>(conv.output).subspan(2));
    for (std::size_t point = 0; point < points_; ++point, at.next()) {
      for (std::size_t n = 0; n < static_cast<std::size_t>(conv.batch); ++n) {
        for (std::size_t g = 0; g < static_cast<std::size_t>(conv.groups); ++g) {
          contract(n, g, point, at.position(), out.data<T>());
        }
      }
    }
    return out;
  }

 private:
  /// All output channels of group g at one output position.
  void contract(std::size_t n, std::size_t g, std::size_t point,
                std::span<const std::int64_t> position, std::span<T> out) {
    const auto inputs = static_cast<std::size_t>(shape_.conv.group_inputs);
    const auto outputs = static_cast<std::size_t>(shape_.conv.group_outputs);
    const auto taps = static_cast<std::size_t>(shape_.kernel);
    const auto weights = call_.operand(1).data<T>();
    SegmentedSums<Number> sums(outputs, call_.node.integer("k_segment"));
    for (std::size_t c = 0; c < inputs; ++c) {
      Odometer tap(kernel_);
      for (std::size_t k = 0; k < taps; ++k, tap.next()) {
        const Number value = sample(n, g * inputs + c, k, point, position, tap.position());
        for (std::size_t m = 0; m < outputs; ++m) {
          const std::size_t weight = ((g * outputs + m) * inputs + c) * taps + k;
          sums.add_products(m, widen(weights[weight]), std::span<const Number>(&value, 1));
        }
        sums.next_k();
      }
    }
    const TensorView* bias = call_.find_operand(3);
    const auto channels = static_cast<std::size_t>(shape_.conv.output[1]);
    for (std::size_t m = 0; m < outputs; ++m) {
      const std::size_t channel = g * outputs + m;
      Number y = sums.finish()[m];
      if (bias != nullptr) y += widen(bias->data<T>()[channel]);
      out[(n * channels + channel) * points_ + point] = narrow<T>(y);
    }
  }

  /// The input channel at kernel position k, moved by its offset; times the mask.
  Number sample(std::size_t n, std::size_t channel, std::size_t k, std::size_t point,
                std::span<const std::int64_t> position, std::span<const std::int64_t> tap) const {
    const auto channels = static_cast<std::size_t>(call_.operand(0).dim(1));
    const auto offset_groups = static_cast<std::size_t>(shape_.offset_groups);
    const std::size_t group = channel / (channels / offset_groups);
    const std::size_t part =
        (n * offset_groups + group) * static_cast<std::size_t>(shape_.kernel) + k;
    const std::size_t rank = shape_.conv.axes.size();
    std::vector<AxisTaps> taps;
    for (std::size_t a = 0; a < rank; ++a) {
      const WindowAxis& axis = shape_.conv.axes[a];
      const std::int64_t fixed =
          position[a] * axis.stride - axis.pad_begin + tap[a] * axis.dilation;
      const T offset = call_.operand(2).data<T>()[(part * rank + a) * points_ + point];
      const double x = static_cast<double>(fixed) + static_cast<double>(widen(offset));
      if (x != x) return std::numeric_limits<Number>::quiet_NaN();
      taps.push_back(linear_taps(x, axis.input));
    }
    const auto source =
        call_.operand(0).data<T>().subspan((n * channels + channel) * plane_, plane_);
    const auto value = sum_taps<Number>(taps, strides_, 0, [source](std::int64_t at) {
      return widen(source[static_cast<std::size_t>(at)]);
    });
    const TensorView* mask = call_.find_operand(4);
    return mask == nullptr ? value : value * widen(mask->data<T>()[part * points_ + point]);
  }

  const Call& call_;
  const DeformShape& shape_;
  Strides strides_;
  Shape kernel_;
  std::size_t plane_;
  std::size_t points_;
};

}  // namespace

Result<DeformShape> plan_deform_conv(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& w = call.operand(1);
  for (std::size_t i = 1; i < 5; ++i) {
    if (const TensorView* operand = call.find_operand(i)) {
      ISOTRACE_TRY_DONE(check_same_dtype(x, *operand));
    }
  }
  DeformShape shape{};
  ISOTRACE_TRY(shape.conv, deform_conv_geometry(call.node, x.shape(), w.shape()));
  shape.offset_groups = call.node.integer("offset_group");
  if (shape.offset_groups < 1) return refuse_attribute("offset_group");
  if (x.dim(1) % shape.offset_groups != 0) {
    return refuse_shape("input channels do not divide into offset groups");
  }
  shape.kernel = static_cast<std::int64_t>(product(w.shape(), 2, w.rank()));
  Shape parts = shape.conv.output;
  if (__builtin_mul_overflow(shape.offset_groups, shape.kernel, &parts[1])) {
    return refuse_shape("too many offsets");
  }
  ISOTRACE_TRY_DONE(check_parameter(call.find_operand(4), parts, "mask"));
  const auto axes = static_cast<std::int64_t>(shape.conv.axes.size());
  if (__builtin_mul_overflow(parts[1], axes, &parts[1])) return refuse_shape("too many offsets");
  ISOTRACE_TRY_DONE(check_parameter(&call.operand(2), parts, "offset"));
  ISOTRACE_TRY_DONE(check_parameter(call.find_operand(3), {shape.conv.output[1]}, "bias"));
  return shape;
}

// [contract.deform_conv]
Outcome evaluate_deform_conv(const Call& call) {
  ISOTRACE_TRY(const DeformShape shape, plan_deform_conv(call));
  return one(visit_floats(call.operand(0).dtype(), [&](auto type) {
    return DeformConvolution<typename decltype(type)::type>(call, shape).run();
  }));
}

}  // namespace isotrace::reference
