// Convolution with constant weights as sparse rows. Padded taps add an exact zero, but are counted
// as roundings all the same.
#include <algorithm>

#include "affine_operations.hpp"

namespace isotrace::proofs {
namespace {

using core::Result;
using core::Shape;

constexpr std::int64_t size_max = 1 << 20;               // keeps index arithmetic far from overflow
constexpr std::size_t terms_max = std::size_t{1} << 40;  // of a product; charge() is stricter

struct Axis {
  std::int64_t input = 1;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t pad = 0;  ///< before the first element
  std::int64_t output = 0;
};

/// An attribute with one value per axis (or none: all `fallback`), between `least` and size_max.
Result<Shape> per_axis(const core::Node& node, const char* name, std::size_t size,
                       std::int64_t fallback, std::int64_t least, const std::string& where) {
  Shape list = node.integers(name);
  if (list.empty()) list.assign(size, fallback);
  const bool fits = list.size() == size &&
                    std::all_of(list.begin(), list.end(),
                                [&](std::int64_t v) { return v >= least && v <= size_max; });
  if (!fits) return core::refuse(core::RefusalCode::operation_attribute_invalid, where, name);
  return list;
}

Result<std::vector<Axis>> axes_of(const Shape& data, const Shape& weights, const core::Node& node,
                                  const std::string& where) {
  const std::size_t rank = data.size() - 2;
  ISOTRACE_TRY(const Shape strides, per_axis(node, "strides", rank, 1, 1, where));
  ISOTRACE_TRY(const Shape dilations, per_axis(node, "dilations", rank, 1, 1, where));
  ISOTRACE_TRY(const Shape pads, per_axis(node, "pads", 2 * rank, 0, 0, where));
  const std::string& mode = node.text("auto_pad");
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < rank; ++i) {
    Axis axis{data[i + 2], weights[i + 2], strides[i], dilations[i]};
    if (axis.input > size_max || axis.kernel > size_max) {
      return core::refuse(core::RefusalCode::prove_unsupported, where, "too large");
    }
    const std::int64_t extent = axis.dilation * (axis.kernel - 1) + 1;
    std::int64_t padding = 0;
    if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
      const std::int64_t output = (axis.input + axis.stride - 1) / axis.stride;
      padding = std::max<std::int64_t>(0, (output - 1) * axis.stride + extent - axis.input);
      axis.pad = mode == "SAME_UPPER" ? padding / 2 : padding - padding / 2;
    } else if (mode != "VALID") {
      axis.pad = pads[i];
      padding = pads[i] + pads[rank + i];
    }
    const std::int64_t room = axis.input + padding - extent;
    if (room < 0)
      return core::refuse(core::RefusalCode::shape_mismatch, where, "kernel larger than input");
    axis.output = room / axis.stride + 1;
    axes.push_back(axis);
  }
  return axes;
}

/// The input element (within a channel) under a tap of the kernel at an output position; -1:
/// padding.
std::int64_t element_under(const std::vector<Axis>& axes, std::size_t position, std::size_t tap) {
  std::int64_t element = 0;
  std::int64_t stride = 1;
  for (std::size_t i = axes.size(); i-- > 0;) {
    const Axis& axis = axes[i];
    const auto outputs = static_cast<std::size_t>(axis.output);
    const auto taps = static_cast<std::size_t>(axis.kernel);
    const std::int64_t at = static_cast<std::int64_t>(position % outputs) * axis.stride +
                            static_cast<std::int64_t>(tap % taps) * axis.dilation - axis.pad;
    if (at < 0 || at >= axis.input) return -1;
    element += at * stride;
    stride *= axis.input;
    position /= outputs;
    tap /= taps;
  }
  return element;
}

}  // namespace

Result<ChainValue> ChainBuilder::conv(const ChainValue& data, const ChainValue& weights,
                                      const ChainValue* bias, const core::Node& node,
                                      const std::string& where) {
  ISOTRACE_TRY_DONE(check_current(data, where));
  const auto refuse = [&](const char* detail) {
    return core::refuse(core::RefusalCode::prove_unsupported, where, detail);
  };
  if (!weights.constant || (bias != nullptr && !bias->constant))
    return refuse("weights are not constant");
  const Shape& kernel = weights.shape;
  const std::int64_t groups = node.integer("group");
  if (data.shape.size() < 3 || kernel.size() != data.shape.size() || data.shape[0] != 1 ||
      groups < 1 || kernel[0] == 0 || kernel[0] % groups != 0 ||
      data.shape[1] != kernel[1] * groups) {
    return refuse("shapes");
  }
  ISOTRACE_TRY(const std::vector<Axis> axes, axes_of(data.shape, kernel, node, where));
  Shape shape{1, kernel[0]};
  for (const Axis& axis : axes) shape.push_back(axis.output);
  ISOTRACE_TRY(const std::size_t outputs, core::element_count(shape));
  const auto channels = static_cast<std::size_t>(kernel[0]);
  const auto group_inputs = static_cast<std::size_t>(kernel[1]);
  const std::size_t terms = weights.numbers.size() / channels;
  if (terms == 0 || outputs == 0 || outputs > terms_max / terms) return refuse("size");
  ISOTRACE_TRY_DONE(charge(outputs * terms, where));
  if (bias != nullptr && bias->numbers.size() != channels) return refuse("size of the bias");
  const std::size_t taps = terms / group_inputs;
  const std::size_t positions = outputs / channels;
  const std::size_t area = data.elements() / static_cast<std::size_t>(data.shape[1]);
  AffineLayer layer{{},
                    static_cast<std::uint32_t>(terms + (bias == nullptr ? 0 : 1)),
                    false,
                    {},
                    RowExecution::contraction};
  layer.k_segment = static_cast<std::uint64_t>(node.integer("k_segment"));
  layer.biased = bias != nullptr;
  for (std::size_t i = 0; i < outputs; ++i) {
    const std::size_t channel = i / positions;
    const std::size_t group = channel / (channels / static_cast<std::size_t>(groups));
    AffineRow row;
    if (bias != nullptr) row.bias = bias->numbers[channel];
    for (std::size_t term = 0; term < terms; ++term) {
      const std::int64_t element = element_under(axes, i % positions, term % taps);
      const double weight = weights.numbers[channel * terms + term];
      const std::size_t input = group * group_inputs + term / taps;
      row.taps.push_back({padding_operand, weight});
      if (element < 0) continue;
      row.taps.back().operand =
          static_cast<std::uint32_t>(input * area + static_cast<std::size_t>(element));
      row.terms.push_back(row.taps.back());
    }
    if (row.terms.size() == row.taps.size()) row.taps.clear();
    layer.rows.push_back(std::move(row));
  }
  return push(std::move(layer), data, std::move(shape));
}

}  // namespace isotrace::proofs
