// Conv with constant weights, unrolled to sparse rows. One output is a dot product over (channel in
// group, kernel position); padded taps add an exact zero and are counted as roundings all the same.
#include <algorithm>

#include "window.hpp"

namespace isotrace::proofs {
namespace {

using core::Result;
using core::Shape;

struct Channels {
  std::size_t out;
  std::size_t in_group;   ///< input channels of one group
  std::size_t out_group;  ///< output channels of one group
};

Result<Channels> channels_of(const NodeAtHand& at, const Shape& weights) {
  const std::int64_t group = at.node.integer("group");
  if (group < 1 || group > (1 << 24) || weights[0] % group != 0 ||
      at.value().shape[1] != weights[1] * group) {
    return at.unsupported("channels and groups do not fit");
  }
  return Channels{static_cast<std::size_t>(weights[0]), static_cast<std::size_t>(weights[1]),
                  static_cast<std::size_t>(weights[0] / group)};
}

}  // namespace

Result<Shape> lower_conv(const NodeAtHand& at, NetworkBuilder& network) {
  if (at.first_value != 0 || at.values != 1) return at.unsupported("weights are not constant");
  ISOTRACE_TRY(const auto weights, finite_floats(at, 1));
  const Value& value = at.value();
  const Shape& kernel = at.constant(1)->shape();
  if (value.shape.size() < 3 || kernel.size() != value.shape.size() || value.shape[0] != 1) {
    return at.unsupported("rank or batch");
  }
  ISOTRACE_TRY_DONE(checked_count(at, kernel));
  ISOTRACE_TRY(const Channels channels, channels_of(at, kernel));
  ISOTRACE_TRY(const std::vector<Axis> axes, axes_of(at, std::span(kernel).subspan(2), false));
  Shape shape{1, kernel[0]};
  for (const Axis& axis : axes) shape.push_back(axis.output);
  ISOTRACE_TRY(const std::size_t rows, checked_count(at, shape));
  const std::size_t terms = weights.size() / channels.out;
  const std::size_t taps = terms / channels.in_group;
  const std::size_t positions = rows / channels.out;
  const std::size_t area = value.positions.size() / static_cast<std::size_t>(value.shape[1]);
  ISOTRACE_TRY_DONE(network.reserve(at.place, rows, rows * std::min<std::size_t>(terms, 1 << 27)));
  std::vector<double> bias;
  if (at.constant(2) != nullptr) {
    ISOTRACE_TRY(const auto values, finite_floats(at, 2));
    if (values.size() != channels.out) return at.unsupported("size of the bias");
    for (float b : values) bias.insert(bias.end(), positions, static_cast<double>(b));
  }
  MatrixBuilder matrix = network.rows();
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t channel = row / positions;
    const std::size_t first_input = channel / channels.out_group * channels.in_group;
    for (std::size_t term = 0; term < terms; ++term) {
      const TapPlace place = tap_place(axes, row % positions, term % taps);
      if (!place.on_input) continue;
      matrix.add(value.positions[(first_input + term / taps) * area + place.source],
                 static_cast<double>(weights[channel * terms + term]));
    }
    matrix.end_row();
  }
  const std::size_t roundings = terms + (bias.empty() ? 0 : 1);
  network.add_affine(std::move(matrix), std::move(bias), roundings);
  return shape;
}

}  // namespace isotrace::proofs
