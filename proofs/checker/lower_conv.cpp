// Conv with constant weights, unrolled to sparse rows. One output is a dot product over (channel in
// group, kernel position); padded taps add an exact zero and are counted as roundings all the same.
#include <algorithm>

#include "lowering.hpp"

namespace isotrace::proofs {
namespace {

using core::Result;
using core::Shape;

/// One spatial axis.
struct Axis {
  std::int64_t input;
  std::int64_t kernel;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t pad_begin = 0;
  std::int64_t pad_end = 0;
  std::int64_t output = 0;
};

constexpr std::int64_t geometry_max = 1 << 24;  // keeps all index arithmetic far from overflow

/// An attribute that is empty (all `fallback`) or complete, with values in [least, 2^24].
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

Result<core::Done> set_padding(const NodeAtHand& at, std::vector<Axis>& axes) {
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
    axis.output = room / axis.stride + 1;
  }
  return core::Done{};
}

Result<std::vector<Axis>> axes_of(const NodeAtHand& at, const Shape& weights) {
  const std::size_t rank = at.shape.size() - 2;
  ISOTRACE_TRY(const Shape strides, list_of(at, "strides", rank, 1, 1));
  ISOTRACE_TRY(const Shape dilations, list_of(at, "dilations", rank, 1, 1));
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < rank; ++i) {
    const Axis axis{at.shape[i + 2], weights[i + 2], strides[i], dilations[i]};
    if (axis.input > geometry_max || axis.kernel > geometry_max) return at.unsupported("size");
    axes.push_back(axis);
  }
  ISOTRACE_TRY_DONE(set_padding(at, axes));
  return axes;
}

/// Where tap `tap` of output position `position` reads in one input channel; nothing if padding.
std::optional<std::size_t> tap_source(const std::vector<Axis>& axes, std::size_t position,
                                      std::size_t tap) {
  std::size_t source = 0;
  std::size_t stride = 1;
  for (std::size_t i = axes.size(); i-- > 0;) {
    const Axis& axis = axes[i];
    const auto out = static_cast<std::int64_t>(position) % axis.output;
    const auto in_kernel = static_cast<std::int64_t>(tap) % axis.kernel;
    position /= static_cast<std::size_t>(axis.output);
    tap /= static_cast<std::size_t>(axis.kernel);
    const std::int64_t at = out * axis.stride + in_kernel * axis.dilation - axis.pad_begin;
    if (at < 0 || at >= axis.input) return std::nullopt;
    source += static_cast<std::size_t>(at) * stride;
    stride *= static_cast<std::size_t>(axis.input);
  }
  return source;
}

struct Channels {
  std::size_t out;
  std::size_t in_group;   ///< input channels of one group
  std::size_t out_group;  ///< output channels of one group
};

Result<Channels> channels_of(const NodeAtHand& at, const Shape& weights) {
  const std::int64_t group = at.node.integer("group");
  if (group < 1 || group > geometry_max || weights[0] % group != 0 ||
      at.shape[1] != weights[1] * group) {
    return at.unsupported("channels and groups do not fit");
  }
  return Channels{static_cast<std::size_t>(weights[0]), static_cast<std::size_t>(weights[1]),
                  static_cast<std::size_t>(weights[0] / group)};
}

}  // namespace

Result<Shape> lower_conv(const NodeAtHand& at, NetworkBuilder& network) {
  if (at.chain_operand != 0) return at.unsupported("weights are not constant");
  ISOTRACE_TRY(const auto weights, finite_floats(at, 1));
  const Shape& kernel = at.constant(1)->shape();
  if (at.shape.size() < 3 || kernel.size() != at.shape.size() || at.shape[0] != 1) {
    return at.unsupported("rank or batch");
  }
  ISOTRACE_TRY_DONE(checked_count(at, kernel));
  ISOTRACE_TRY(const Channels channels, channels_of(at, kernel));
  ISOTRACE_TRY(const std::vector<Axis> axes, axes_of(at, kernel));
  Shape shape{1, kernel[0]};
  for (const Axis& axis : axes) shape.push_back(axis.output);
  ISOTRACE_TRY(const std::size_t rows, checked_count(at, shape));
  const std::size_t terms = weights.size() / channels.out;
  const std::size_t taps = terms / channels.in_group;
  const std::size_t positions = rows / channels.out;
  const std::size_t area = network.width() / static_cast<std::size_t>(at.shape[1]);
  ISOTRACE_TRY_DONE(network.reserve(at.place, rows, rows * std::min<std::size_t>(terms, 1 << 27)));
  std::vector<double> bias;
  if (at.constant(2) != nullptr) {
    ISOTRACE_TRY(const auto values, finite_floats(at, 2));
    if (values.size() != channels.out) return at.unsupported("size of the bias");
    for (float value : values) bias.insert(bias.end(), positions, static_cast<double>(value));
  }
  MatrixBuilder matrix(rows, network.width());
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t channel = row / positions;
    const std::size_t first_input = channel / channels.out_group * channels.in_group;
    for (std::size_t term = 0; term < terms; ++term) {
      const auto source = tap_source(axes, row % positions, term % taps);
      if (!source) continue;
      matrix.add((first_input + term / taps) * area + *source,
                 static_cast<double>(weights[channel * terms + term]));
    }
    matrix.end_row();
  }
  const std::size_t roundings = terms + (bias.empty() ? 0 : 1);
  network.add_affine(matrix.finish(), std::move(bias), roundings);
  return shape;
}

}  // namespace isotrace::proofs
