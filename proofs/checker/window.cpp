#include "window.hpp"

#include <algorithm>

namespace isotrace::proofs {
namespace {

using core::Result;
using core::Shape;

constexpr std::int64_t geometry_max = 1 << 24;  // keeps all index arithmetic far from overflow

Result<core::Done> set_padding(const NodeAtHand& at, std::vector<Axis>& axes, bool rounds_up) {
  const std::string& mode = at.node.text("auto_pad");
  ISOTRACE_TRY(const Shape pads, list_of(at, "pads", 2 * axes.size(), 0, 0));
  const bool stated = std::any_of(pads.begin(), pads.end(), [](auto p) { return p != 0; });
  if (stated && mode != "NOTSET") return at.unsupported("pads with auto_pad");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Axis& axis = axes[i];
    const std::int64_t extent = axis.dilation * (axis.kernel - 1) + 1;
    if (mode == "NOTSET") {
      axis.pad_begin = pads[i];
      axis.pad_end = pads[axes.size() + i];
    } else if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
      const std::int64_t output = (axis.input + axis.stride - 1) / axis.stride;
      const std::int64_t total =
          std::max<std::int64_t>(0, (output - 1) * axis.stride + extent - axis.input);
      axis.pad_begin = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
      axis.pad_end = total - axis.pad_begin;
    } else if (mode != "VALID") {
      return at.unsupported("auto_pad " + mode.substr(0, 32));
    }
    const std::int64_t room = axis.input + axis.pad_begin + axis.pad_end - extent;
    if (room < 0) return at.unsupported("kernel is larger than its input");
    const bool up = rounds_up && mode == "NOTSET";
    axis.output = (room + (up ? axis.stride - 1 : 0)) / axis.stride + 1;
    // A window may not start in the padding at the end.
    if (up && (axis.output - 1) * axis.stride >= axis.input + axis.pad_begin) --axis.output;
  }
  return core::Done{};
}

}  // namespace

Result<Shape> list_of(const NodeAtHand& at, const char* name, std::size_t size,
                      std::int64_t fallback, std::int64_t least) {
  Shape list = at.node.integers(name);
  if (list.empty()) list.assign(size, fallback);
  if (list.size() != size || std::any_of(list.begin(), list.end(),
                                         [&](auto v) { return v < least || v > geometry_max; })) {
    return at.unsupported(name);
  }
  return list;
}

Result<std::vector<Axis>> axes_of(const NodeAtHand& at, std::span<const std::int64_t> kernel,
                                  bool rounds_up) {
  const Shape& shape = at.value().shape;
  ISOTRACE_TRY(const Shape strides, list_of(at, "strides", kernel.size(), 1, 1));
  ISOTRACE_TRY(const Shape dilations, list_of(at, "dilations", kernel.size(), 1, 1));
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    const Axis axis{shape[i + 2], kernel[i], strides[i], dilations[i]};
    if (axis.input > geometry_max || axis.kernel > geometry_max) return at.unsupported("size");
    axes.push_back(axis);
  }
  ISOTRACE_TRY_DONE(set_padding(at, axes, rounds_up));
  return axes;
}

Result<std::vector<Axis>> transposed_axes_of(const NodeAtHand& at,
                                             std::span<const std::int64_t> kernel) {
  const std::size_t rank = kernel.size();
  if (at.node.text("auto_pad") != "NOTSET" || !at.node.integers("output_shape").empty()) {
    return at.unsupported("auto_pad or output_shape");
  }
  ISOTRACE_TRY(const Shape strides, list_of(at, "strides", rank, 1, 1));
  ISOTRACE_TRY(const Shape dilations, list_of(at, "dilations", rank, 1, 1));
  ISOTRACE_TRY(const Shape pads, list_of(at, "pads", 2 * rank, 0, 0));
  ISOTRACE_TRY(const Shape more, list_of(at, "output_padding", rank, 0, 0));
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < rank; ++i) {
    Axis axis{at.value().shape[i + 2], kernel[i], strides[i], dilations[i], pads[i]};
    if (axis.input > geometry_max || axis.kernel > geometry_max) return at.unsupported("size");
    axis.output = (axis.input - 1) * axis.stride + more[i] + axis.dilation * (axis.kernel - 1) + 1 -
                  pads[i] - pads[rank + i];
    if (axis.output < 1) return at.unsupported("pads");
    axis.transposed = true;
    axes.push_back(axis);
  }
  return axes;
}

TapPlace tap_place(const std::vector<Axis>& axes, std::size_t position, std::size_t tap) {
  TapPlace place;
  std::size_t stride = 1;
  for (std::size_t i = axes.size(); i-- > 0;) {
    const Axis& axis = axes[i];
    const auto out = static_cast<std::int64_t>(position) % axis.output;
    const auto in_kernel = static_cast<std::int64_t>(tap) % axis.kernel;
    position /= static_cast<std::size_t>(axis.output);
    tap /= static_cast<std::size_t>(axis.kernel);
    const std::int64_t from = out + axis.pad_begin - in_kernel * axis.dilation;
    if (axis.transposed && from % axis.stride != 0) place.on_input = false;
    const std::int64_t at = axis.transposed
                                ? (from < 0 ? -1 : from / axis.stride)
                                : out * axis.stride + in_kernel * axis.dilation - axis.pad_begin;
    if (at < 0 || at >= axis.input) place.on_input = false;
    if (at >= axis.input + axis.pad_end) place.on_padding = false;
    place.source += static_cast<std::size_t>(at) * stride;
    stride *= static_cast<std::size_t>(axis.input);
  }
  return place;
}

}  // namespace isotrace::proofs
