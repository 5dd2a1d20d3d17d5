// Conv and ConvTranspose with constant weights, unrolled to sparse rows. One output is a dot
// product over (channel in group, kernel position); padded taps add an exact zero and are counted
// as roundings of Conv all the same.
#include <algorithm>

#include "convolution.hpp"

namespace isotrace::proofs {

using core::Result;
using core::Shape;

Result<Convolution> convolution_of(const NodeAtHand& at, const Shape& kernel,
                                   NetworkBuilder& network) {
  const Value& value = at.value();
  if (at.first_value != 0 || at.values != 1) return at.unsupported("weights are not constant");
  if (value.shape.size() < 3 || kernel.size() != value.shape.size() || value.shape[0] != 1) {
    return at.unsupported("rank or batch");
  }
  ISOTRACE_TRY(const std::size_t weights, checked_count(at, kernel));
  const bool transposed = at.node.op == core::Op::conv_transpose;
  const std::int64_t group = at.node.integer("group");
  if (group < 1 || group > (1 << 24) || kernel[0] % group != 0 ||
      value.shape[1] != (transposed ? kernel[0] : kernel[1] * group)) {
    return at.unsupported("channels and groups do not fit");
  }
  const auto sizes = std::span(kernel).subspan(2);
  Convolution made;
  ISOTRACE_TRY(made.axes, transposed ? transposed_axes_of(at, sizes) : axes_of(at, sizes, false));
  made.shape = {1, transposed ? kernel[1] * group : kernel[0]};
  for (const Axis& axis : made.axes) made.shape.push_back(axis.output);
  ISOTRACE_TRY(made.rows, checked_count(at, made.shape));
  const auto channels = static_cast<std::size_t>(made.shape[1]);
  made.out_group = channels / static_cast<std::size_t>(group);
  made.in_group = static_cast<std::size_t>(transposed ? kernel[0] / group : kernel[1]);
  made.terms = weights / channels;
  made.positions = made.rows / channels;
  made.area = value.positions.size() / static_cast<std::size_t>(value.shape[1]);
  // Between two inputs of a transposed convolution there is nothing.
  std::size_t met = made.in_group;
  for (const Axis& axis : made.axes) {
    const bool sparse = transposed && axis.dilation == 1;
    met *= static_cast<std::size_t>((axis.kernel - 1) / (sparse ? axis.stride : 1) + 1);
  }
  ISOTRACE_TRY_DONE(network.reserve(at.place, made.rows,
                                    made.rows * std::min<std::size_t>(met, std::size_t{1} << 27)));
  return made;
}

std::vector<ConvolutionTerm> terms_of(const NodeAtHand& at, const Convolution& convolution,
                                      std::size_t row) {
  const std::size_t channel = convolution.channel(row);
  const std::size_t first_input = channel / convolution.out_group * convolution.in_group;
  const std::size_t taps = convolution.terms / convolution.in_group;
  std::vector<ConvolutionTerm> made;
  for (std::size_t term = 0; term < convolution.terms; ++term) {
    const TapPlace place = tap_place(convolution.axes, row % convolution.positions, term % taps);
    if (!place.on_input) continue;
    const std::size_t element = (first_input + term / taps) * convolution.area + place.source;
    const std::size_t row_of_weights =
        at.node.op != core::Op::conv_transpose
            ? channel * convolution.in_group + term / taps
            : (first_input + term / taps) * convolution.out_group + channel % convolution.out_group;
    made.push_back({at.value().positions[element], row_of_weights * taps + term % taps, term});
  }
  return made;
}

Result<Shape> lower_conv(const NodeAtHand& at, NetworkBuilder& network) {
  if (at.first_value != 0 || at.values != 1) return at.unsupported("weights are not constant");
  ISOTRACE_TRY(const auto weights, finite_floats(at, 1));
  ISOTRACE_TRY(const Convolution convolution, convolution_of(at, at.constant(1)->shape(), network));
  std::vector<double> bias;
  if (at.constant(2) != nullptr) {
    ISOTRACE_TRY(const auto values, finite_floats(at, 2));
    if (values.size() != convolution.rows / convolution.positions) {
      return at.unsupported("size of the bias");
    }
    for (float b : values) {
      bias.insert(bias.end(), convolution.positions, static_cast<double>(b));
    }
  }
  MatrixBuilder matrix = network.rows();
  SumOrder order(convolution.terms, segment_length(at));
  std::size_t most = at.node.op == core::Op::conv_transpose ? 1 : convolution.terms;
  for (std::size_t row = 0; row < convolution.rows; ++row) {
    const std::vector<ConvolutionTerm> terms = terms_of(at, convolution, row);
    for (const ConvolutionTerm& term : terms) {
      matrix.add(term.position, static_cast<double>(weights[term.weight]));
      order.add(term.number, term.position);
    }
    most = std::max(most, terms.size());
    matrix.end_row();
    order.end_row();
  }
  const std::size_t roundings = most + (bias.empty() ? 0 : 1);
  network.add_affine(std::move(matrix), std::move(bias), roundings);
  network.order_sums(std::move(order));
  return convolution.shape;
}

}  // namespace isotrace::proofs
