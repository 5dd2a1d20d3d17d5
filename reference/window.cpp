// Window geometry from hostile attributes: first bounds on every number, then arithmetic that
// cannot overflow within them.
#include <isotrace/reference/window.hpp>

#include <algorithm>
#include <optional>
#include <string>

#include <isotrace/core/limits.hpp>
#include <isotrace/reference/call.hpp>

namespace isotrace::reference {
namespace {

/// Strides, dilations, kernel sizes and pads are below 2^31 and tensor sizes at most 2^35 (which
/// only tensors without elements reach), so the sums and products below fit in 63 bits.
constexpr std::int64_t parameter_max = (std::int64_t{1} << 31) - 1;
constexpr std::int64_t size_max = std::int64_t{1} << 35;

enum class AutoPad { notset, valid, same_upper, same_lower };

Result<AutoPad> parse_auto_pad(const std::string& text) {
  if (text == "NOTSET") return AutoPad::notset;
  if (text == "VALID") return AutoPad::valid;
  if (text == "SAME_UPPER") return AutoPad::same_upper;
  if (text == "SAME_LOWER") return AutoPad::same_lower;
  return refuse_attribute("auto_pad " + text);
}

/// A list attribute with `count` entries from [least, parameter_max], or its default if it is
/// empty.
Result<std::vector<std::int64_t>> parameter_list(const core::Node& node, std::string_view name,
                                                 std::size_t count, std::int64_t least,
                                                 std::int64_t fallback) {
  const std::vector<std::int64_t>& given = node.integers(name);
  if (given.empty()) return std::vector<std::int64_t>(count, fallback);
  const bool bad = given.size() != count || std::any_of(given.begin(), given.end(), [&](auto v) {
                     return v < least || v > parameter_max;
                   });
  if (bad) {
    return refuse_attribute(std::string(name) + " " +
                            (given.size() > 16 ? "too long" : core::shape_text(given)));
  }
  return given;
}

/// Strides, dilations and explicit pads of every axis; `kernel` are the kernel's sizes.
Result<std::vector<WindowAxis>> make_axes(const core::Node& node, Dims input, Dims kernel) {
  const std::size_t count = input.size();
  ISOTRACE_TRY(const auto strides, parameter_list(node, "strides", count, 1, 1));
  ISOTRACE_TRY(const auto dilations, parameter_list(node, "dilations", count, 1, 1));
  ISOTRACE_TRY(const auto pads, parameter_list(node, "pads", 2 * count, 0, 0));
  std::vector<WindowAxis> axes;
  for (std::size_t a = 0; a < count; ++a) {
    if (kernel[a] < 1 || kernel[a] > parameter_max) {
      return refuse_attribute("kernel " + core::shape_text(kernel));
    }
    if (input[a] > size_max) return refuse_shape("size " + std::to_string(input[a]));
    axes.push_back({input[a], kernel[a], strides[a], dilations[a], pads[a], pads[count + a], 0});
  }
  return axes;
}

/// Explicit pads and auto_pad contradict each other; neither wins silently.
Result<AutoPad> read_auto_pad(const core::Node& node) {
  ISOTRACE_TRY(const AutoPad mode, parse_auto_pad(node.text("auto_pad")));
  const auto& pads = node.integers("pads");
  if (mode != AutoPad::notset &&
      std::any_of(pads.begin(), pads.end(), [](auto p) { return p != 0; })) {
    return refuse_attribute("auto_pad together with pads");
  }
  return mode;
}

/// Shares `total` padding between begin and end; the odd one goes to the end for SAME_UPPER.
void share_padding(WindowAxis& axis, std::int64_t total, bool upper) {
  axis.pad_begin = upper ? total / 2 : total - total / 2;
  axis.pad_end = total - axis.pad_begin;
}

/// Pads (for SAME) and number of windows.
Result<core::Done> place_windows(WindowAxis& axis, AutoPad mode, bool ceil_mode) {
  if (mode == AutoPad::same_upper || mode == AutoPad::same_lower) {
    axis.output = (axis.input + axis.stride - 1) / axis.stride;
    const std::int64_t spanned = (axis.output - 1) * axis.stride + axis.extent();
    share_padding(axis, std::max<std::int64_t>(axis.output == 0 ? 0 : spanned - axis.input, 0),
                  mode == AutoPad::same_upper);
    return core::Done{};
  }
  const std::int64_t room = axis.input + axis.pad_begin + axis.pad_end - axis.extent();
  if (room < 0) return refuse_shape("the window is larger than the padded input");
  axis.output = room / axis.stride + 1;
  if (ceil_mode && mode == AutoPad::notset && room % axis.stride != 0) {
    // The additional window counts only if it starts on the input or on the padding before it.
    if (axis.output * axis.stride < axis.input + axis.pad_begin) ++axis.output;
  }
  return core::Done{};
}

void append_outputs(Shape& shape, const std::vector<WindowAxis>& axes) {
  for (const WindowAxis& axis : axes) shape.push_back(axis.output);
}

/// Ranks, channels and groups of a convolution, plain or transposed.
Result<ConvGeometry> start_convolution(const core::Node& node, Dims x, Dims w, bool transposed) {
  if (x.size() < 3 || x.size() != w.size()) {
    return refuse_shape(core::shape_text(x) + " and " + core::shape_text(w));
  }
  const std::int64_t groups = node.integer("group");
  if (groups < 1 || groups > parameter_max) return refuse_attribute("group");
  const bool segmented = core::attribute_kind(node.op, "k_segment").has_value();  // not integers
  if (segmented && node.integer("k_segment") < 1) return refuse_attribute("k_segment");
  const bool divides = (transposed ? x[1] : w[0]) % groups == 0;
  const std::int64_t group_inputs = transposed ? w[0] / groups : w[1];
  const std::int64_t group_outputs = transposed ? w[1] : w[0] / groups;
  std::int64_t inputs = 0;
  if (!divides || __builtin_mul_overflow(group_inputs, groups, &inputs) || inputs != x[1]) {
    return refuse_shape("channels of " + core::shape_text(x) + " and " + core::shape_text(w) +
                        " in " + std::to_string(groups) + " groups");
  }
  return ConvGeometry{x[0], groups, group_inputs, group_outputs, {}, {}};
}

Result<Shape> convolution_output(const ConvGeometry& geometry) {
  std::int64_t channels = 0;
  if (__builtin_mul_overflow(geometry.group_outputs, geometry.groups, &channels)) {
    return refuse_shape("too many output channels");
  }
  Shape shape = {geometry.batch, channels};
  append_outputs(shape, geometry.axes);
  ISOTRACE_TRY_DONE(core::element_count(shape));
  return shape;
}

/// Pads and size of a transposed axis; `output` is what output_shape asks for. Where more is asked
/// for than the taps reach, the rest at the end receives no tap.
Result<core::Done> place_transposed(WindowAxis& axis, AutoPad mode, std::int64_t output_padding,
                                    std::optional<std::int64_t> output) {
  if (axis.input > size_max / axis.stride) {
    return refuse_shape("size " + std::to_string(axis.input) + " with stride " +
                        std::to_string(axis.stride));
  }
  const std::int64_t full =
      (axis.input == 0 ? 0 : (axis.input - 1) * axis.stride) + output_padding + axis.extent();
  if (!output && (mode == AutoPad::same_upper || mode == AutoPad::same_lower)) {
    output = axis.input * axis.stride;
  }
  if (output) {
    axis.output = *output;
    share_padding(axis, std::max<std::int64_t>(full - axis.output, 0), mode == AutoPad::same_upper);
    return core::Done{};
  }
  axis.output = full - axis.pad_begin - axis.pad_end;
  if (axis.output < 0) return refuse_shape("more padding than output");
  return core::Done{};
}

}  // namespace

Result<ConvGeometry> conv_geometry(const core::Node& node, Dims x, Dims w) {
  ISOTRACE_TRY(ConvGeometry geometry, start_convolution(node, x, w, false));
  ISOTRACE_TRY(const AutoPad mode, read_auto_pad(node));
  ISOTRACE_TRY(geometry.axes, make_axes(node, x.subspan(2), w.subspan(2)));
  for (WindowAxis& axis : geometry.axes) ISOTRACE_TRY_DONE(place_windows(axis, mode, false));
  ISOTRACE_TRY(geometry.output, convolution_output(geometry));
  return geometry;
}

Result<ConvGeometry> conv_transpose_geometry(const core::Node& node, Dims x, Dims w) {
  ISOTRACE_TRY(ConvGeometry geometry, start_convolution(node, x, w, true));
  ISOTRACE_TRY(const AutoPad mode, read_auto_pad(node));
  ISOTRACE_TRY(geometry.axes, make_axes(node, x.subspan(2), w.subspan(2)));
  const std::size_t count = geometry.axes.size();
  ISOTRACE_TRY(const auto paddings, parameter_list(node, "output_padding", count, 0, 0));
  ISOTRACE_TRY(const auto outputs, parameter_list(node, "output_shape", count, 0, 0));
  const bool sized = !node.integers("output_shape").empty();
  for (std::size_t a = 0; a < count; ++a) {
    const auto output = sized ? std::optional(outputs[a]) : std::nullopt;
    ISOTRACE_TRY_DONE(place_transposed(geometry.axes[a], mode, paddings[a], output));
  }
  ISOTRACE_TRY(geometry.output, convolution_output(geometry));
  return geometry;
}

Result<ConvGeometry> deform_conv_geometry(const core::Node& node, Dims x, Dims w) {
  ISOTRACE_TRY(ConvGeometry geometry, start_convolution(node, x, w, false));
  ISOTRACE_TRY(geometry.axes, make_axes(node, x.subspan(2), w.subspan(2)));
  for (WindowAxis& axis : geometry.axes) {
    ISOTRACE_TRY_DONE(place_windows(axis, AutoPad::notset, false));
  }
  ISOTRACE_TRY(geometry.output, convolution_output(geometry));
  return geometry;
}

Result<PoolGeometry> pool_geometry(const core::Node& node, Dims x) {
  if (x.size() < 3) return refuse_shape(core::shape_text(x) + ": no spatial axis");
  const auto& kernel = node.integers("kernel_shape");
  if (kernel.size() != x.size() - 2) return refuse_attribute("kernel_shape");
  ISOTRACE_TRY(const AutoPad mode, read_auto_pad(node));
  PoolGeometry geometry;
  ISOTRACE_TRY(geometry.axes, make_axes(node, x.subspan(2), kernel));
  std::int64_t taps = 1;
  for (std::int64_t size : kernel) {
    if (__builtin_mul_overflow(taps, size, &taps)) return refuse_attribute("kernel_shape");
  }
  for (WindowAxis& axis : geometry.axes) {
    ISOTRACE_TRY_DONE(place_windows(axis, mode, node.integer("ceil_mode") != 0));
  }
  geometry.output = {x[0], x[1]};
  append_outputs(geometry.output, geometry.axes);
  ISOTRACE_TRY_DONE(core::element_count(geometry.output));
  return geometry;
}

Result<UnpoolShape> unpool_shape(const core::Node& node, Dims x,
                                 const std::vector<std::int64_t>* requested) {
  if (x.size() < 3) return refuse_shape(core::shape_text(x) + ": no spatial axis");
  const std::size_t count = x.size() - 2;
  if (node.integers("kernel_shape").empty()) return refuse_attribute("kernel_shape");
  ISOTRACE_TRY(const auto kernel, parameter_list(node, "kernel_shape", count, 1, 1));
  ISOTRACE_TRY(const auto strides, parameter_list(node, "strides", count, 1, 1));
  ISOTRACE_TRY(const auto pads, parameter_list(node, "pads", 2 * count, 0, 0));
  UnpoolShape shape{{x[0], x[1]}, {}};
  for (std::size_t a = 0; a < count; ++a) {
    const std::int64_t input = x[a + 2];
    if (input > size_max / strides[a]) return refuse_shape("size " + std::to_string(input));
    const std::int64_t size =
        input == 0 ? 0 : (input - 1) * strides[a] + kernel[a] - pads[a] - pads[count + a];
    if (size < 0) return refuse_shape("more padding than output");
    shape.numbered.push_back(size);
  }
  shape.output = requested == nullptr ? shape.numbered : *requested;
  bool holds = shape.output.size() == shape.numbered.size();
  for (std::size_t a = 0; holds && a < x.size(); ++a) {
    holds = shape.output[a] >= shape.numbered[a];
  }
  if (!holds) {
    return refuse_shape("output_shape does not hold " + core::shape_text(shape.numbered));
  }
  ISOTRACE_TRY_DONE(core::element_count(shape.numbered));
  ISOTRACE_TRY_DONE(core::element_count(shape.output));
  return shape;
}

Result<PoolGeometry> col2im_geometry(const core::Node& node, Dims x, Dims image, Dims block) {
  if (x.size() != 3 || image.empty() || image.size() != block.size() ||
      image.size() > core::limits::tensor_rank_max) {
    return refuse_shape(core::shape_text(x) + " with an image of rank " +
                        std::to_string(image.size()) + " and a block of rank " +
                        std::to_string(block.size()));
  }
  if (std::any_of(image.begin(), image.end(), [](auto size) { return size < 0; })) {
    return refuse_shape("image " + core::shape_text(image));
  }
  PoolGeometry geometry;
  ISOTRACE_TRY(geometry.axes, make_axes(node, image, block));
  std::int64_t taps = 1;
  std::int64_t windows = 1;
  for (WindowAxis& axis : geometry.axes) {
    ISOTRACE_TRY_DONE(place_windows(axis, AutoPad::notset, false));
    if (__builtin_mul_overflow(taps, axis.kernel, &taps) ||
        __builtin_mul_overflow(windows, axis.output, &windows)) {
      return refuse_shape("too many windows");
    }
  }
  if (windows != x[2] || x[1] % taps != 0) {
    return refuse_shape(core::shape_text(x) + ", " + std::to_string(windows) + " windows of " +
                        std::to_string(taps) + " elements");
  }
  geometry.output = {x[0], x[1] / taps};
  geometry.output.insert(geometry.output.end(), image.begin(), image.end());
  ISOTRACE_TRY_DONE(core::element_count(geometry.output));
  return geometry;
}

}  // namespace isotrace::reference
