#include <isotrace/proofs/search/convolution.hpp>

namespace isotrace::proofs::search {
namespace {

using core::RefusalCode;
using core::Shape;

/// One spatial axis: output o and kernel position k read input o * stride + k * dilation - before.
struct Axis {
  std::int64_t size;
  std::int64_t kernel;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t before = 0;
  std::int64_t output = 0;
};

std::int64_t listed(const std::vector<std::int64_t>& values, std::size_t index,
                    std::int64_t otherwise) {
  return index < values.size() ? values[index] : otherwise;
}

core::Result<Axis> make_axis(const core::Node& node, const Shape& x, const Shape& w,
                             std::size_t axis) {
  const std::size_t axes = x.size() - 2;
  Axis a{x[axis + 2], w[axis + 2]};
  a.stride = listed(node.integers("strides"), axis, 1);
  a.dilation = listed(node.integers("dilations"), axis, 1);
  a.before = listed(node.integers("pads"), axis, 0);
  std::int64_t after = listed(node.integers("pads"), axis + axes, 0);
  if (a.stride < 1 || a.dilation < 1 || a.kernel < 1 || a.before < 0 || after < 0 ||
      a.kernel > (1 << 20) || a.dilation > (1 << 20) || a.before > (1 << 20) || after > (1 << 20)) {
    return core::refuse(RefusalCode::prove_unsupported, "Conv", "stride, dilation, kernel or pad");
  }
  const std::int64_t reach = (a.kernel - 1) * a.dilation + 1;
  const std::string& mode = node.text("auto_pad");
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    a.output = (a.size + a.stride - 1) / a.stride;
    const std::int64_t total =
        std::max<std::int64_t>(0, (a.output - 1) * a.stride + reach - a.size);
    a.before = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
    return a;
  }
  if (mode == "VALID") a.before = after = 0;
  const std::int64_t room = a.size + a.before + after - reach;
  if (room < 0) return core::refuse(RefusalCode::shape_mismatch, "Conv", "kernel beyond the input");
  a.output = room / a.stride + 1;
  return a;
}

/// Steps a mixed-radix counter; false after the last value.
bool advance(std::vector<std::int64_t>& counter, const std::vector<std::int64_t>& radix) {
  for (std::size_t i = counter.size(); i-- > 0;) {
    if (++counter[i] < radix[i]) return true;
    counter[i] = 0;
  }
  return false;
}

/// Flat number of the input element under a tap, nothing if it is padding.
std::optional<std::int64_t> find_input(const std::vector<Axis>& axes,
                                       const std::vector<std::int64_t>& position,
                                       const std::vector<std::int64_t>& kernel) {
  std::int64_t flat = 0;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const Axis& a = axes[i];
    const std::int64_t at = position[i] * a.stride + kernel[i] * a.dilation - a.before;
    if (at < 0 || at >= a.size) return std::nullopt;
    flat = flat * a.size + at;
  }
  return flat;
}

}  // namespace

core::Result<ConvolutionShape> convolution_shape(const core::Node& node, const Shape& x,
                                                 const Shape& w) {
  const std::int64_t group = node.integer("group");
  if (x.size() < 3 || w.size() != x.size() || x[0] != 1) {
    return core::refuse(RefusalCode::prove_unsupported, "Conv", "rank or batch size");
  }
  if (group < 1 || w[0] % group != 0 || w[1] * group != x[1]) {
    return core::refuse(RefusalCode::shape_mismatch, "Conv", "channels do not fit the group");
  }
  ConvolutionShape shape;
  shape.output = {1, w[0]};
  shape.summands = static_cast<std::size_t>(w[1]);
  for (std::size_t i = 0; i + 2 < x.size(); ++i) {
    ISOTRACE_TRY(const Axis axis, make_axis(node, x, w, i));
    shape.output.push_back(axis.output);
    shape.summands *= static_cast<std::size_t>(axis.kernel);
  }
  return shape;
}

void for_each_tap(const core::Node& node, const Shape& x, const Shape& w, const Shape& output,
                  const Tap& tap) {
  std::vector<Axis> axes;
  std::vector<std::int64_t> positions(output.begin() + 2, output.end());
  std::vector<std::int64_t> kernels(w.begin() + 2, w.end());
  std::int64_t plane = 1;
  for (std::size_t i = 0; i + 2 < x.size(); ++i) {
    axes.push_back(*make_axis(node, x, w, i));
    plane *= axes.back().size;
  }
  const std::int64_t outputs_per_group = w[0] / node.integer("group");
  std::vector<std::int64_t> position(axes.size(), 0);
  std::size_t out = 0;
  for (std::int64_t o = 0; o < w[0]; ++o) {
    const std::int64_t first_channel = o / outputs_per_group * w[1];
    do {
      std::int64_t weight = o * w[1];
      for (const std::int64_t k : kernels) weight *= k;
      for (std::int64_t c = 0; c < w[1]; ++c) {
        std::vector<std::int64_t> kernel(axes.size(), 0);
        do {
          if (const auto at = find_input(axes, position, kernel)) {
            tap(out, static_cast<std::size_t>((first_channel + c) * plane + *at),
                static_cast<std::size_t>(weight));
          }
          ++weight;
        } while (advance(kernel, kernels));
      }
      ++out;
    } while (advance(position, positions));
  }
}

}  // namespace isotrace::proofs::search
